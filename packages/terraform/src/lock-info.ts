/** Who holds the lock of a state, as the tool tells it when it cannot have it. */
export interface LockInfo {
  id: string
  path?: string
  operation?: string
  who?: string
  version?: string
  created?: string
}

const FIELDS = {
  path: 'Path',
  operation: 'Operation',
  who: 'Who',
  version: 'Version',
  created: 'Created',
} as const

/**
 * Reads the holder out of what the tool says. The http backend prints the lock that was asked for, ours, and names the
 * holder before it alone.
 * @returns undefined where it speaks of no lock that is held
 */
export function lockInfoIn(text: string): LockInfo | undefined {
  const held = /HTTP remote state already locked: ID=(\S+)/.exec(text)?.[1]
  if (held !== undefined) return { id: held }
  if (!/acquiring the state lock|already locked|lock ID|Lock Info/i.test(text)) return undefined
  const block = text.slice(Math.max(0, text.search(/Lock Info:/)))
  const id = valueOf(block, 'ID')
  if (id === undefined) return undefined
  const fields = Object.entries(FIELDS).flatMap(([key, name]) => {
    const value = valueOf(block, name)
    return value === undefined || value === '' ? [] : [[key, value] as const]
  })
  return { id, ...Object.fromEntries(fields) }
}

/** Lines are drawn with a bar at their side where the tool prints for people. */
const valueOf = (block: string, name: string): string | undefined =>
  new RegExp(`^[\\s│|]*${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(block)?.[1]

/**
 * Whether a lock is the one that an apply of ours has left behind. A state is locked by one at a time, and this apply held it
 * at `lockedBy`: a lock that was made after the apply began and before that moment can be nobody else's.
 * @param began when our tool was started, ISO 8601
 * @param lockedBy when it held the lock for certain, ISO 8601
 * @param us user and machine, as the tool names them: `runner@vm-1`
 */
export function isOurs(
  { operation, created, who }: LockInfo,
  { began, lockedBy, us }: { began: string; lockedBy: string | undefined; us: string },
): boolean {
  const at = created === undefined ? NaN : Date.parse(created.replace(/^(\S+) (\S+) \+0000 UTC.*$/, '$1T$2Z'))
  return (
    operation === 'OperationTypeApply' &&
    who === us &&
    lockedBy !== undefined &&
    at >= Date.parse(began) &&
    at <= Date.parse(lockedBy)
  )
}
