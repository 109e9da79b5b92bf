import type { Random } from '@deploy-actions/embedded-regions'

/** A Poisson count: by Knuth's product for small means, by its normal approximation for large ones. */
export function poisson(mean: number, random: Random): number {
  if (mean > 60) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }
  const floor = Math.exp(-mean)
  let count = 0
  for (let product = random(); product > floor; count++) product *= random()
  return count
}
