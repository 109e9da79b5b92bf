/** A workflow that cannot be rehearsed as it is written: every finding, each with its file, line and column where known. */
export class WorkflowError extends Error {
  override readonly name = 'WorkflowError'

  constructor(readonly findings: readonly string[]) {
    super(findings.join('\n'))
  }
}

/** The words for something GitHub runs and the rehearsal does not: it is refused, never skipped. */
export function unsupported(what: string): string {
  return `${what} is not supported by the rehearsal`
}
