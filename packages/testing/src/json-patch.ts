import { isDeepStrictEqual } from 'node:util'

/** What RFC 6902 knows and the routers use. `move` and `copy` are refused like any other word. */
export interface PatchOperation {
  op: string
  path: string
  value?: unknown
}

/** The patch cannot be made: a test does not hold, or a path leads nowhere. Nothing is changed then. */
export class PatchRefused extends Error {}

/** A copy with all operations made, in their order. @throws PatchRefused */
export function patched<T>(document: T, operations: readonly PatchOperation[]): T {
  const copy = { root: structuredClone(document) as unknown }
  for (const operation of operations) perform(copy, operation)
  return copy.root as T
}

function perform(copy: { root: unknown }, { op, path, value }: PatchOperation): void {
  // The whole document is the one member of this holder, so that the empty path is no exception.
  const keys = ['root', ...keysOf(path)]
  const last = keys.pop() ?? ''
  const parent = keys.reduce<unknown>((at, key) => child(at, key, path), copy)
  if (op === 'test') {
    if (!isDeepStrictEqual(valueAt(parent, last), structuredClone(value)))
      throw new PatchRefused(`${path} is something else`)
  } else if (op === 'add' || op === 'replace') put(parent, last, { op, path, value: structuredClone(value) })
  else if (op === 'remove') remove(parent, last, path)
  else throw new PatchRefused(`no operation ${op}`)
}

/** JSON Pointer, RFC 6901: `~1` is a slash, and `~0` a tilde. */
const keysOf = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))

function child(parent: unknown, key: string, path: string): unknown {
  const found = valueAt(parent, key)
  if (typeof found === 'object' && found !== null) return found
  throw new PatchRefused(`${path} leads nowhere`)
}

const valueAt = (parent: unknown, key: string): unknown => (parent as Record<string, unknown>)[key]

function put(parent: unknown, key: string, { op, path, value }: PatchOperation): void {
  if (!Array.isArray(parent)) {
    // The API server takes a `replace` of a field that is not there for an `add`.
    ;(parent as Record<string, unknown>)[key] = value
    return
  }
  const index = key === '-' && op === 'add' ? parent.length : indexIn(parent, key, path)
  if (op === 'replace' && index === parent.length) throw new PatchRefused(`${path} leads nowhere`)
  parent.splice(index, op === 'add' ? 0 : 1, value)
}

function remove(parent: unknown, key: string, path: string): void {
  if (valueAt(parent, key) === undefined) throw new PatchRefused(`${path} leads nowhere`)
  if (Array.isArray(parent)) parent.splice(indexIn(parent, key, path), 1)
  else Reflect.deleteProperty(parent as object, key)
}

/** One behind the last is a place, too. */
function indexIn(list: readonly unknown[], key: string, path: string): number {
  const index = /^\d+$/.test(key) ? Number(key) : -1
  if (index < 0 || index > list.length) throw new PatchRefused(`${path} leads nowhere`)
  return index
}
