import { InputError, providerPorts, type Ports, type ProviderPorts } from '@deploy-actions/action-kit'
import type { TransactionRecord } from '@deploy-actions/ledger'
import { defined, formatPercent, type MovedShare, type SharePlan } from '@deploy-actions/rollout'
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

/**
 * Reads the share of a region, and reckons what the router is left with once it is drained.
 * @throws InputError when no share can be put back to what is there; nothing was written
 */
export async function findShare(
  configured: ConfiguredRouter,
  plan: SharePlan,
  ports: ProviderPorts,
): Promise<FoundShare> {
  const router = configured.open(ports, namesOf(plan))
  const reading = await router.read(ports.signal)
  const { weights } = reading
  const isOut = Object.values(weights).every((points) => points === 0)
  const left = isOut ? undefined : drainedFrom(reading, plan)
  const problem =
    reading.differs ??
    obstacleTo(reading) ??
    (isOut ? `${router.where} gives no region any traffic` : undefined) ??
    (left ? undefined : nobodyTakes(plan, reading))
  if (problem !== undefined) throw new InputError(`traffic.regions: ${problem}; nothing was written`)
  return {
    point: defined({ kind: 'share' as const, router: REGIONS, region: plan.region, before: weights, left }),
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
  if (Math.abs(found - usual) <= UNUSUAL) return undefined
  return `${region} has ${formatPercent(found)} of the global traffic, and ${formatPercent(usual)} by rollout.yml: it is put back to what it has`
}

/** More than any router's units round, in basis points. */
const UNUSUAL = 100

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

type StepMove = Pick<ShareMove, 'withinMs' | 'settleMs'>

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
      async onWrite(wanted, found) {
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
      onWrite: (_, found) => Promise.resolve(onWrite(found)),
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
