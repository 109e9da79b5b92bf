import type { NewRule } from '../peers/rule'
import { play, type Outcome } from './play'
import { RULES, type RuleName } from './rules'
import type { World } from './world'

/** Some rollouts of a cell. */
export interface Job {
  world: World
  rules: RuleName[]
  seeds: number[]
}

/** For each seed, what each rule made of it. */
export type Done = Outcome[][]

// Everything is given by messages, and each is answered with one.
process.on('message', ({ world, rules, seeds }: Job) => {
  const begun = rules.map((name): NewRule => RULES[name])
  const done: Done = seeds.map((seed) => play(world, begun, seed))
  process.send?.(done)
})
