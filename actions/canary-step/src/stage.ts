import {
  createSequentialJudge,
  decide,
  type Counts,
  type Judgement,
  type Sample,
  type SequentialJudge,
  type StageDecision,
} from '@deploy-actions/analysis'
import { defined, type Clock, type EvidenceCollector, type Log } from '@deploy-actions/action-kit'
import type { StagePlan } from '@deploy-actions/config'
import type { ArmSampler } from '@deploy-actions/metrics'
import { formatDuration, formatPercent, WHOLE } from '@deploy-actions/rollout'

/** One sample, and what was made of it: the trail that evidence keeps. */
export interface JudgedSample {
  stage: number
  sample: Sample
  judgements: Judgement[]
}

/** The end of a stage: what its canary did in it, and when the sample that ended it was there (real milliseconds). */
export interface StageEnd extends StageDecision {
  /** what the canary got in this stage */
  seen: Counts
  durationMs: number
  decidedAtMs: number
}

interface Watch {
  index: number
  plan: StagePlan
  judge: SequentialJudge
  sampler: ArmSampler
  intervalMs: number
  clock: Clock
  signal: AbortSignal
  log: Log
  evidence: Pick<EvidenceCollector, 'progress'>
  trail: JudgedSample[]
}

/** A judge for these stages, with the false-alarm probability and margin of the analysis. */
export function judgeFor(
  stages: readonly StagePlan[],
  { alpha, margin }: { alpha: number; margin: { ratio: number; absolute: number } },
): SequentialJudge {
  return createSequentialJudge(
    { alpha, margin },
    stages.map(({ errorRate, weight }) => defined({ whole: weight === WHOLE, errorRate })),
  )
}

/** Samples and judges from the moment a stage's weight is in effect until the stage has its verdict. */
export async function watchStage({
  index,
  plan,
  judge,
  sampler,
  intervalMs,
  clock,
  signal,
  log,
  evidence,
  trail,
}: Watch): Promise<StageEnd> {
  await sampler.restart(signal)
  const began = clock.now().getTime()
  // No sample can be there earlier than the sources can tell of the first window.
  let lastGood = began + sampler.lag + sampler.resolution
  let said = ''
  for (let tick = 1; ; tick++) {
    // Absolute deadlines: a slow answer must not stretch every later interval.
    await clock.sleep(Math.max(0, began + tick * intervalMs - clock.now().getTime()), signal)
    const sample = await sampler.sample(signal)
    if (!sample) continue
    const decidedAtMs = clock.realMs()
    const now = clock.now().getTime()
    const { judgements, seen } = judge.judge(sample, index)
    trail.push({ stage: index, sample, judgements })
    // At 100 % nobody asks the baseline any more.
    if (sample.canary && (sample.baseline || plan.weight === WHOLE)) lastGood = now
    tick = Math.max(tick, Math.floor((now - began) / intervalMs))
    const decision = decide(plan, {
      // What is watched is what the samples cover: with sources that lag, the stage lasts so much longer.
      elapsedMs: Date.parse(sample.at) - began,
      sinceGoodMs: Math.max(0, now - lastGood),
      requests: seen.canary.requests,
      judgements,
    })
    const line = `${formatPercent(plan.weight)}: ${decision.verdict}: ${decision.reason}`
    // One line per change of verdict, and the end.
    if (decision.final || decision.verdict !== said) {
      log.info(`[${formatDuration(Math.round((now - began) / 1000) * 1000)}] ${line}`)
      const { verdict, reason, final } = decision
      const at = new Date(now).toISOString()
      evidence.progress({ kind: 'verdict', at, stage: index, weight: plan.weight, verdict, reason, final })
    }
    said = decision.verdict
    if (decision.final) return { ...decision, seen: seen.canary, durationMs: now - began, decidedAtMs }
  }
}
