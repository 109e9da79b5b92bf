import { defined } from '@deploy-actions/rollout'
import { LEAST_REQUESTS, requestsToSee, unreachable, type StageBudget } from '@deploy-actions/analysis'
import type { AnalysisConfig, StageConfig } from './schema'

/** A stage with everything filled in that its config leaves to defaults. */
export interface StagePlan extends StageBudget {
  /** basis points */
  weight: number
  errorRate?: number
  /** names of checks that are looked at while it runs */
  checks: readonly string[]
  /** once it has passed it waits for a person's yes for so long, and what becomes of it without one */
  confirm?: { withinMs: number; otherwise: 'restore' | 'next' }
  /** where its metrics or checks fail it, it steps back to that weight (basis points) and is watched there before it is restored */
  stepBack?: { weight: number; holdMs: number }
}

/** How often the longest watch is longer than the shortest, unless `max-watch` says it. */
const MAX_WATCH_FACTOR = 3

/** Fills a stage's defaults: `min-requests` is what the tightest limit needs, the longest watch three times the watch. */
export function planStages(stages: readonly StageConfig[], analysis: AnalysisConfig): StagePlan[] {
  return stages.map((stage) => {
    const limit = stage.limits['error-rate']
    return defined({
      weight: stage.weight,
      watchMs: stage.watch,
      maxWatchMs: Math.max(stage.watch, analysis['max-watch'] ?? MAX_WATCH_FACTOR * stage.watch),
      errorTimeoutMs: analysis['error-timeout'],
      minRequests:
        stage['min-requests'] ??
        analysis['min-requests'] ??
        (limit === undefined ? LEAST_REQUESTS : requestsToSee(limit)),
      onFail: analysis['on-fail'],
      onError: analysis['on-error'],
      onInconclusive: analysis['on-inconclusive'],
      errorRate: limit,
      checks: stage.checks,
      confirm: stage.confirm && { withinMs: stage.confirm.within, otherwise: stage.confirm.else },
      stepBack: stage['on-fail'] && { weight: stage['on-fail'].to, holdMs: stage['on-fail'].hold },
    })
  })
}

/** The stages that cannot reach `min-requests` at this traffic, a sentence each. */
export function stagesOutOfReach(requestsPerSecond: number, plans: readonly StagePlan[]): string[] {
  return unreachable(requestsPerSecond, plans).map(
    ({ stage, message }) => `canary.stages[${stage}] (${(plans[stage]?.weight ?? 0) / 100}%): ${message}`,
  )
}
