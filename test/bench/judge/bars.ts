import type { Order, Result } from './farm'
import type { RuleName } from './rules'
import { cellOf, withoutFault, type Cell } from './scenarios'
import { foundShare, interval, median, middleMs, quantileMs, takenShare, type Tally } from './statistics'
import { percent, seconds } from './text'

/** Something that has to be so, and the cells that show whether it is. */
export interface Bar {
  name: string
  needs: { cell: Cell; rules: RuleName[] }[]
  measure(of: Look): Measured
}

/** What a rule made of a cell. */
export type Look = (cell: Cell, rule: RuleName) => Tally

export interface Measured {
  isMet: boolean
  /** in words, with the numbers */
  found: string
}

const OURS = 'sequential'
const OURS_TIMED = 'sequential, latency'
/** Without a baseline beside it, the canary at 100 % is held against a rate that drift leaves behind. */
const KEPT = 'five of 10 min, last at 90%'
const SECOND_MS = 1000
const MINUTE_MS = 60_000

/**
 * Where ours is later all the same. In these cells another bar excludes that it is not, as docs/judges.md shows by how much: what
 * makes it quicker there takes back more of what is healthy than the bars of false alarms allow.
 */
const KNOWN_LATER: Partial<Record<RuleName, readonly string[]>> = {
  'Argo 3': ['x10 from the start, 0.1% at 10 rps', '+1% from the start, 0% at 10 rps'],
  'Flagger 5': ['x10 from the start, 0.1% at 10 rps'],
  Kayenta: ['x2 from the start, 1% at 100 rps'],
}

const seenBy = (cells: readonly Cell[], ...rules: RuleName[]): Bar['needs'] =>
  cells.map((cell) => ({ cell, rules }))

const HEALTHY = [
  ...[0.5, 2, 10, 100, 1000].map((traffic) => cellOf('healthy', 0.001, traffic)),
  ...[10, 1000].map((traffic) => cellOf('healthy', 0, traffic)),
  ...[100, 1000].map((traffic) => cellOf('healthy', 0.0001, traffic)),
  ...[10, 100, 1000].map((traffic) => cellOf('healthy', 0.01, traffic)),
  ...[2, 100, 1000].map((traffic) => cellOf('healthy', 0.03, traffic)),
  cellOf('steady arrivals', 0.01, 100),
  cellOf('healthy', 0.001, 100, 'four of 5, one of 30 min'),
]

const SHARED_WOBBLE = [
  ...[100, 1000].map((traffic) => cellOf('wobble shared cv 0.5 60 s', 0.01, traffic)),
  ...[100, 1000].map((traffic) => cellOf('wobble shared cv 0.5 180 s', 0.01, traffic)),
  cellOf('wobble shared cv 0.25 180 s', 0.01, 1000),
]

const DISTURBED = [
  ...['20% 1', '20% 5', '60% 1', '60% 5'].map((what) => cellOf(`outage of both ${what} min`, 0.001, 100)),
  ...[100, 1000].map((traffic) => cellOf('spike in the baseline 20% 1 min', 0.001, traffic)),
  ...['late', 'missing', 'reset'].map((what) => cellOf(`${what} counters`, 0.01, 100)),
  ...['rising', 'falling'].map((how) => cellOf(`diurnal, ${how} x3`, 0.01, 100, KEPT)),
  cellOf('traffic stops', 0.001, 100),
]

const TIMED_HARMLESS = ['latency as the baseline', 'latency +10%'].flatMap((scenario) =>
  ['', ', fine buckets'].flatMap((buckets) =>
    [100, 1000].map((traffic) => cellOf(`${scenario}${buckets}`, 0.001, traffic)),
  ),
)

const holds = [60, 180]
const OWN_WOBBLE = holds.flatMap((hold) =>
  [100, 1000].map((traffic) => cellOf(`wobble each cv 0.5 ${hold} s`, 0.01, traffic)),
)
const OWN_WOBBLE_HIGH = holds.map((hold) => cellOf(`wobble each cv 0.5 ${hold} s`, 0.03, 1000))
const CANARY_WOBBLE = holds.flatMap((hold) =>
  [100, 1000].map((traffic) => cellOf(`wobble canary cv 0.3 ${hold} s`, 0.01, traffic)),
)

const BOUNDARY = [
  cellOf('boundary', 0.001, 100),
  cellOf('boundary', 0.01, 1000),
  cellOf('boundary, shared wobble', 0.01, 1000),
  ...['rising', 'falling'].map((how) => cellOf(`boundary, rates ${how} x3`, 0.01, 1000, KEPT)),
]

const x10 = (traffic: number): Cell => cellOf('x10 from the start', 0.001, traffic)
const LATE = cellOf('x10 from minute 25', 0.001, 100)
const AFTER_BLIP = cellOf('x10 from minute 25 after a blip of both', 0.001, 100)

