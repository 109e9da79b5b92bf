/** A field that differs between two forms of an object. */
export interface FieldChange {
  /** `spec.template.spec.containers[app].image`, for people */
  path: string
  /** undefined where it is not there */
  before: unknown
  after: unknown
}

/** What the API server itself counts up, and what says who wrote which field. */
const NOT_MEANT = new Set([
  'status',
  ...['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp'].map(
    (key) => `metadata.${key}`,
  ),
  'metadata.annotations.deployment.kubernetes.io/revision',
])

/** Every field that differs; where a value is not there or has another form, the whole of it is one. */
export function fieldChanges(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (NOT_MEANT.has(path)) return []
  // A controller makes the first one while we look.
  if (path === 'metadata.annotations' && (before === undefined || after === undefined))
    return fieldChanges(before ?? {}, after ?? {}, path)
  if (Array.isArray(before) && Array.isArray(after)) {
    const [then, now] = [itemsByKey(before), itemsByKey(after)]
    return keysOf(then, now).flatMap((key) => fieldChanges(then.get(key), now.get(key), `${path}[${key}]`))
  }
  if (isMap(before) && isMap(after)) {
    const [then, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
    return keysOf(then, now).flatMap((key) => fieldChanges(then.get(key), now.get(key), joined(path, key)))
  }
  return before === after ? [] : [{ path, before, after }]
}

/** Lists of a pod whose items have names, and to which no default adds one. */
const KEYED = new Set(['containers', 'initContainers', 'env', 'volumes', 'volumeMounts'])

/** Paths of what such lists of an object hold, and those of its manifest do not. */
export function extraItems(live: unknown, wanted: unknown, path = ''): string[] {
  if (!isMap(live)) return []
  const meant = isMap(wanted) ? wanted : {}
  return Object.entries(live).flatMap(([key, value]) => {
    const at = joined(path, key)
    if (!Array.isArray(value)) return extraItems(value, meant[key], at)
    if (!KEYED.has(key)) return []
    const known = itemsByKey(Array.isArray(meant[key]) ? meant[key] : [])
    return [...itemsByKey(value)].flatMap(([name, item]) =>
      known.has(name) ? extraItems(item, known.get(name), `${at}[${name}]`) : [`${at}[${name}]`],
    )
  })
}

const joined = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

const keysOf = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] => [
  ...new Set([...one.keys(), ...other.keys()]),
]

/** Items by what tells them apart for a reader: their name, else their place. */
const itemsByKey = (items: readonly unknown[]): Map<string, unknown> =>
  new Map(items.map((item, index) => [keyOf(item) ?? String(index), item]))

function keyOf(item: unknown): string | undefined {
  if (!isMap(item)) return undefined
  const key = item['name'] ?? item['mountPath'] ?? item['containerPort'] ?? item['port']
  return typeof key === 'string' || typeof key === 'number' ? String(key) : undefined
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
