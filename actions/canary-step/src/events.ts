import { providerPorts, type Ports } from '@deploy-actions/action-kit'
import { buildEvent, tell, type StageReport } from '@deploy-actions/notifiers'
import { formatDuration, formatPercent } from '@deploy-actions/rollout'
import type { RestoredPoint } from '@deploy-actions/transaction'
import type { StageResult } from './outputs'
import type { Walk } from './walk'

type Particulars = Parameters<typeof buildEvent>[1]

export const tellStage = (stage: StageResult, walk: Walk, ports: Ports): Promise<void> =>
  say(
    walk,
    {
      kind: 'stage',
      status: `${formatPercent(stage.weight)} ${stage.verdict}`,
      stage: report(stage),
      cause: stage.reason,
    },
    ports,
  )

export const tellBaselineLost = (weight: number, reason: string, walk: Walk, ports: Ports): Promise<void> =>
  say(
    walk,
    {
      kind: 'stage',
      status: `${formatPercent(weight)}: the old release is lost, and the stage waits`,
      cause: reason,
      next: 'nothing is taken from the canary while it serves; bring the old arm back, or there is nothing to return to',
    },
    ports,
  )

export const tellWaiting = (weight: number, waits: string, walk: Walk, ports: Ports): Promise<void> =>
  say(
    walk,
    {
      kind: 'approval-needed',
      status: `${formatPercent(weight)} has passed and waits`,
      cause: waits,
      next: `run the workflow that steers rollouts: release a hold, or confirm ${formatPercent(weight)}; abort takes the release back`,
    },
    ports,
  )

export const tellSteppedBack = (
  stage: StageResult,
  { weight, holdMs }: { weight: number; holdMs: number },
  walk: Walk,
  ports: Ports,
): Promise<void> =>
  say(
    walk,
    {
      kind: 'stage',
      status: `${formatPercent(stage.weight)} ${stage.verdict}: back to ${formatPercent(weight)}`,
      stage: report(stage),
      cause: stage.reason,
      next: `it is watched there for ${formatDuration(holdMs)}, and then restored`,
    },
    ports,
  )

export const tellPromoted = (walk: Walk, reason: string, ports: Ports): Promise<void> =>
  say(
    walk,
    {
      kind: 'promoted',
      status: 'all traffic on the new release',
      cause: reason,
      next: 'the gate after the rollout, then the commit',
    },
    ports,
  )

export function tellRestored(
  walk: Walk,
  { points, rollbackMs, cause }: { points: readonly RestoredPoint[]; rollbackMs: number; cause: string },
  ports: Ports,
): Promise<void> {
  const stage = walk.stages.at(-1)
  const verified = points.every(({ ok }) => ok)
  const kept = points.some((point) => point.kept)
  // Within a transaction of the job the workload is still to come: the restore step tells when all is back.
  const done = walk.settings.transaction ? 'restoring' : 'restored'
  return say(
    walk,
    {
      kind: verified ? done : 'restore-failed',
      status: verified
        ? `traffic is back at its restore point, verified ${rollbackMs} ms after the breach`
        : `traffic could NOT be put back: ${details(points)}`,
      cause,
      stage: stage && report(stage),
      impact: stage && `${stage.errors} of ${stage.requests} canary requests failed in this stage`,
      next: verified
        ? `the workload is restored, then the chain stops${stage?.alike ? `; ${BOTH_FAIL}` : ''}`
        : kept
          ? 'leave the traffic where it is, and bring the old arm back: giving it the traffic now would end it'
          : 'put the traffic back by hand now; the restore point is in the log of this run',
    },
    ports,
  )
}

/** For people who would otherwise look for the fault in the release. */
const BOTH_FAIL =
  'taking the release back may not help, since the old one fails as much: look at what both depend on'

/** What became of each restore point that could not be put back. */
export const details = (points: readonly RestoredPoint[]): string =>
  points
    .filter(({ ok }) => !ok)
    .map(({ detail }) => detail)
    .join('; ')

const report = ({ weight, weights, readAt, verdict, reason, durationMs }: StageResult): StageReport => ({
  weight,
  weights,
  readAt,
  verdict,
  reason,
  durationMs,
})

async function say({ settings }: Walk, particulars: Particulars, ports: Ports): Promise<void> {
  const { target, release, links, subscriptions } = settings
  const { service, region, environment, correlationId } = target
  const event = buildEvent(
    { service, region, environment, release, links, correlationId },
    particulars,
    ports,
  )
  await tell(event, subscriptions, providerPorts(ports))
}