const FROM_THE_START = [
  ...[10, 100, 1000].map(x10),
  ...[100, 1000].map((traffic) => cellOf('x5 from the start', 0.001, traffic)),
  ...[100, 1000].map((traffic) => cellOf('x2 from the start', 0.01, traffic)),
  cellOf('x10 from the start', 0.01, 10),
  ...[10, 100].map((traffic) => cellOf('+1% from the start', 0, traffic)),
  cellOf('+5% from the start', 0.001, 10),
  ...[0.5, 10].map((traffic) => cellOf('100% from the start', 0.001, traffic)),
]
const LATER = [
  ...[LATE, AFTER_BLIP, cellOf('x10 from minute 10', 0.001, 100)],
  ...['x5', '+1%'].map((what) => cellOf(`${what} from minute 25`, 0.001, 100)),
]

const limited = (limits: string, traffic: number): Cell =>
  cellOf(`x10 from the start, ${limits}`, 0.001, traffic)

const COLD = cellOf('cold start 5% 1 min', 0.001, 100)

/** Shown without a bar: a canary that wobbles so much by itself, which nothing learnt beforehand tells from a worse release. */
export const SHOWN: { cell: Cell; rule: RuleName }[] = [
  { cell: cellOf('wobble canary cv 0.5 180 s', 0.01, 1000), rule: OURS },
  ...['latency +20%', 'latency +50%', 'latency +100%', 'latency of 1% x10'].flatMap((scenario) =>
    ['', ', fine buckets'].map((buckets): { cell: Cell; rule: RuleName } => ({
      cell: cellOf(`${scenario}${buckets}`, 0.001, 100),
      rule: OURS_TIMED,
    })),
  ),
]

export const BARS: readonly Bar[] = [
  falseAlarms('healthy: at most 1% taken back', HEALTHY, 0.01),
  falseAlarms('shared wobble: at most 1%', SHARED_WOBBLE, 0.01),
  falseAlarms('outages, spikes, drift, poor counters: at most 1%', DISTURBED, 0.01),
  falseAlarms('own wobble cv 0.5 at 1%: at most 1%', OWN_WOBBLE, 0.01),
  falseAlarms('own wobble cv 0.5 at 3%: at most 2%', OWN_WOBBLE_HIGH, 0.02),
  falseAlarms("canary's wobble cv 0.3: at most 1%", CANARY_WOBBLE, 0.01),
  falseAlarms('cold start with warm-up: at most 1%', [COLD], 0.01, 'sequential, warm-up 1 min'),
  atBoundary('boundary of the margin: alpha 1% is kept', OURS, 0.01),
  atBoundary('boundary of the margin: alpha 10% is kept', 'sequential, alpha 10%', 0.1),
  found('x10 at 100 rps: all', x10(100), 1),
  within('x10 at 100 rps: median 2 min', x10(100), 0.5, 2 * MINUTE_MS),
  within('x10 at 100 rps: p90 4 min', x10(100), 0.9, 4 * MINUTE_MS),
  found('x10 at 10 rps: 95%', x10(10), 0.95),
  within('x10 at 10 rps: median 16 min', x10(10), 0.5, 16 * MINUTE_MS),
  within('x10 at 1000 rps: median 20 s', x10(1000), 0.5, 20 * SECOND_MS),
  within('x10 from minute 25 at 100 rps: median 2.5 min', LATE, 0.5, 2.5 * MINUTE_MS),
  found('x10 after a blip of both: all', AFTER_BLIP, 1),
  slower('x10 after a blip of both: at most 2.5 times slower', [[AFTER_BLIP, LATE]], 2.5),
  neverLater('Argo 3'),
  neverLater('Flagger 5'),
  neverLater('Kayenta'),
  falseAlarms('latency as slow as is harmless: at most 1%', TIMED_HARMLESS, 0.01, OURS_TIMED),
  besideOracle('from the start: at most 1.8 times the oracle', 1.8),
  slower(
    'five limits: at most 15% slower than one',
    [10, 100].map((traffic) => [limited('five limits', traffic), limited('one limit', traffic)]),
    1.15,
  ),
]

/** What has to be played for all bars: each cell once, seen by all rules that some bar asks for. */
export function ordersFor(bars: readonly Bar[], runs: number): Order[] {
  const orders = new Map<string, Order>()
  for (const { cell, rules } of [
    ...bars.flatMap(({ needs }) => needs),
    ...SHOWN.map(({ cell, rule }) => ({ cell, rules: [rule] })),
  ]) {
    const order = orders.get(cell.name) ?? { cell, runs, rules: [] }
    order.rules = [...new Set([...order.rules, ...rules])]
    orders.set(cell.name, order)
  }
  return [...orders.values()]
}

export function lookInto(results: readonly Result[]): Look {
  const byName = new Map(results.map(({ cell, tallies }) => [cell.name, tallies]))
  return (cell, rule) => {
    const tally = byName.get(cell.name)?.[rule]
    if (!tally) throw new Error(`${rule} was not asked for "${cell.name}"`)
    return tally
  }
}

