import { formatDuration } from '@deploy-actions/rollout'
import { worst, type Judgement, type Verdict } from './verdict'

/** How long a stage is watched and what ends it. All times in milliseconds. */
export interface StageBudget {
  /** the shortest watch */
  watchMs: number
  /** the longest, while the data are too few */
  maxWatchMs: number
  /** without one good sample for this long, the stage is an error */
  errorTimeoutMs: number
  /** requests that the canary must have had in this stage before it can pass */
  minRequests: number
  /** `report` lets a fail be shown without deciding */
  onFail: 'rollback' | 'report'
  /** `hold` goes on waiting for answers until the longest watch is over */
  onError: 'rollback' | 'hold'
  /** what too few data come to when the longest watch is over */
  onInconclusive: 'rollback' | 'promote'
}

/** Where a stage stands after a sample: it goes on, or it has its verdict. */
export interface StageDecision {
  verdict: Verdict
  /** true when this is the stage's end */
  final: boolean
  /** what follows a final verdict */
  then?: 'next' | 'rollback'
  reason: string
  /** of what is taken back: nothing says that the canary is worse than the baseline, which fails as much */
  alike?: true
}

/** What is known when a sample has been judged. */
export interface StageProgress {
  /** since the stage's weight was in effect */
  elapsedMs: number
  /** since the last sample whose metrics all answered, or since one could first be there: negative before that */
  sinceGoodMs: number
  /** of the canary in this stage */
  requests: number
  judgements: readonly Judgement[]
  /** why the stage must not pass now, whatever the judgements say */
  barred?: string | undefined
}

/** Decides from budgets alone what a sample means for its stage. */
export function decide(
  budget: StageBudget,
  { elapsedMs, sinceGoodMs, requests, judgements: all, barred }: StageProgress,
): StageDecision {
  const judgements = all.filter(({ reportOnly }) => reportOnly !== true)
  const verdict = worst(judgements.map((judgement) => judgement.verdict))
  const deciding = judgements.filter((judgement) => judgement.verdict === verdict)
  // What speaks against this release alone comes first: both may fail, and one of them more.
  const first = deciding.find(({ alike }) => !alike) ?? deciding[0]
  const because = first?.reason() ?? 'nothing was measured'

  if (verdict === 'fail' && budget.onFail === 'rollback')
    return { verdict, final: true, then: 'rollback', reason: because, ...(first?.alike && { alike: true }) }

  if (sinceGoodMs >= budget.errorTimeoutMs && budget.onError === 'rollback')
    return {
      verdict: 'error',
      final: true,
      then: 'rollback',
      reason: `no good sample for ${formatDuration(sinceGoodMs)}: ${because}`,
    }

  const enough = requests >= budget.minRequests
  // Where failures are only shown, so is what may be one.
  const suspected =
    verdict === 'inconclusive' && deciding.length > 0 && deciding.every(({ suspected }) => suspected)
  const shown = suspected && budget.onFail === 'report'
  const judged = barred === undefined && (verdict === 'pass' || verdict === 'fail' || shown)
  const tooLittle = barred ?? (enough ? because : tooFew(requests, budget))
  if (elapsedMs >= budget.watchMs && enough && judged)
    return { verdict, final: true, then: 'next', reason: because }

  // One lost answer at the very end is not a verdict: the next may come before the error time is over.
  const justLost = verdict === 'error' && enough && sinceGoodMs < budget.errorTimeoutMs
  if (elapsedMs >= budget.maxWatchMs && !justLost) {
    const reason = `after the longest watch of ${formatDuration(budget.maxWatchMs)} ${verdict === 'error' ? because : tooLittle}`
    // No data never promotes, whatever a config says.
    const mayPromote = verdict !== 'error' && requests > 0 && barred === undefined
    // What was not found in all that time takes nothing back by itself.
    const promote = mayPromote && (budget.onInconclusive === 'promote' || (suspected && enough))
    return {
      verdict: verdict === 'error' ? 'error' : 'inconclusive',
      final: true,
      then: promote ? 'next' : 'rollback',
      reason,
      ...(!promote && first?.alike && { alike: true }),
    }
  }
  if (verdict === 'error') return { verdict, final: false, reason: because }
  return enough && judged
    ? { verdict, final: false, reason: because }
    : { verdict: 'inconclusive', final: false, reason: tooLittle }
}

function tooFew(requests: number, { minRequests }: StageBudget): string {
  return `the canary had ${requests} of the ${minRequests} requests that this stage needs`
}

/** Requests without an error that show, with 95 % confidence, a rate below `limit`: ln 0.05 / ln(1 - limit). */
export function requestsToSee(limit: number): number {
  return Math.ceil(Math.log(0.05) / Math.log(1 - limit))
}

/** Without a limit a stage needs enough requests for a gross failure to show. */
export const LEAST_REQUESTS = 20

/** A stage as far as its reach is concerned. */
export interface StageReach {
  /** share of the traffic, in basis points */
  weight: number
  maxWatchMs: number
  minRequests: number
}

/**
 * Which stages cannot see as many requests as they need, at the traffic of the whole region.
 * @param requestsPerSecond of both arms together, the most that it can be
 * @returns a sentence for each such stage, by its index
 */
export function unreachable(
  requestsPerSecond: number,
  stages: readonly StageReach[],
): { stage: number; message: string }[] {
  return stages.flatMap(({ weight, maxWatchMs, minRequests }, stage) => {
    const perSecond = (requestsPerSecond * weight) / 10_000
    const seen = Math.floor((perSecond * maxWatchMs) / 1000)
    if (seen >= minRequests) return []
    const needed =
      perSecond > 0
        ? `; it would have to watch for ${formatDuration(Math.ceil(minRequests / perSecond) * 1000)}`
        : ''
    const message = `needs ${minRequests} requests (min-requests), but at ${Number(requestsPerSecond.toPrecision(3))} requests/s at most the canary sees ${seen} in its longest watch of ${formatDuration(maxWatchMs)}${needed}; lower min-requests or watch longer`
    return [{ stage, message }]
  })
}
