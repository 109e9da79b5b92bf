import {
  createSequentialJudge,
  createThresholdJudge,
  decide,
  total,
  watchSilence,
  type CountsOfArms,
  type Judgement,
  type Sample,
  type Judge,
  type StageDecision,
} from '@deploy-actions/analysis'
import { checkRounds, FAIL_AFTER, type NamedChecks } from '@deploy-actions/checks'
import { defined, type Clock, type EvidenceCollector, type Log } from '@deploy-actions/action-kit'
import { judgeSettings, type JudgeConfig, type Measured, type StagePlan } from '@deploy-actions/config'
import type { ArmSampler } from '@deploy-actions/metrics'
import { formatDuration, formatPercent, WHOLE, type Arms } from '@deploy-actions/rollout'
import type { RouterReading, RouterWatch, Standing } from '@deploy-actions/traffic'
import { asking } from './asking'
import type { Missed, WatchMissed } from './missed-share'
import type { HooksOfStage } from './stage-hooks'
import type { Standstill } from './standstill'
import { abortedBy, steer, type Steered, type Steering } from './steering'
import { tellEffect } from './tell-effect'
import { tellReported } from './tell-reported'
import type { Trail } from './trail'

/** The end of a stage: what its canary did in it, and when the sample that ended it was there (real milliseconds). */
export interface StageEnd extends Steered {
  /** what both arms did in this stage */
  seen: CountsOfArms
  durationMs: number
  decidedAtMs: number
  /** the canary is gone, somebody else's hand is on the router, or a person wants an end: nothing is tried any more */
  outright?: true
}

interface Watch {
  index: number
  plan: StagePlan
  judge: Judge
  sampler: ArmSampler
  standing: Pick<RouterWatch, 'look'>
  /** Writes the stage's weights again after a reload, over what was found, and gives what watches them. */
  rewrite: (found: RouterReading) => Promise<Pick<RouterWatch, 'look'>>
  arms: Arms
  /** begun anew with each window; absent where the shares of requests do not follow the weights */
  watchMissed?: (() => WatchMissed) | undefined
  /** of this stage */
  checks: NamedChecks
  /** the scripts of this stage */
  hooks?: Pick<HooksOfStage, 'failure' | 'running' | 'skip'> | undefined
  /** called once when the baseline is lost: people should know before anything is decided */
  onBaselineLost: (reason: string) => void
  standstill: Pick<Standstill, 'beat'>
  steering: Pick<Steering, 'listen' | 'heard' | 'untilMs'>
  /** called when it begins to wait for people, with what it waits for */
  onWait: (reason: string) => void
  /** asked when the stage has passed: resolves when the next write may be made, and takes as long as that takes */
  mayGoOn: () => Promise<void>
  intervalMs: number
  clock: Clock
  signal: AbortSignal
  log: Log
  evidence: Pick<EvidenceCollector, 'progress'>
  trail: Pick<Trail, 'add'>
}

/** A judge for these stages, as the analysis asks for it, of what is measured. */
export function judgeFor(stages: readonly StagePlan[], analysis: JudgeConfig, measured: Measured): Judge {
  const settings = judgeSettings(analysis, measured)
  const limits = stages.map(({ errorRate, latency, ratios, thresholds, weight, watchMs }) =>
    defined({ watchMs, whole: weight === WHOLE, errorRate, latency, ratios, thresholds }),
  )
  return settings ? createSequentialJudge(settings, limits) : createThresholdJudge(limits)
}

/** The end of a stage, seen from the last of its windows. */
type WindowEnd = Omit<StageEnd, 'durationMs'>

/** A stage that has passed, and is still to be left: a reload changes nothing of it. */
interface Leaving {
  mayLeave: ReturnType<typeof asking>
  /** when it passed first (milliseconds of the action's clock), where it had to wait for people then */
  passedAt?: number
  /** what it waits for, as people were told last */
  waitsFor?: string
  /** somebody wants all of the traffic at once */
  skips?: true
}

/** The router lost what was written, by a reload. */
type Reloaded = Extract<Standing, { state: 'reloaded' }>

/**
 * Watches a stage to its end. A reload of the router is made good once, and the watch begins anew: what the judge has
 * seen of either arm before stays true. A second one ends the stage, since then nobody could say what was watched.
 */
export async function watchStage(watch: Watch): Promise<StageEnd> {
  const { clock, log, rewrite } = watch
  const began = clock.now().getTime()
  const leaving: Leaving = { mayLeave: asking(watch.mayGoOn, watch) }
  for (let { standing } = watch, rewritten = false; ; rewritten = true) {
    const end = await watchWindow({ ...watch, standing }, rewritten, leaving)
    if ('verdict' in end) return { ...end, durationMs: clock.now().getTime() - began }
    log.warning(`${end.reason}; it is written again, and the watch of the stage begins anew`)
    standing = await rewrite(end.found)
  }
}

