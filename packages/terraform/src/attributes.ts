import type { PlannedChange } from './plan-json'
import { HIDDEN, type SensitiveTexts } from './sensitive'

/** How one attribute of an object changes, as it may be shown. */
export interface AttributeChange {
  /** `tags.team`, `rule[0].port`, `data["a.b"]` */
  path: string
  kind: 'add' | 'remove' | 'change'
  /** as JSON, `(sensitive)`, or absent where there is nothing */
  before?: string
  /** as JSON, `(sensitive)`, `(known after apply)`, or absent where there is nothing */
  after?: string
  /** it is why the object is replaced */
  forcesReplacement?: true
}

const UNKNOWN = '(known after apply)'

/** Values with what is said of them beside: whether they are sensitive, and whether they are known. */
interface Side {
  value: unknown
  sensitive: unknown
  unknown?: unknown
}

/**
 * What of an object changes, attribute by attribute, in the order of the values. Values that are marked, and texts that hold
 * what is marked elsewhere, are not shown. Of what is created or deleted whole, every attribute that has a value.
 */
export function attributeChangesOf(change: PlannedChange, secrets: SensitiveTexts): AttributeChange[] {
  const found: AttributeChange[] = []
  const forcing = new Set((change.replace_paths ?? []).map(pathOf))
  const compare = (path: readonly (string | number)[], before: Side, after: Side): void => {
    if (isSame(before, after)) return
    if (!isHidden(before) && !isHidden(after) && isOpen(before, after)) {
      for (const key of keysOf(before, after)) compare([...path, key], into(before, key), into(after, key))
      return
    }
    const [was, becomes] = [shown(before, secrets), shown(after, secrets)]
    found.push({
      path: secrets.clean(pathOf(path)),
      kind: was === undefined ? 'add' : becomes === undefined ? 'remove' : 'change',
      ...(was !== undefined && { before: was }),
      ...(becomes !== undefined && { after: becomes }),
      ...(isForcing(path, forcing) && { forcesReplacement: true as const }),
    })
  }
  compare(
    [],
    { value: change.before, sensitive: change.before_sensitive },
    { value: change.after, sensitive: change.after_sensitive, unknown: change.after_unknown },
  )
  return found
}

const isHidden = ({ sensitive }: Side): boolean => sensitive === true
const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null
const isAnyUnknown = (unknown: unknown): boolean =>
  unknown === true || (isContainer(unknown) && Object.values(unknown).some(isAnyUnknown))

/** What has attributes of its own: a map or list, or what is known of one that is not there yet. */
const shapeOf = ({ value, unknown }: Side): object | undefined =>
  [value, unknown].find((one, index) => isContainer(one) && (index === 0 || isNothing(value))) as
    object | undefined

/** Both, or the one that there is, have attributes of their own, of one kind. */
function isOpen(before: Side, after: Side): boolean {
  if (after.unknown === true) return false
  const sides = [before, after].filter((side) => !isNothing(side.value) || shapeOf(side))
  const shapes = sides.map(shapeOf)
  return sides.length > 0 && !shapes.includes(undefined) && new Set(shapes.map(Array.isArray)).size === 1
}

const isNothing = (value: unknown): boolean => value === null || value === undefined

function isSame(before: Side, after: Side): boolean {
  return (
    !isAnyUnknown(after.unknown) &&
    JSON.stringify(before.value ?? null) === JSON.stringify(after.value ?? null)
  )
}

function keysOf(before: Side, after: Side): (string | number)[] {
  const keys = [before.value, after.value, after.unknown].flatMap((one): (string | number)[] =>
    Array.isArray(one) ? [...one.keys()] : isContainer(one) ? Object.keys(one) : [],
  )
  return [...new Set(keys)]
}

const into = ({ value, sensitive, unknown }: Side, key: string | number): Side => ({
  value: below(value, key),
  sensitive: sensitive === true ? true : below(sensitive, key),
  unknown: unknown === true ? true : below(unknown, key),
})
const below = (value: unknown, key: string | number): unknown =>
  isContainer(value) ? (value as Record<string | number, unknown>)[key] : undefined

function shown({ value, sensitive, unknown }: Side, secrets: SensitiveTexts): string | undefined {
  if (unknown === true) return UNKNOWN
  if (isNothing(value)) return undefined
  if (hasMark(sensitive)) return HIDDEN
  return secrets.cleanJson(value)
}

const hasMark = (sensitive: unknown): boolean =>
  sensitive === true || (isContainer(sensitive) && Object.values(sensitive).some(hasMark))

/** An attribute is why, or one above or beneath it. */
const isForcing = (path: readonly (string | number)[], forcing: ReadonlySet<string>): boolean =>
  path.some((_, index) => forcing.has(pathOf(path.slice(0, index + 1))))

const pathOf = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === 'number'
        ? `${text}[${key}]`
        : /^[A-Za-z_][\w-]*$/.test(key)
          ? text === ''
            ? key
            : `${text}.${key}`
          : `${text}[${JSON.stringify(key)}]`,
    '',
  )
