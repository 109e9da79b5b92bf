import {
  GateFailed,
  InputError,
  providerPorts,
  type Ports,
  type ProviderPorts,
} from '@deploy-actions/action-kit'
import type { Entry, Ledger, TransactionRecord } from '@deploy-actions/ledger'
import {
  defined,
  formatPercent,
  returnedShares,
  UNUSUAL_SHARE,
  type MovedShare,
  type SharePlan,
  type Weights,
} from '@deploy-actions/rollout'
import {
  asWritten,
  drainedFrom,
  drainShare,
  nobodyTakes,
  obstacleTo,
  REGIONS,
  returnShare,
  routers,
  type ConfiguredRouter,
  type ObservedRouter,
  type RouterReading,
  type ShareMove,
  type SharePoint,
} from '@deploy-actions/traffic'
import { saveJobTransaction, type JobTransaction, type RestoreSettings } from './job-transaction'
import { restorePointsOf } from './restore-point'

/** A region's share as it was found, and how the router that gives it is reached. */
export interface FoundShare {
  point: SharePoint
  settings: NonNullable<RestoreSettings['regions']>
}

/** What the ledger tells of the shares of a service, beside what the router shows. */
export interface ShareHistory {
  /** what an earlier rollout has drained in this very region and left so, since it was not fit for its share */
  leftDrained?: SharePoint | undefined
  /** transactions under way in the other regions */
  underWay?: readonly Pick<Entry, 'record' | 'state'>[]
}

/** @param environments by region, all of those that share the traffic */
export async function shareHistory(
  ledger: Ledger,
  region: string,
  environments: ReadonlyMap<string, string>,
): Promise<ShareHistory> {
  const newest = async (environment: string): Promise<Entry[]> =>
    ledger.find({ environment, letIn: true, limit: 1 })
  const underWay: Entry[] = []
  let leftDrained: SharePoint | undefined
  for (const [name, environment] of environments)
    for (const entry of await newest(environment)) {
      if (name === region)
        leftDrained =
          entry.state === 'unverified' && !entry.wasCommitted ? sharePointOf(entry.record) : undefined
      // Anybody can post that one which was closed is put back anew: that keeps nobody from anything.
      else if (entry.state === 'open' || (entry.state === 'restoring' && !entry.wasClosed))
        underWay.push(entry)
    }
  return defined({ leftDrained, underWay })
}

/** That a region has less than it had when its transaction was begun, and who has it under way; undefined where none has. */
function movedBy(
  underWay: readonly Pick<Entry, 'record' | 'state'>[],
  { weights }: RouterReading,
): string | undefined {
  for (const { record, state } of underWay) {
    const point = sharePointOf(record)
    if (!point) continue
    const [had, has] = [point.before[point.region] ?? 0, weights[point.region] ?? 0]
    if (had - has > UNUSUAL_SHARE)
      return `${point.region} has ${formatPercent(has)} instead of ${formatPercent(had)} while run ${record.run.id} is at work there (transaction ${record.id}, ${state}), so what the other regions have now is not what is to be put back. Wait for that run; if it has ended, restore its transaction first (restore-point with mode: restore, to: ${record.id})`
  }
  return undefined
}

/**
 * Reads the share of a region, and reckons what the router is left with once it is drained. What an earlier rollout left
 * drained is not what is put back: this one gives back what that one had found.
 * @throws InputError when no share can be put back to what is there, GateFailed while another region is drained; nothing
 *   was written
 */
export async function findShare(
  configured: ConfiguredRouter,
  plan: SharePlan,
  ports: ProviderPorts,
  { leftDrained, underWay = [] }: ShareHistory = {},
): Promise<FoundShare> {
  const router = configured.open(ports, namesOf(plan))
  const reading = await router.read(ports.signal)
  const { weights } = reading
  const isOut = Object.values(weights).every((points) => points === 0)
  const moved = movedBy(underWay, reading)
  if (moved !== undefined) throw new GateFailed(`traffic.regions: ${moved}. Nothing was written`)
  const left = isOut ? undefined : drainedFrom(reading, plan)
  const problem =
    reading.differs ??
    obstacleTo(reading) ??
    (isOut ? `${router.where} gives no region any traffic` : undefined) ??
    (left ? undefined : nobodyTakes(plan, reading))
  if (problem !== undefined) throw new InputError(`traffic.regions: ${problem}; nothing was written`)
  const before =
    leftDrained && !isOut && isLeft(weights, leftDrained)
      ? returnedShares(weights, leftDrained, plan, (now, then) => asWritten(router, now, then))
      : weights
  return {
    point: defined({ kind: 'share' as const, router: REGIONS, region: plan.region, before, left }),
    settings: { router: configured.written, plan },
  }
}

