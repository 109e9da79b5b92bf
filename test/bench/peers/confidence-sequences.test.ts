import { describe, expect, it } from '@jest/globals'
import {
  bestRho,
  betaBinomialMixture,
  boundOf,
  gammaExponentialMixture,
  gammaPoissonMixture,
  normalMixture,
  rateInterval,
  type Mixture,
} from './confidence-sequences'
import golden from './golden/confidence-sequences.json' with { type: 'json' }

const BEST = { v: golden.v_opt, alpha: golden.alpha }

type Case = Partial<Record<'s' | 'v' | 'c' | 'g' | 'h' | 'alpha' | 'x' | 'n' | 't_opt', number>> & {
  fn: string
  expect: number | number[]
}

function mixtureOf({ fn, c, g, h }: Case): Mixture {
  const isOneSided = fn.endsWith('one_sided')
  if (fn.startsWith('normal')) return normalMixture(BEST, isOneSided)
  if (fn.startsWith('gamma_exponential')) return gammaExponentialMixture(BEST, c!)
  if (fn.startsWith('gamma_poisson')) return gammaPoissonMixture(BEST, c!)
  return betaBinomialMixture(BEST, [g!, h!], isOneSided)
}

function computed(row: Case): number[] {
  if (row.fn === 'normal_two_sided_best_rho') return [bestRho(row.v!, row.alpha!)]
  if (row.fn === 'bernoulli_ci') return rateInterval(row.x!, row.n!, { best: row.t_opt!, alpha: BEST.alpha })
  if (row.fn.includes('log_mixture')) return [mixtureOf(row)(row.s!, row.v!)]
  return [boundOf(mixtureOf(row), row.v!, BEST.alpha)]
}

describe('confidence sequences', () => {
  it.each(golden.cases as Case[])('agree with those of confseq: $fn', (row) => {
    const found = computed(row)
    const differences = [row.expect].flat().map((expected, index) => Math.abs(found[index]! - expected))
    expect(Math.max(...differences)).toBeLessThan(1e-5)
  })
})
