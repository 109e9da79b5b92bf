import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectCaller, type InspectedCaller, type SuiteCall } from '@deploy-actions/rehearsal'
import { suiteFolders } from './suite-folders'

export const WORKFLOWS = '.github/workflows'
/** How a suite is called whose owner nobody has named. */
const SUITE = /^[^/]+\/deploy-actions$/i
export const PLACEHOLDER = 'OWNER'

/** The workflows of a repository that use the suite, and those that name it and cannot be read. */
export async function callersIn(
  repository: string,
  byDefault?: 'read' | 'write',
): Promise<InspectedCaller[]> {
  const folder = join(repository, WORKFLOWS)
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.ya?ml$/.test(name)).sort()
  const isSuite = (name: string): boolean => SUITE.test(name)
  const read = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8')
      if (!/\/deploy-actions\//i.test(text)) return undefined
      return inspectCaller(`${WORKFLOWS}/${name}`, text, { folders: suiteFolders, isSuite, byDefault })
    }),
  )
  return read.filter(
    (caller) => caller !== undefined && (caller.errors.length > 0 || caller.calls.length > 0),
  ) as InspectedCaller[]
}

/** A call, and the file in which it stands. */
export interface PlacedCall {
  caller: InspectedCaller
  call: SuiteCall
}

/** The calls of workflows of the suite by these names. */
export const callsOf = (callers: readonly InspectedCaller[], ...names: string[]): PlacedCall[] =>
  callers.flatMap((caller) =>
    caller.calls.flatMap((call) =>
      call.kind === 'workflow' && names.includes(call.name) ? [{ caller, call }] : [],
    ),
  )

/** `OWNER/deploy-actions` as the callers name it; with the placeholder where none does, or they do not agree. */
export function suiteOf(callers: readonly InspectedCaller[]): string {
  const [suite, ...more] = new Set(callers.flatMap(({ calls }) => calls.map((call) => call.suite)))
  return suite === undefined || more.length > 0 ? `${PLACEHOLDER}/deploy-actions` : suite
}
