import { add, total, type Counts } from './sample'

/** Rates wander for as long as this, as far as it is counted with. */
export const WOBBLE_MS = 180_000
/** Two hours. */
const REMEMBERED = 40
/** An arm wanders by so much even where nobody has seen it yet. */
const LEAST = 0.13
/** Median of the square of a standard normal variable. */
const MEDIAN_OF_SQUARE = 0.4549
/**
 * The median of n squares of a normal variable has a standard error of 1/(2 n^(1/2) f) at its median 0.4549, where their density f
 * is 0.4724: 2.33 n^(-1/2) times itself. Two and a half of these more than chance makes on average are taken for chance, so that
 * the scatter of a few errors is not.
 */
const DOUBT = 2.5 * 2.33
/** With fewer differences nothing is said of how rates wander. */
const LEAST_PAIRS = 4

/**
 * How the error rate of an arm wanders by itself, from block to block of 180 s: its coefficient of variation c, by what is
 * past. Half the median of the squared differences of neighbouring blocks, less what chance alone makes of them: neither a
 * trend nor a single bad block counts.
 */
export interface Wobble {
  learn(sample: Counts, windowMs: number): void
  /** at least 0.13 */
  variation(): number
  /** errors of all requests: half an error and one request more than were seen, so that it is not 0 */
  rate(): number
}

interface Block {
  counts: Counts
  ms: number
}

export function watchWobble(): Wobble {
  const blocks: Block[] = []
  let current: Block = { counts: total([]), ms: 0 }
  let known: number | undefined
  return {
    learn(sample, windowMs) {
      add(current.counts, sample)
      current.ms += windowMs
      if (current.ms < WOBBLE_MS) return
      blocks.push(current)
      if (blocks.length > REMEMBERED) blocks.shift()
      current = { counts: total([]), ms: 0 }
      known = undefined
    },
    variation: () => (known ??= Math.max(LEAST, variationOf(blocks.map(({ counts }) => counts)))),
    rate() {
      const { requests, errors } = total([...blocks.map(({ counts }) => counts), current.counts])
      return (errors + 0.5) / (requests + 1)
    },
  }
}

function variationOf(all: readonly Counts[]): number {
  const blocks = all.filter(({ requests }) => requests > 0)
  const rate = median(blocks.map(({ requests, errors }) => errors / requests))
  if (blocks.length <= LEAST_PAIRS || rate === 0) return 0
  const squares: number[] = []
  let chance = 0
  for (const [index, one] of blocks.slice(1).entries()) {
    const before = blocks[index] as Counts
    squares.push((one.errors / one.requests - before.errors / before.requests) ** 2)
    chance += rate * (1 / one.requests + 1 / before.requests)
  }
  const byChance = (chance / squares.length) * (1 + DOUBT / Math.sqrt(squares.length))
  const spread = median(squares) / MEDIAN_OF_SQUARE - byChance
  return Math.sqrt(Math.max(0, spread / 2)) / rate
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return 0
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
