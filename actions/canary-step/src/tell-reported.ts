import type { Log } from '@deploy-actions/action-kit'
import type { Judgement } from '@deploy-actions/analysis'

/**
 * Tells of what is only reported when it would have failed the stage, and when it gives no answer; once until it is over. Gives
 * what was said of each last in the stage.
 */
export function tellReported(log: Log): (judgements: readonly Judgement[]) => string | undefined {
  const told = new Map<string, string>()
  const open = new Set<string>()
  return (judgements) => {
    for (const { metric, verdict, reason, reportOnly } of judgements) {
      if (!reportOnly) continue
      if (verdict !== 'fail' && verdict !== 'error') {
        open.delete(metric)
        continue
      }
      told.set(metric, reason())
      if (!open.has(metric)) log.warning(`${reason()} (only reported)`)
      open.add(metric)
    }
    return told.size === 0 ? undefined : `only reported: ${[...told.values()].join('; ')}`
  }
}
