import { createSequentialJudge } from '@deploy-actions/analysis'
import { argo } from '../peers/argo'
import { flagger } from '../peers/flagger'
import { kayenta } from '../peers/kayenta'
import { oracle } from '../peers/oracle'
import type { NewRule } from '../peers/rule'
import { anyBreach, consecutiveBreaches } from '../peers/runbook'

/** How much worse than the baseline is still harmless: the default of `margin`. */
export const MARGIN = { ratio: 1.25, absolute: 0.001 }

/** Our judge, as a stage uses it: its windows begin anew with each stage, and one judgement that fails takes the release back. */
export const sequential =
  (alpha: number, warmUpMs = 0, more: { latencyTolerance?: number } = {}): NewRule =>
  ({ schedule }) => {
    const judge = createSequentialJudge(
      { alpha, margin: MARGIN, warmUpMs, ...more },
      schedule.map(({ weight, watchMs, errorRate }) => ({
        ...{ watchMs, whole: weight === 1 },
        ...(errorRate !== undefined && { errorRate }),
      })),
    )
    let current: number | undefined
    return {
      learn: judge.learn,
      takesBack(sample, stage) {
        if (stage !== current) judge.restart()
        current = stage
        return judge.judge(sample, stage).judgements.some(({ verdict }) => verdict === 'fail')
      },
    }
  }

export const RULES = {
  sequential: sequential(0.01),
  'sequential, alpha 10%': sequential(0.1),
  'sequential, warm-up 1 min': sequential(0.01, 60_000),
  'sequential, latency': sequential(0.01, 0, { latencyTolerance: 1.1 }),
  'runbook: 2 x 1%': consecutiveBreaches,
  'runbook: any breach': anyBreach,
  'Argo 0': argo(0),
  'Argo 3': argo(3),
  'Flagger 5': flagger(5),
  Kayenta: kayenta,
  oracle,
} satisfies Record<string, NewRule>

export type RuleName = keyof typeof RULES
