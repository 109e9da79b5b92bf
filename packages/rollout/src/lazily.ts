/**
 * Makes a value when it is first asked for, and keeps it. For schemas that few runs of an action need: made at
 * import, every start would pay for them.
 */
export function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
