/** Asks for a thing once, and again only after a call that failed. */
export function remembered<K, V>(memory: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const known = memory.get(key)
  if (known) return known
  const asked = read()
  memory.set(key, asked)
  // A call that failed is made again.
  asked.catch(() => memory.delete(key))
  return asked
}