/**
 * Samples and judges from the moment a stage's weight is in effect until the stage has its verdict, and, when it has
 * passed, until the next write may be made: a canary is not left unwatched for a ledger that does not answer. At each
 * sample the router is read, too: metrics alone do not show an arm that nobody can reach.
 */
async function watchWindow(
  watch: Watch,
  rewritten: boolean,
  leaving: Leaving,
): Promise<WindowEnd | Reloaded> {
  const { index, plan, judge, sampler, standing, intervalMs, clock, signal, trail } = watch
  await sampler.restart(signal)
  judge.restart()
  const began = clock.now().getTime()
  // No sample can be there earlier than the sources can tell of the first window.
  let lastGood = began + sampler.lag + sampler.resolution
  const silence = watchSilence(plan.weight === WHOLE)
  const missing = watch.watchMissed?.()
  let seen: CountsOfArms = { canary: total([]), baseline: total([]) }
  const say = teller(watch, began)
  const partial = tellPartial(watch.log)
  const effect = tellEffect(watch.log)
  const report = tellReported(watch.log)
  const rounds = checkRounds(watch.checks, { ...watch, failAfter: FAIL_AFTER })
  let told = false
  let waits = false
  let outOfService: string | undefined
  let reported: string | undefined
  for (let tick = 1; ; tick++) {
    // Absolute deadlines: a slow answer must not stretch every later interval.
    await clock.sleep(Math.max(0, began + tick * intervalMs - clock.now().getTime()), signal)
    const red = rounds.next()
    const [sample, router] = await Promise.all([sampler.sample(signal), standing.look(signal)])
    const decidedAtMs = clock.realMs()
    const now = clock.now().getTime()
    watch.standstill.beat(began + tick * intervalMs)
    const leftOut = sample && partial(sample)
    const found = router.state === 'holds' ? router.found : undefined
    if (found) outOfService = effect(found)
    const heard = watch.steering.listen()
    const end = (decision: Steered & Pick<StageEnd, 'outright'>, missed?: Missed): WindowEnd => ({
      ...decision,
      reason: noted(
        decision.reason,
        leftOut,
        missed?.because === 'not sent' ? missed.reason : undefined,
        outOfService,
        reported,
      ),
      seen,
      decidedAtMs,
    })
    if (router.state === 'reloaded' && !rewritten) return router
    const outright = ended(router, watch.arms) ?? abortedBy(heard)
    const broken = outright ?? failedCheck(red ?? watch.hooks?.failure(), plan)
    if (broken) {
      say(broken, now)
      return end({ ...broken, ...(outright && { outright: true }) })
    }
    if (router.state === 'lost' && !told) {
      told = true
      watch.onBaselineLost(router.reason)
    }
    if (!sample) continue
    const judged = judge.judge(sample, index)
    const { judgements } = judged
    seen = judged.seen
    reported = report(judgements) ?? reported
    trail.add({ stage: index, sample, judgements })
    // At 100 % nobody asks the baseline any more.
    const good =
      sample.canary &&
      (sample.baseline || plan.weight === WHOLE) &&
      judgements.every(({ verdict, reportOnly }) => verdict !== 'error' || reportOnly === true) &&
      router.state !== 'unreadable'
    if (good) lastGood = now
    tick = Math.max(tick, Math.floor((now - began) / intervalMs))
    const elapsedMs = Date.parse(sample.at) - began
    const silent = silence.next(sample)
    const missed = await missing?.(sample, found)
    const decision = decide(plan, {
      // What is watched is what the samples cover: with sources that lag, the stage lasts so much longer.
      elapsedMs,
      sinceGoodMs: now - lastGood,
      requests: seen.canary.requests,
      judgements: [...judgements, ...unreadable(router), ...swallowed(missed)],
      barred: barredBy(router) ?? silent ?? barredByShare(missed, plan, elapsedMs),
    })
    // One doubtful reading at the very end decides nothing: the next one tells.
    const sure = router.state === 'doubted' && decision.verdict !== 'fail' ? notYet(decision) : decision
    const { untilMs } = watch.steering
    const open = steer(sure, plan, heard, { now, passedAt: leaving.passedAt, untilMs })
    if (open.waits !== undefined) {
      leaving.passedAt ??= now
      if (open.waits !== leaving.waitsFor) watch.onWait(open.waits)
      leaving.waitsFor = open.waits
    }
    if (!open.final) {
      say(open, now)
      continue
    }
    if (open.skips && !leaving.skips) {
      leaving.skips = true
      watch.hooks?.skip()
      leaving.mayLeave = asking(watch.mayGoOn, watch)
    }
    const next = began + (tick + 1) * intervalMs
    if (open.then === 'rollback' || (await leaving.mayLeave(next - clock.now().getTime()))) {
      // What was waited for may have ended badly, and somebody may have said something meanwhile.
      const aborted = abortedBy(watch.steering.heard)
      const last = aborted ?? failedCheck(watch.hooks?.failure(), plan) ?? open
      const patience = { now, passedAt: leaving.passedAt, untilMs }
      if (last.then === 'rollback' || steer(sure, plan, watch.steering.heard, patience).final) {
        say(last, now)
        return end({ ...last, ...(aborted && { outright: true }) }, missed)
      }
      leaving.mayLeave = asking(watch.mayGoOn, watch)
      continue
    }
    if (!waits) tellWait(watch)
    waits = true
  }
}

