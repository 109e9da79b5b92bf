/**
 * A root of a continuous function between two points where its signs differ: by secants or inverse quadratic interpolation
 * where these close in fast enough, else by halving (R. P. Brent, Algorithms for Minimization Without Derivatives, 1973,
 * chapter 4). A step is held against the one before it, as R's `uniroot` does, where Brent has the one before that.
 * @param tolerance absolute, of the root
 */
export function rootBetween(
  f: (x: number) => number,
  [low, high]: readonly [number, number],
  tolerance: number,
): number {
  let before: Point = { x: low, y: f(low) }
  let best: Point = { x: high, y: f(high) }
  let across = before
  for (let iteration = 0; iteration < 1000; iteration++) {
    const lastStep = best.x - before.x
    if (Math.abs(across.y) < Math.abs(best.y)) [before, best, across] = [best, across, best]
    const half = (across.x - best.x) / 2
    const least = 2 * Number.EPSILON * Math.abs(best.x) + tolerance / 2
    if (Math.abs(half) <= least || best.y === 0) return best.x
    const step = interpolatedStep({ before, best, across }, lastStep, least) ?? half
    const x = best.x + (Math.abs(step) > least ? step : least * Math.sign(half))
    before = best
    best = { x, y: f(x) }
    if (best.y > 0 === across.y > 0) across = before
  }
  return best.x
}

interface Point {
  x: number
  y: number
}

/** `across` has another sign than `best`, and is not nearer to a root; `before` was the best before. */
interface Bracket {
  before: Point
  best: Point
  across: Point
}

/** Where the curve through the points crosses zero, seen from the best of them; nothing where that would not close in fast. */
function interpolatedStep(bracket: Bracket, lastStep: number, least: number): number | undefined {
  const { before, best, across } = bracket
  if (Math.abs(lastStep) < least || Math.abs(before.y) <= Math.abs(best.y)) return undefined
  const [p, q] = before === across ? secant(bracket) : inverseQuadratic(bracket)
  const [forward, divisor] = p > 0 ? [p, -q] : [-p, q]
  const half = (across.x - best.x) / 2
  const isFast =
    2 * forward < Math.min(3 * half * divisor - Math.abs(least * divisor), Math.abs(lastStep * divisor))
  return isFast ? forward / divisor : undefined
}

function secant({ best, across }: Bracket): [p: number, q: number] {
  const s = best.y / across.y
  return [(across.x - best.x) * s, 1 - s]
}

function inverseQuadratic({ before, best, across }: Bracket): [p: number, q: number] {
  const [s, r, t] = [best.y / before.y, best.y / across.y, before.y / across.y]
  return [
    s * ((across.x - best.x) * t * (t - r) - (best.x - before.x) * (r - 1)),
    (t - 1) * (r - 1) * (s - 1),
  ]
}
