import { createRandom } from '@deploy-actions/analysis'
import type { NewRule, Rates } from '../peers/rule'
import { hourBefore, rollOut, type World } from './world'

/** What a rule made of one rollout. */
export interface Outcome {
  /** since the rollout began, in milliseconds; undefined when it let the release go on */
  takenBackMs: number | undefined
  /** requests that failed for the fault alone before that, by expectation */
  lost: number
}

/** One rollout in a world, of which all rules see the same counts; one outcome for each of them. */
export function play(world: World, rules: readonly NewRule[], seed: number): Outcome[] {
  const random = createRandom(seed)
  let rates: Rates = { baseline: 0, canary: 0 }
  const asked = rules.map((begin) => begin({ schedule: world.schedule, rates: () => rates }))
  const outcomes: (Outcome | undefined)[] = rules.map(() => undefined)
  for (const minute of hourBefore(world, random)) for (const rule of asked) rule.learn?.(minute, 60_000)
  let lost = 0
  for (const moment of rollOut(world, random)) {
    rates = moment.rates
    lost += moment.lost
    for (const [index, rule] of asked.entries())
      if (!outcomes[index] && rule.takesBack(moment.sample, moment.stage))
        outcomes[index] = { takenBackMs: moment.atMs, lost }
    if (outcomes.every((outcome) => outcome !== undefined)) break
  }
  return outcomes.map((outcome) => outcome ?? { takenBackMs: undefined, lost })
}