const noted = (reason: string, ...notes: readonly (string | undefined)[]): string =>
  notes.reduce<string>((text, note) => (note === undefined ? text : `${text} (${note})`), reason)

/** What may change yet. */
function notYet({ then: _, ...decision }: StageDecision): StageDecision {
  return { ...decision, final: false }
}

/** What the router says that ends a stage at once: a canary that is lost, or somebody else's hand. */
function ended(router: Standing, { canary }: Arms): StageDecision | undefined {
  if (router.state === 'lost' && router.arms.includes(canary))
    return { verdict: 'fail', final: true, then: 'rollback', reason: router.reason }
  if (router.state === 'reloaded')
    return { verdict: 'error', final: true, then: 'rollback', reason: `for the second time ${router.reason}` }
  if (router.state === 'changed')
    return { verdict: 'error', final: true, then: 'rollback', reason: router.reason }
  return undefined
}

/** A script takes the time that it takes; a ledger ought to answer. */
function tellWait({ hooks, log }: Watch): void {
  const runs = hooks?.running()
  if (runs === undefined)
    log.warning('the stage has passed and is watched on: the ledger does not answer yet')
  else log.info(`the stage has passed and is watched on while ${runs} runs`)
}

/**
 * A check that stays red, or a script beside the watch that failed, fails the stage as the judge does: where failures are
 * only reported, it is shown.
 */
function failedCheck(red: string | undefined, { onFail }: StagePlan): StageDecision | undefined {
  return red === undefined || onFail === 'report'
    ? undefined
    : { verdict: 'fail', final: true, then: 'rollback', reason: red }
}

/**
 * Clients that stay away are not the fault of a canary that answers whoever comes: after the longest watch it passes.
 * What is known to be lost is a judgement of its own.
 */
function barredByShare(
  missed: Missed | undefined,
  { maxWatchMs }: StagePlan,
  elapsedMs: number,
): string | undefined {
  if (missed?.because === 'swallowed' || (missed?.because === 'not sent' && elapsedMs >= maxWatchMs))
    return undefined
  return missed?.reason
}

/** Requests that the router has sent to the canary and that its metrics do not show. */
const swallowed = (missed: Missed | undefined): Judgement[] =>
  missed?.because === 'swallowed'
    ? [{ metric: 'share of requests', verdict: 'fail', reason: () => missed.reason, observed: {} }]
    : []

/**
 * While the baseline is lost nothing is taken from the canary, and nothing passes: it may come back. Nor does anything
 * pass at a reading that tells nothing for sure, not even a fail that is only reported.
 */
function barredBy(router: Standing): string | undefined {
  if (router.state === 'lost')
    return `${router.reason}; nothing is taken from the arm that serves, and the stage waits`
  return router.state === 'doubted' || router.state === 'unreadable' ? router.reason : undefined
}

/** A router that cannot be read may hide anything: until it can be, no sample is a good one. */
const unreadable = (router: Standing): Judgement[] =>
  router.state === 'unreadable'
    ? [{ metric: 'router', verdict: 'error', reason: () => router.reason, observed: {} }]
    : []

/** Tells of each page that could not be read while others of its arm speak for it; gives what the whole stage lacks. */
function tellPartial(log: Log) {
  const pages = new Set<string>()
  let away = new Set<string>()
  return ({ baseline, canary, problems }: Sample): string | undefined => {
    const now = new Set([...(baseline?.leftOut ?? []), ...(canary?.leftOut ?? [])])
    if ([...now].some((page) => !away.has(page)))
      for (const { kind, message } of problems) if (kind === 'partial') log.warning(message)
    for (const page of away) if (!now.has(page)) log.info(`${page} is counted again`)
    away = now
    for (const page of now) pages.add(page)
    return pages.size === 0
      ? undefined
      : `some of what ${[...pages].join(', ')} counted is left out: it could not be read`
  }
}

/** One line per change of verdict, and the end. */
function teller({ index, plan, log, evidence }: Watch, began: number) {
  let said = ''
  return ({ verdict, reason, final }: StageDecision, now: number): void => {
    if (final || verdict !== said) {
      const since = formatDuration(Math.round((now - began) / 1000) * 1000)
      log.info(`[${since}] ${formatPercent(plan.weight)}: ${verdict}: ${reason}`)
      const at = new Date(now).toISOString()
      evidence.progress({ kind: 'verdict', at, stage: index, weight: plan.weight, verdict, reason, final })
    }
    said = verdict
  }
}
