/** Terms that are smaller than this part of the largest are left out: all of them together are less than 1e-15. */
const NEGLIGIBLE = 1e-18

/**
 * The smallest number of successes that is reached with probability `luck` or more: what a uniform draw comes to. Of the same luck
 * it grows with the probability, so that rates can be compared by the same draws.
 * @param luck 0 to 1
 */
export function binomialQuantile(luck: number, trials: number, probability: number): number {
  if (trials === 0 || probability <= 0) return 0
  if (probability >= 1) return trials
  const odds = probability / (1 - probability)
  const mode = Math.min(trials, Math.floor((trials + 1) * probability))
  // The largest term counts as 1, so that none underflows; where the distribution begins is found on the way down.
  let [lowest, first, all] = [mode, 1, 1]
  while (lowest > 0 && first > NEGLIGIBLE) {
    first *= lowest / ((trials - lowest + 1) * odds)
    all += first
    lowest--
  }
  for (let [k, term] = [mode, 1]; k < trials && term > NEGLIGIBLE; k++) {
    term *= ((trials - k) * odds) / (k + 1)
    all += term
  }
  const wanted = luck * all
  let [successes, term, sum] = [lowest, first, first]
  while (sum < wanted && successes < trials) {
    term *= ((trials - successes) * odds) / (successes + 1)
    successes++
    sum += term
  }
  return successes
}