/** How often a rule takes back what is harmless: within the 95 % interval of each cell at most `limit`. */
function falseAlarms(name: string, cells: readonly Cell[], limit: number, rule: RuleName = OURS): Bar {
  return {
    ...{ name, needs: seenBy(cells, rule) },
    measure(of) {
      const shares = cells.map((cell) => ({ cell, tally: of(cell, rule) }))
      const worst = shares.toSorted((a, b) => takenShare(b.tally) - takenShare(a.tally))
      const missed = worst.filter(({ tally: { times, runs } }) => interval(times.length, runs)[0] > limit)
      const shown = missed.length > 0 ? missed : worst.slice(0, 1)
      const words = shown.map(({ cell, tally }) => `${withInterval(tally)} in "${cell.name}"`)
      return { isMet: missed.length === 0, found: `${cells.length} cells, at most ${words.join('; ')}` }
    },
  }
}

function withInterval(tally: Tally): string {
  const [low, high] = interval(tally.times.length, tally.runs)
  return `${percent(takenShare(tally))} [${percent(low)}, ${percent(high)}]`
}

/** Never more than alpha, and three standard errors of what is counted. */
function atBoundary(name: string, rule: RuleName, alpha: number): Bar {
  return {
    ...{ name, needs: seenBy(BOUNDARY, rule) },
    measure(of) {
      const worst = BOUNDARY.map((cell) => ({ cell, tally: of(cell, rule) })).toSorted(
        (a, b) => takenShare(b.tally) - takenShare(a.tally),
      )[0]!
      const limit = alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / worst.tally.runs)
      const share = takenShare(worst.tally)
      return {
        isMet: share <= limit,
        found: `at most ${percent(share)} of ${percent(limit)} in "${worst.cell.name}"`,
      }
    },
  }
}

function found(name: string, cell: Cell, least: number): Bar {
  return {
    ...{ name, needs: seenBy([cell], OURS) },
    measure(of) {
      const share = foundShare(of(cell, OURS))
      return { isMet: share >= least, found: percent(share) }
    },
  }
}

function within(name: string, cell: Cell, part: number, limitMs: number): Bar {
  return {
    ...{ name, needs: seenBy([cell], OURS) },
    measure(of) {
      const atMs = quantileMs(of(cell, OURS), part)
      return { isMet: atMs <= limitMs, found: seconds(atMs) }
    },
  }
}

/** Median times of pairs of cells: the first at most `factor` times the second. */
function slower(name: string, pairs: readonly (readonly [Cell, Cell])[], factor: number): Bar {
  return {
    ...{ name, needs: seenBy(pairs.flat(), OURS) },
    measure(of) {
      const medians = pairs.map((pair) => pair.map((cell) => quantileMs(of(cell, OURS), 0.5)))
      return {
        isMet: medians.every(([one, other]) => one! <= factor * other!),
        found: medians.map(([one, other]) => `${seconds(one!)} against ${seconds(other!)}`).join('; '),
      }
    },
  }
}

/** Where another rule leaves at least 99 % of what is healthy alone under the same noise, ours is not later in the median. */
function neverLater(than: RuleName): Bar {
  const known = KNOWN_LATER[than] ?? []
  const cells = [...FROM_THE_START, ...LATER].flatMap((cell) => {
    const noise = withoutFault(cell)
    return noise ? [{ cell, noise }] : []
  })
  const needs = cells.flatMap(({ cell, noise }) => [
    { cell, rules: [OURS, than] satisfies RuleName[] },
    { cell: noise, rules: [than] },
  ])
  return {
    ...{ name: `never later than ${than}`, needs },
    measure(of) {
      const held = cells.filter(({ noise }) => takenShare(of(noise, than)) <= 0.01)
      const times = held.map(({ cell }) => ({
        name: cell.name,
        ours: quantileMs(of(cell, OURS), 0.5),
        other: quantileMs(of(cell, than), 0.5),
      }))
      const later = times.filter(({ ours, other }) => ours > other)
      const words = later.map(
        ({ name, ours, other }) =>
          `; ${seconds(ours)} against ${seconds(other)} in "${name}"${known.includes(name) ? ', as is known' : ''}`,
      )
      return {
        isMet: later.every(({ name }) => known.includes(name)),
        found: `later in ${later.length} of ${held.length} cells${words.join('')}`,
      }
    },
  }
}

/** Median over all cells that the oracle finds of how many times its middle time ours takes. */
function besideOracle(name: string, limit: number): Bar {
  return {
    ...{ name, needs: seenBy(FROM_THE_START, OURS, 'oracle') },
    measure(of) {
      const found = FROM_THE_START.filter((cell) => middleMs(of(cell, 'oracle')) < Infinity)
      const times = found.map((cell) => middleMs(of(cell, OURS)) / middleMs(of(cell, 'oracle')))
      const middle = median(times)
      const [low, high] = [Math.min(...times), Math.max(...times)]
      const range = `${low.toFixed(2)} to ${high.toFixed(2)}`
      return {
        isMet: middle <= limit,
        found: `${middle.toFixed(2)} times, ${range} in ${found.length} cells`,
      }
    },
  }
}
