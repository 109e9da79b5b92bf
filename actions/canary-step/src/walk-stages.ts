import { timeWithin, total, type CountsOfArms, type Judge } from '@deploy-actions/analysis'
import { GateFailed, messageOf, type Ports } from '@deploy-actions/action-kit'
import type { StagePlan } from '@deploy-actions/config'
import type { Ledger } from '@deploy-actions/ledger'
import type { ArmSampler } from '@deploy-actions/metrics'
import {
  canaryWeights,
  defined,
  formatDuration,
  formatPercent,
  formatWeights,
  WHOLE,
  type Weights,
} from '@deploy-actions/rollout'
import { shift, shiftOn, watchRouter, type Held, type RouterReading } from '@deploy-actions/traffic'
import {
  Aborted,
  noteHeld,
  noteWrite,
  weightsFound,
  type FoundArms,
  type JobTransaction,
} from '@deploy-actions/transaction'
import { tellBaselineLost, tellStage, tellSteppedBack, tellWaiting } from './events'
import { followsWeights, watchMissed } from './missed-share'
import { MOST, type StageResult } from './outputs'
import { StageFailed } from './put-back'
import type { HooksOfStage } from './stage-hooks'
import { judgeFor, watchStage, type StageEnd } from './stage'
import { createSteering, whileSteppedBack, type Steering } from './steering'
import type { Walk } from './walk'

/** What looks and what judges, once it is proven that they can. */
export interface Watching {
  sampler: ArmSampler
  judge: Judge
}

/** What a walk is made with. */
interface Walker {
  walk: Walk
  watching: Watching
  found: FoundArms
  transaction: JobTransaction
  ledger: Ledger
  ports: Ports
}

/** Where the canary stands: what the job has noted, and what the router must still hold. */
interface Footing {
  noted: JobTransaction
  /** what was found, until something was written: any other change since is somebody else's, and is not overwritten */
  held: Held | RouterReading
}

/** A weight, and how it is watched there. */
interface Step {
  index: number
  plan: StagePlan
  judge: Judge
  /** starts the scripts beside its watch, once the weight is in effect */
  startHooks?: () => HooksOfStage
}

/**
 * Writes and watches one stage after the other, as far as people let it. @throws StageFailed, once it has stepped back
 * where it is to; NotOpen when somebody else sees to the target
 */
export async function walkStages(walker: Walker): Promise<void> {
  const { walk, watching, found, transaction, ledger, ports } = walker
  const { settings, standstill } = walk
  const weights = weightsFound(transaction.record)
  if (!weights)
    throw new GateFailed(
      `transaction ${transaction.record.id} has no traffic to restore: nothing is written in it`,
    )
  const steering = (walk.steering = createSteering(ledger, transaction, ports))
  await steering.ask()
  // A person may have taken the release back while the hook ran.
  if (await walk.hooks.begin()) await steering.ask()
  // The hook and GitHub may have been waited for: that was not a standstill.
  standstill.beat(ports.clock.now().getTime())
  let footing: Footing = { noted: transaction, held: { ...found.reading, weights } }
  const last = settings.stages.length - 1
  for (let index = 0; index <= last;) {
    const plan = settings.stages[index] as StagePlan
    ports.log.info(
      `stage ${index + 1} of ${last + 1}: ${formatWeights(canaryWeights(found.arms, plan.weight))}`,
    )
    const step = { index, plan, judge: watching.judge, startHooks: () => walk.hooks.start(index) }
    mustFit(index, steering, walker)
    const stood = await stand(step, footing, steering, walker)
    const { end, result, hooks } = stood
    footing = stood.footing
    walk.stages.push(result)
    if (end.then === 'rollback') throw await failed(index, stood, steering, walker)
    tellLater(walk, `the ${formatPercent(plan.weight)} stage`, tellStage(result, walk, ports), ports)
    hooks?.mustHavePassed()
    index = end.skips ? last : index + 1
  }
}

/**
 * What has waited for people may be too late for what is left: a runner that dies at 100 % is worse than a release that is
 * put back. @throws GateFailed
 */
function mustFit(index: number, { heard, untilMs }: Steering, { walk, watching, ports }: Walker): void {
  const { stages } = walk.settings
  const waited = heard.all.length > 0 || stages.slice(0, index).some(({ confirm }) => confirm)
  const lagMs = watching.sampler.lag + watching.sampler.resolution
  const needsMs = stages.slice(index).reduce((sum, { watchMs }) => sum + watchMs + lagMs, 0)
  const leftMs = untilMs - ports.clock.now().getTime()
  if (waited && needsMs > leftMs)
    throw new GateFailed(
      `it has waited for too long: what is left to be watched takes ${formatDuration(needsMs)}, and the job has ${formatDuration(Math.max(0, leftMs))} for it`,
    )
}

/** How a weight ended, and where that leaves the canary. */
interface Stood {
  end: StageEnd
  result: StageResult
  footing: Footing
  hooks: HooksOfStage | undefined
}

