/** One thing wrong with an input: which, what, and what is allowed. */
export interface Problem {
  /** the input or the place in a file, e.g. `stages[2].weight` or `rollout.yml:12:5` */
  where: string
  message: string
}

/** Without those that are there already: several regions mostly have the same ones. */
export const eachOnce = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.map((one) => [`${one.where} ${one.message}`, one])).values(),
]

/** Outputs that must be written although the action fails. */
export type FailureOutputs = Record<string, unknown>

interface Details {
  cause?: unknown
  outputs?: FailureOutputs
}

/** An error that knows how its action ended, so that outputs exist after every ending. */
export abstract class ActionError extends Error {
  abstract readonly outcome: 'invalid' | 'failed' | 'error' | 'cancelled'
  readonly outputs: FailureOutputs

  constructor(message: string, { cause, outputs = {} }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.outputs = outputs
  }
}

/** The error, with outputs that are to be written although its action fails. */
export function withOutputs(error: unknown, outputs: FailureOutputs): unknown {
  if (error instanceof ActionError) Object.assign(error.outputs, outputs)
  return error
}

/** The user can mend it: every problem of the input at once, each with its place. */
export class InputError extends ActionError {
  readonly outcome = 'invalid'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[] | string, details: Details = {}) {
    const list = typeof problems === 'string' ? [{ where: '', message: problems }] : problems
    super(list.map(({ where, message }) => (where ? `${where}: ${message}` : message)).join('\n'), details)
    this.problems = list
  }
}

/** An expected negative verdict: the gate did its work and said no. Not a crash. */
export class GateFailed extends ActionError {
  readonly outcome = 'failed'
}

/** Another system refused, failed or could not be reached. */
export class ProviderError extends ActionError {
  readonly outcome = 'error'
  /** what was called, e.g. `haproxy 127.0.0.1:9999` or `GitHub` */
  readonly provider: string
  readonly status: number | undefined
  readonly requestId: string | undefined
  /** true when the same call may succeed later */
  readonly retryable: boolean
  /** true when the call certainly had no effect: no connection came about, or it was turned away as one too many */
  readonly notCarriedOut: boolean
  /** milliseconds that the provider asks to wait before the next call */
  readonly retryAfterMs: number | undefined

  constructor(message: string, details: ProviderDetails) {
    super(message, details)
    this.provider = details.provider
    this.status = details.status
    this.requestId = details.requestId
    this.retryable = details.retryable ?? false
    this.notCarriedOut = details.notCarriedOut ?? false
    this.retryAfterMs = details.retryAfterMs
  }
}

interface ProviderDetails extends Details {
  provider: string
  status?: number
  requestId?: string
  retryable?: boolean
  notCarriedOut?: boolean
  retryAfterMs?: number
}

/** The run was cancelled; what is to be put back is put back by `post`. */
export class Cancelled extends ActionError {
  readonly outcome = 'cancelled'
}

/** The message of anything that was thrown, Error or not. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** Errors that only looking up or connecting can end with. */
const UNCONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** True when an HTTP client failed before a connection came about, so that the request was certainly not sent. */
export function wasNotSent(thrown: unknown): boolean {
  return errorsOf(thrown).some(({ code, syscall, erroredSysCall }: NetworkError) => {
    // EHOSTUNREACH, ETIMEDOUT and the like end connected calls, too: there the system call tells. node-fetch renames it.
    const call = syscall ?? erroredSysCall
    return UNCONNECTED.has(code ?? '') || call === 'connect' || call === 'getaddrinfo'
  })
}

interface NetworkError {
  code?: string
  syscall?: string
  erroredSysCall?: string
}

/** What was thrown and its causes, as far as they are objects; errors may point at each other, so ten at most. */
function errorsOf(thrown: unknown): object[] {
  const errors: object[] = []
  let next: unknown = thrown
  while (typeof next === 'object' && next !== null && errors.length < 10) {
    errors.push(next)
    next = (next as { cause?: unknown }).cause
  }
  return errors
}

/** The whole chain of causes, innermost last, for a folded group of the log. */
export function causesOf(thrown: unknown): string[] {
  const causes: string[] = []
  for (
    let cause = thrown instanceof Error ? thrown.cause : undefined;
    cause !== undefined && causes.length < 10;
  ) {
    causes.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}