/** How far a region's share lies from the one that rollout.yml gives it, in words; undefined where it is that. */
export function unusualShare({
  point: { region, before },
  settings: { plan },
}: FoundShare): string | undefined {
  const usual = plan.regions.find(({ name }) => name === region)?.share ?? 0
  const found = before[region] ?? 0
  if (Math.abs(found - usual) <= UNUSUAL_SHARE) return undefined
  return `${region} has ${formatPercent(found)} of the global traffic, and ${formatPercent(usual)} by rollout.yml: it is put back to what it has`
}

/** Whether a region still has what a drain has left it; one that somebody has taken out, or given more, has not. */
const isLeft = (now: Weights, { region, before, left }: SharePoint): boolean => {
  if (!left) return false
  const share = (vector: Weights): number => vector[region] ?? 0
  const isOut = share(now) === 0 && share(left) > 0
  return !isOut && share(before) > share(left) && Math.abs(share(now) - share(left)) <= UNUSUAL_SHARE
}

const namesOf = ({ regions }: SharePlan): string[] => regions.map(({ name }) => name)

/** The share among the restore points of a record. */
export const sharePointOf = (record: Pick<TransactionRecord, 'restore'>): SharePoint | undefined =>
  restorePointsOf(record).find((point) => point.kind === 'share')

/** The router between the regions, as it was kept when the transaction was opened. */
export async function openRegional(
  { router, plan }: FoundShare['settings'],
  ports: Ports,
): Promise<ObservedRouter> {
  return (await routers.configure(router)).open(providerPorts(ports), namesOf(plan))
}

/** What a step did with the share of its region: what it found, and what the router shows now. */
export interface MovedShares {
  region: string
  before: RouterReading
  after: RouterReading
}

interface StepMove extends Pick<ShareMove, 'withinMs' | 'settleMs'> {
  /** Asked ahead of each write. @throws whatever keeps it from being written: the step may have stood still for hours */
  stillOpen?: () => Promise<void>
}

/** The router between the regions as it is now. @throws InputError when the transaction has no share to move */
export async function readShares(transaction: JobTransaction, ports: Ports): Promise<MovedShares> {
  const { router, plan } = await shareOf(transaction, ports)
  const reading = await router.read(ports.signal)
  return { region: plan.region, before: reading, after: reading }
}

/**
 * Leaves the region of a transaction no more than it keeps while it is deployed to.
 * @throws InputError when the transaction has no share to move; what {@link drainShare} throws
 */
export async function drainRegion(
  transaction: JobTransaction,
  ports: Ports,
  move: StepMove,
): Promise<MovedShares> {
  const { router, plan, point } = await shareOf(transaction, ports)
  return told(plan.region, (onWrite) =>
    drainShare(router, plan, ports, {
      ...move,
      foundAs: point.before[plan.region] ?? 0,
      async onWrite(wanted, found) {
        await move.stillOpen?.()
        onWrite(found)
        // Of what somebody else had changed before, only the own share is put back.
        if (asWritten(router, found.weights, point.before))
          await saveJobTransaction(ports.context.temp, { ...transaction, left: wanted })
      },
    }),
  )
}

/**
 * Gives the region of a transaction its share back.
 * @throws InputError when the transaction has no share to move; what {@link returnShare} throws
 */
export async function giveShareBack(
  transaction: JobTransaction,
  ports: Ports,
  move: StepMove,
): Promise<MovedShares> {
  const { router, plan, point } = await shareOf(transaction, ports)
  return told(plan.region, (onWrite) =>
    returnShare(router, plan, movedShare(transaction, point), ports, {
      ...move,
      async onWrite(_, found) {
        await move.stillOpen?.()
        onWrite(found)
      },
    }),
  )
}

async function told(
  region: string,
  move: (onWrite: (found: RouterReading) => void) => Promise<RouterReading>,
): Promise<MovedShares> {
  let before: RouterReading | undefined
  const after = await move((found) => void (before ??= found))
  return { region, before: before ?? after, after }
}

async function shareOf({ record, settings }: JobTransaction, ports: Ports) {
  const point = sharePointOf(record)
  if (point && settings.regions)
    return { point, plan: settings.regions.plan, router: await openRegional(settings.regions, ports) }
  throw new InputError([
    {
      where: 'input `transaction`',
      message: `${record.id} has no share to move: rollout.yml had no traffic.regions when it was begun`,
    },
  ])
}

/** What was found, and what the router was left with: as this job knows it, or else as it was reckoned at the begin. */
export const movedShare = (
  own: Pick<JobTransaction, 'left'> | undefined,
  { before, left }: SharePoint,
): MovedShare => ({ before, left: own?.left ?? left })
