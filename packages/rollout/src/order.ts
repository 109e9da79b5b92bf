/** How regions follow each other. */
export type OrderKind = 'serial' | 'delayed' | 'parallel'

/** A region's place in a rollout. */
export interface Place<R> {
  region: R
  index: number
  /** the region that must be committed before; none in parallel and for the first */
  predecessor?: R
}

/** Puts regions in order. In parallel each stands alone; otherwise each waits for the one before. */
export function place<R>(regions: readonly R[], kind: OrderKind): Place<R>[] {
  return regions.map((region, index) => {
    const before = regions[index - 1]
    return { region, index, ...(kind !== 'parallel' && before !== undefined ? { predecessor: before } : {}) }
  })
}

/** How many regions may be under way at once. */
export function maxParallel(kind: OrderKind, regions: number): number {
  return kind === 'parallel' ? Math.max(1, regions) : 1
}

/**
 * Picks regions by name for one run; the order of the file is kept.
 * @param wanted `all` or names, separated by commas or blanks
 * @returns the regions, and every name that none of them has
 */
export function selectRegions<R extends { name: string }>(
  regions: readonly R[],
  wanted: string,
): { selected: R[]; unknown: string[] } {
  if (wanted.trim() === 'all') return { selected: [...regions], unknown: [] }
  const names = wanted.split(/[\s,]+/).filter(Boolean)
  return {
    selected: regions.filter(({ name }) => names.includes(name)),
    unknown: names.filter((name) => !regions.some((region) => region.name === name)),
  }
}
