import type { RegionConfig, RolloutFile } from '@deploy-actions/config'
import { wasDrill, type Entry, type Ledger } from '@deploy-actions/ledger'
import { formatDuration } from '@deploy-actions/rollout'

type Needs = NonNullable<RegionConfig['order']['parallel-needs']>

/** Of each rollout that is needed so many transactions of each region are looked through, at most. */
const LOOKED_THROUGH = 4
/** A drill is looked for among so many that were put back. */
const RESTORED = 50

/**
 * Why not all regions may be rolled out at once yet, by the ledger: a sentence for each thing that is still to be shown.
 * It costs a few calls of GitHub's for each region of each release that is needed.
 */
export async function stillToBeShown(
  needs: Needs,
  { regions }: Pick<RolloutFile, 'regions'>,
  ledger: Ledger,
  now: Date,
): Promise<string[]> {
  const { 'delayed-successes': successes = 0, within, 'rollback-drill-within': drillWithin } = needs
  const environments = regions.map(({ environment }) => environment)
  const looked = { rollouts: true, letIn: true } as const
  const since = (entries: readonly Entry[], ms: number): Entry[] =>
    entries.filter(({ record }) => now.getTime() - Date.parse(record.openedAt) <= ms)
  const committed = await ledger.find({
    ...{ ...looked, state: ['committed'] },
    limit: Math.max(1, successes) * environments.length * LOOKED_THROUGH,
  })
  const done = reachedAll(since(committed, within), environments)
  const restored =
    drillWithin === undefined ? [] : await ledger.find({ ...looked, state: ['restored'], limit: RESTORED })
  const drilled = drillWithin === undefined || since(restored, drillWithin).some(wasDrill)
  return [
    ...(done.length < successes
      ? [
          `${done.length} of ${successes} releases came to all regions by order: delayed within ${formatDuration(within)}${done.length > 0 ? ` (${done.join(', ')})` : ''}`,
        ]
      : []),
    ...(drilled
      ? []
      : [
          `no drill of the emergency rollback was carried through within ${formatDuration(drillWithin)}, by the newest ${RESTORED} that were put back: run it with drill: true`,
        ]),
  ]
}

/** The releases that stand, or stood until the next one, in all environments, each brought there by a delayed rollout. */
function reachedAll(entries: readonly Entry[], environments: readonly string[]): string[] {
  const reached = new Map<string, { version: string; environments: Set<string> }>()
  for (const { state, record } of entries) {
    if (state !== 'committed' || record.order !== 'delayed') continue
    const { version, digest } = record.release
    const one = reached.get(digest) ?? { version, environments: new Set<string>() }
    reached.set(digest, { ...one, environments: one.environments.add(record.environment) })
  }
  return [...reached.values()]
    .filter((one) => environments.every((name) => one.environments.has(name)))
    .map(({ version }) => version)
}
