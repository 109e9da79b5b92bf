import { highestRate, type Margin } from './error-evidence'
import { add, total } from './sample'
import { watchWobble, type Wobble } from './wobble'

/** What is known of the baseline from the samples that it was shown. */
export interface KnownBaseline extends Wobble {
  /**
   * The highest rate (0 to 1) that a canary may have without a baseline beside it, where its rate moves no more than it
   * has: with probability 1 - `alpha` or more. Undefined when it never had traffic.
   */
  highestAllowed(alpha: number): number | undefined
}

export function knowBaseline({ ratio, absolute }: Margin): KnownBaseline {
  const wobble = watchWobble()
  const sum = total([])
  let overMs = 0
  return {
    ...wobble,
    learn(sample, windowMs) {
      wobble.learn(sample, windowMs)
      add(sum, sample)
      overMs += windowMs
    },
    highestAllowed: (alpha) =>
      sum.requests === 0
        ? undefined
        : Math.min(1, highestRate(sum, overMs, alpha, wobble) * ratio + absolute),
  }
}
