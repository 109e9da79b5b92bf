import { worst, type Judgement, type Sample } from '@deploy-actions/analysis'

/** One sample, and what was made of it. */
export interface JudgedSample {
  stage: number
  sample: Sample
  judgements: Judgement[]
}

/**
 * The samples of a walk and what was made of them, for evidence and summary. A walk of hours would hold thousands that say
 * the same. Kept are the newest, the first and the last of each stage, and each at which the verdict changed; of the others
 * all for an hour, one every ten seconds, and then evenly fewer: of neighbours the one with the higher error rate of the
 * canary. Where the verdict wavers for hours, these changes are thinned in the same way.
 */
export interface Trail {
  add(one: JudgedSample): void
  /** in their order */
  samples(): JudgedSample[]
  /** how many are not among them */
  leftOut(): number
}

/** Even, since it is halved. */
const MOST_PLAIN = 360
const MOST_TURNS = 180

interface Placed {
  place: number
  one: JudgedSample
  /** the first or the last of its stage, or another verdict than the one before */
  turns: boolean
}

export function createTrail(): Trail {
  const [turns, plain] = [spreadEvenly(MOST_TURNS), spreadEvenly(MOST_PLAIN)]
  let newest: Placed | undefined
  let count = 0
  const kept = (): Placed[] => [...turns.held(), ...plain.held(), ...(newest ? [newest] : [])]
  return {
    add(one) {
      const before = newest
      const begins = before?.one.stage !== one.stage
      if (before) (before.turns || begins ? turns : plain).add(before)
      newest = { place: count++, one, turns: begins || verdictOf(before.one) !== verdictOf(one) }
    },
    samples: () =>
      kept()
        .sort((a, b) => a.place - b.place)
        .map(({ one }) => one),
    leftOut: () => count - kept().length,
  }
}

const verdictOf = ({ judgements }: JudgedSample) => worst(judgements.map(({ verdict }) => verdict))

/** Share of the canary's requests that failed, 0 to 1; 0 where it had none or gave no answer. */
export function canaryRate({ sample: { canary } }: JudgedSample): number {
  return canary && canary.requests > 0 ? canary.errors / canary.requests : 0
}

/** Holds `most` or fewer of what it is given: the worst of each so many in a row, of twice as many whenever it is full. */
function spreadEvenly(most: number) {
  let held: Placed[] = []
  let inARow = 1
  let given = 0
  return {
    held: () => held,
    add(one: Placed): void {
      const neighbour = given++ % inARow === 0 ? undefined : held.pop()
      held.push(neighbour ? worse(neighbour, one) : one)
      if (held.length <= most) return
      held = held.flatMap((one, index) => (index % 2 === 0 ? worse(one, held[index + 1] ?? one) : []))
      inARow *= 2
    },
  }
}

const worse = (one: Placed, other: Placed): Placed =>
  canaryRate(other.one) > canaryRate(one.one) ? other : one
