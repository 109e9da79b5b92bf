import { GateFailed, messageOf, type Log, type Ports } from '@deploy-actions/action-kit'
import type { TransactionRecord } from '@deploy-actions/ledger'
import { formatPercent, formatWeights, type SharePlan, type Weights } from '@deploy-actions/rollout'
import {
  asWritten,
  holdsShare,
  NoLongerOurs,
  returnShare,
  TakenOut,
  TakenOver,
  type ObservedRouter,
  type RouterReading,
  type ShareMove,
  type SharePoint,
} from '@deploy-actions/traffic'
import type { JobTransaction, RestoreSettings } from './job-transaction'
import { PATIENCE_MS, persistence, type Patience } from './patience'
import type { RestoredPoint } from './restore-point'
import { movedShare, openRegional, sharePointOf } from './share'

/** What is known to a restorer of a share. */
export interface ShareRestore {
  patience: Patience
  /** the transaction as this job keeps it, where it is this job's */
  own?: Pick<JobTransaction, 'left'> | undefined
  /** it was committed, and its share given back with that: what it is by now is not its own any more */
  committed?: boolean | undefined
  /** why the region is not fit for its share, in words */
  unfit: string | undefined
}

/**
 * Gives the region its share back, as the last of all, and only when what serves there was found fit for it. Otherwise it
 * stays drained: the others have its traffic, and it is said.
 * @throws NoLongerOurs as `patience` tells it
 */
export async function restoreShare(
  record: TransactionRecord,
  { regions }: RestoreSettings,
  ports: Ports,
  restore: ShareRestore,
): Promise<RestoredPoint[]> {
  const point = sharePointOf(record)
  if (!point) return []
  const { kind, router: name } = point
  try {
    if (!regions)
      throw new GateFailed(
        'how its router is reached was not kept; use the version that opened the transaction',
      )
    const opened = await openRegional(regions, ports)
    // Each of several that steer the same by itself: one that is away keeps the others from nothing.
    const ended = await Promise.all(
      (opened.parts ?? [opened]).map((router) =>
        giveBack({ id: record.id, point, plan: regions.plan, router }, ports, restore).catch(failed),
      ),
    )
    const [first] = ended.toSorted((a, b) => rank(a) - rank(b))
    return first ? [{ kind, name, ...first }] : []
  } catch (error) {
    if (error instanceof NoLongerOurs) throw error
    return [{ kind, name, ...failed(error) }]
  }
}

/** What is told of several: that of the one which is worst off. */
const rank = ({ ok, stays }: Ended): number => (ok ? 2 : stays ? 1 : 0)

const failed = (error: unknown): Ended => {
  if (error instanceof NoLongerOurs) throw error
  return { ok: false, detail: messageOf(error) }
}

interface Shared {
  id: string
  point: SharePoint
  plan: SharePlan
  router: ObservedRouter
}

type Ended = Omit<RestoredPoint, 'kind' | 'name'>

async function giveBack(shared: Shared, ports: Ports, restore: ShareRestore): Promise<Ended> {
  const { point, plan, router } = shared
  const { region, before } = point
  const moved = movedShare(restore.own, point)
  const holdsLeft: HoldsLeft = ({ weights }) =>
    moved.left !== undefined && asWritten(router, weights, moved.left)
  if (restore.committed || restore.unfit !== undefined) {
    const found = await router.read(ports.signal)
    if (holdsShare(router, region, found, before)) return ended(found, `${region} has its share`)
    if (restore.committed && !holdsLeft(found))
      return ended(found, `${region} had its share before the commit, and what it has now is not by this`)
    if (restore.unfit !== undefined) return stays(shared, found, restore.unfit)
  }
  const move = moveOf(shared, holdsLeft, restore.patience, ports.log)
  try {
    return ended(await returnShare(router, plan, moved, ports, move), `${region} has its share`)
  } catch (error) {
    if (error instanceof TakenOut)
      return stays(shared, error.found, 'somebody has taken it out of the traffic')
    throw error
  }
}

const ended = ({ weights, readAt }: RouterReading, what: string): Ended => ({
  ...{ ok: true, weights, readAt },
  detail: `${what}: ${formatWeights(weights)}`,
})

function stays({ id, point: { region, before } }: Shared, found: RouterReading, why: string): Ended {
  const { weights, readAt } = found
  const share = (vector: Weights): string => formatPercent(vector[region] ?? 0)
  return {
    ...{ ok: false, stays: true, weights, readAt },
    detail: `${region} stays at ${share(weights)} instead of ${share(before)}, and the other regions have the rest (${formatWeights(weights)}), since it is not fit for more: ${why}. Restore ${id} again once it is, or give it its share by hand`,
  }
}

type HoldsLeft = (found: RouterReading) => boolean

/** As stubborn as the restore of which it is a part, and for no longer than leaves room for all else in its job. */
function moveOf(
  { id, point: { region } }: Shared,
  holdsLeft: HoldsLeft,
  patience: Patience,
  log: Log,
): ShareMove {
  const { onFailure, withinMs } = persistence(
    `the share of ${region}, drained by ${id},`,
    { withinMs: Math.min(patience.withinMs, PATIENCE_MS.share) },
    log,
  )
  return {
    withinMs,
    settleMs: 1_000,
    ...(onFailure && { onFailure }),
    async onWrite(_, found) {
      const now = (await patience.stillOurs?.()) ?? patience.claim
      if (now && !holdsLeft(found) && !(await now.mayOverwriteAll()))
        throw new TakenOver(
          `the router holds ${formatWeights(found.weights)}, which was not written by it, so nothing was written`,
        )
    },
  }
}
