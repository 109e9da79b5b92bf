/**
 * A root of a continuous function between two points where its signs differ, by Brent's method: secants or inverse quadratic
 * interpolation where they close in fast enough, else halving (R. P. Brent, Algorithms for Minimization Without Derivatives,
 * 1973, chapter 4).
 * @param tolerance absolute, of the root
 */
export function rootBetween(
  f: (x: number) => number,
  [low, high]: readonly [number, number],
  tolerance: number,
): number {
  /** the best guess, the one before, and a point with the other sign */
  let [best, before, across] = [high, low, low]
  let [fBest, fBefore, fAcross] = [f(high), f(low), f(low)]
  let [step, stepBefore] = [high - low, high - low]
  for (let iteration = 0; iteration < 1000; iteration++) {
    if (Math.abs(fAcross) < Math.abs(fBest)) {
      ;[before, best, across] = [best, across, best]
      ;[fBefore, fBest, fAcross] = [fBest, fAcross, fBest]
    }
    const half = (across - best) / 2
    const least = 2 * Number.EPSILON * Math.abs(best) + tolerance / 2
    if (Math.abs(half) <= least || fBest === 0) return best
    const guess = interpolated()
    ;[stepBefore, step] = guess === undefined ? [half, half] : [step, guess]
    ;[before, fBefore] = [best, fBest]
    best += Math.abs(step) > least ? step : half > 0 ? least : -least
    fBest = f(best)
    if (fBest > 0 === fAcross > 0) {
      ;[across, fAcross] = [before, fBefore]
      step = stepBefore = best - before
    }

    /** A step by interpolation, unless it would leave the bracket or has not closed in fast enough. */
    function interpolated(): number | undefined {
      if (Math.abs(stepBefore) < least || Math.abs(fBefore) <= Math.abs(fBest)) return undefined
      let [p, q] = secantOrQuadratic()
      if (p > 0) q = -q
      else p = -p
      const isClose = 2 * p < Math.min(3 * half * q - Math.abs(least * q), Math.abs(stepBefore * q))
      return isClose ? p / q : undefined
    }

    /** The step p/q of a secant, or of inverse quadratic interpolation where there are three points. */
    function secantOrQuadratic(): [p: number, q: number] {
      const s = fBest / fBefore
      if (before === across) return [2 * half * s, 1 - s]
      const [r, t] = [fBest / fAcross, fBefore / fAcross]
      return [s * (2 * half * t * (t - r) - (best - before) * (r - 1)), (t - 1) * (r - 1) * (s - 1)]
    }
  }
  return best
}