/** Gives the canary its weight, and watches it there to an end. */
async function stand(
  { index, plan, judge, startHooks }: Step,
  { noted: before, held }: Footing,
  steering: Steering,
  walker: Walker,
): Promise<Stood> {
  const { walk, watching, found, ports } = walker
  const { router, arms } = found
  const { settings, trail, standstill } = walk
  const wanted = canaryWeights(arms, plan.weight)
  const checks = await settings.checksFor(arms, plan.checks, ports)
  let noted = await noteWrite(before, wanted, ports)
  standstill.beat()
  if (standstill.happened) await steering.ask()
  let shown = await move(found, wanted, held, ports)
  walk.moved = true
  standstill.beat()
  steering.reached(plan.weight)
  const hooks = startHooks?.()
  let standing = watchRouter(router, shown, ports.clock)
  const end = await watchStage({
    index,
    plan,
    judge,
    sampler: watching.sampler,
    standing,
    async rewrite(over) {
      await steering.ask()
      noted = await noteWrite(noted, wanted, ports)
      shown = await shift(router, wanted, over, ports)
      return (standing = watchRouter(router, shown, ports.clock))
    },
    checks,
    hooks,
    arms,
    watchMissed:
      settings.analysis['expect-share'] && plan.weight < WHOLE && followsWeights(router, shown)
        ? () => watchMissed(shown, { ...ports, arms, router })
        : undefined,
    onBaselineLost: (reason) =>
      tellLater(walk, 'the lost baseline', tellBaselineLost(plan.weight, reason, walk, ports), ports),
    standstill,
    steering,
    onWait(waits) {
      ports.log.warning(`${formatPercent(plan.weight)} has passed: ${waits}`)
      tellLater(walk, 'the wait', tellWaiting(plan.weight, waits, walk, ports), ports)
    },
    async mayGoOn() {
      await hooks?.finish()
      // An abort ends the stage as one that has failed.
      await steering.ask().catch((error: unknown) => {
        if (!(error instanceof Aborted)) throw error
      })
    },
    intervalMs: settings.analysis.interval,
    trail,
    ...ports,
  })
  const result: StageResult = defined({
    weight: plan.weight,
    weights: shown.weights,
    readAt: shown.readAt,
    verdict: end.verdict,
    reason: end.reason,
    alike: end.alike,
    skips: end.skips,
    durationMs: end.durationMs,
    ...total([end.seen.canary]),
    p95: slowest(end.seen),
  })
  noted = await noteHeld(noted, standing.heldAt, ports)
  return { end, result, hooks, footing: { noted, held: { state: shown, sinceRealMs: standing.heldAt } } }
}

/** How long most requests took in each arm; undefined where nobody measures it. */
function slowest({ canary, baseline }: CountsOfArms): StageResult['p95'] {
  if (!canary.latency) return undefined
  return defined({
    canary: timeWithin(canary.latency, MOST),
    baseline: timeWithin(baseline.latency ?? [], MOST),
  })
}

const move = (
  { router }: FoundArms,
  wanted: Weights,
  held: Footing['held'],
  ports: Ports,
): Promise<RouterReading> =>
  'sinceRealMs' in held ? shiftOn(router, wanted, held, ports) : shift(router, wanted, held, ports)

/**
 * The end of a stage that has failed: one that does by its metrics or checks, and is to step back, is watched with less
 * traffic first, by a judge who has seen nothing yet. Whatever that one says, it is restored then.
 */
async function failed(
  index: number,
  { end, result, footing }: Stood,
  steering: Steering,
  walker: Walker,
): Promise<StageFailed> {
  const { walk, ports } = walker
  const { stages, analysis, measured } = walk.settings
  const plan = stages[index] as StagePlan
  const { stepBack, confirm: _, ...rest } = plan
  if (!stepBack || end.verdict !== 'fail' || end.outright) return new StageFailed(result, end.decidedAtMs)
  const { weight, holdMs } = stepBack
  ports.log.error(
    `${formatPercent(plan.weight)}: ${end.reason}; back to ${formatPercent(weight)} for ${formatDuration(holdMs)}, then it is restored`,
  )
  tellLater(walk, 'the step back', tellSteppedBack(result, stepBack, walk, ports), ports)
  // What runs beside the stage has seen enough; its end is waited for at the end of the walk.
  void walk.hooks.stop()
  const lower: StagePlan = { ...rest, weight, watchMs: holdMs, maxWatchMs: holdMs }
  // It has been warm for as long as it was watched.
  const judge = judgeFor(stages.with(index, lower), { ...analysis, 'warm-up': 0 }, measured)
  // Less traffic for what fails waits for no ledger: where somebody else has it, the router holds something else.
  steering.listen()
  const stood = await stand({ index, plan: lower, judge }, footing, whileSteppedBack(steering), walker)
  walk.stages.push({ ...stood.result, steppedBackFrom: plan.weight })
  return new StageFailed(result, stood.end.decidedAtMs)
}

/** A slow sink must not leave a stage unwatched; a rejection that nobody awaits would end the process unrecorded. */
function tellLater(walk: Walk, what: string, telling: Promise<void>, { log }: Ports): void {
  walk.told.push(
    telling.catch((error: unknown) => log.warning(`${what} could not be told: ${messageOf(error)}`)),
  )
}
