import type { Schedule } from '../peers/rule'
import { DEFAULT_BOUNDS, FINE_BOUNDS, type Latencies } from './latencies'
import type { Fault, RateWobble, World } from './world'

const MINUTE_MS = 60_000

const stages = (weights: readonly number[], minutes: readonly number[]): Schedule =>
  weights.map((weight, index) => ({ weight, watchMs: (minutes[index] ?? 0) * MINUTE_MS }))

export const SCHEDULES = {
  'five of 10 min': stages([0.1, 0.25, 0.5, 0.75, 1], [10, 10, 10, 10, 10]),
  'four of 5, one of 30 min': stages([0.1, 0.25, 0.5, 0.75, 1], [5, 5, 5, 5, 30]),
  /** `last-watch: 90%` */
  'five of 10 min, last at 90%': stages([0.1, 0.25, 0.5, 0.75, 0.9], [10, 10, 10, 10, 10]),
} satisfies Record<string, Schedule>

export type ScheduleName = keyof typeof SCHEDULES

/** What happens, apart from traffic, base rate and schedule. */
export interface Scenario extends Partial<Omit<World, 'requestsPerSecond' | 'baseRate' | 'schedule'>> {
  /** limits of error rates of the five stages, 0 to 1 */
  limits?: readonly number[]
}

const percent = (rate: number): string => `${Number((rate * 100).toPrecision(6))}%`

const BLIP = { outage: { of: 'both', fromMs: 15 * MINUTE_MS, forMs: MINUTE_MS, rate: 0.2 } } as const

/** With which rates the canary fails while it has a fault. */
const FAULTS: Record<string, Omit<Fault, 'fromMs'>> = {
  'x1.5': { times: 1.5, plus: 0 },
  x2: { times: 2, plus: 0 },
  x5: { times: 5, plus: 0 },
  x10: { times: 10, plus: 0 },
  '+1%': { times: 1, plus: 0.01 },
  '+5%': { times: 1, plus: 0.05 },
  '100%': { times: 1, plus: 1 },
}

/** When a fault begins; what else happens then. */
const ONSETS: Record<string, { fromMs: number; noise: string }> = {
  'from the start': { fromMs: 0, noise: 'healthy' },
  'from minute 10': { fromMs: 10 * MINUTE_MS, noise: 'healthy' },
  'from minute 25': { fromMs: 25 * MINUTE_MS, noise: 'healthy' },
  'from minute 25 after a blip of both': { fromMs: 25 * MINUTE_MS, noise: 'outage of both 20% 1 min' },
}

/** The highest rate that the margin calls harmless: 1.25 times the baseline's, and 0.1 %. */
const BOUNDARY: Fault = { fromMs: 0, times: 1.25, plus: 0.001 }

const ONE_LIMIT = [0.005, 0.005, 0.005, 0.005, 0.005]
const FIVE_LIMITS = [0.005, 0.0045, 0.004, 0.0035, 0.003]

/** What the canary's requests take longer; up to 1.1 times is harmless. */
const SLOW: Record<string, Latencies['slow']> = {
  'latency as the baseline': undefined,
  'latency +10%': { times: 1.1, share: 1 },
  'latency +20%': { times: 1.2, share: 1 },
  'latency +50%': { times: 1.5, share: 1 },
  'latency +100%': { times: 2, share: 1 },
  'latency of 1% x10': { times: 10, share: 0.01 },
}
const HARMLESS_TIMES = 1.1

/** Of each with the buckets that clients have by default, and with fine ones. */
function timed(): Record<string, Scenario> {
  const kinds = { '': DEFAULT_BOUNDS, ', fine buckets': FINE_BOUNDS }
  return Object.fromEntries(
    Object.entries(SLOW).flatMap(([name, slow]) =>
      Object.entries(kinds).map(([suffix, bounds]) => [
        `${name}${suffix}`,
        { latencies: { ...{ medianMs: 20, sigma: 0.5, bounds }, ...(slow && { slow }) } },
      ]),
    ),
  )
}

/** Nothing is wrong with the release in any of these. */
const HARMLESS: Record<string, Scenario> = {
  healthy: {},
  'steady arrivals': { arrivals: 'steady' },
  ...wobbles(),
  ...outages(),
  'spike in the baseline 20% 1 min': {
    outage: { of: 'baseline', fromMs: 15 * MINUTE_MS, forMs: MINUTE_MS, rate: 0.2 },
  },
  'cold start 5% 1 min': { coldStart: { rate: 0.05, forMs: MINUTE_MS } },
  'diurnal, rising x3': { drift: { requests: 3, rate: 3 } },
  'diurnal, falling x3': { drift: { requests: 1 / 3, rate: 1 / 3 } },
  'late counters': { readings: 'late' },
  'missing counters': { readings: 'missing' },
  'reset counters': { readings: 'reset' },
  'traffic stops': { silentFromMs: 15 * MINUTE_MS },
  'one limit': { limits: ONE_LIMIT },
  'five limits': { limits: FIVE_LIMITS },
  boundary: { fault: BOUNDARY },
  'boundary, rates rising x3': { fault: BOUNDARY, drift: { requests: 1, rate: 3 } },
  'boundary, rates falling x3': { fault: BOUNDARY, drift: { requests: 1, rate: 1 / 3 } },
  'boundary, shared wobble': { fault: BOUNDARY, wobble: { cv: 0.5, holdMs: 3 * MINUTE_MS, of: 'shared' } },
}

function wobbles(): Record<string, Scenario> {
  const named: Record<string, Scenario> = {}
  const kinds: [RateWobble['of'], number[]][] = [
    ['shared', [0.25, 0.5]],
    ['each', [0.25, 0.5]],
    ['canary', [0.25, 0.3, 0.5]],
  ]
  for (const [of, variations] of kinds)
    for (const cv of variations)
      for (const holdMs of [60_000, 180_000])
        named[`wobble ${of} cv ${cv} ${holdMs / 1000} s`] = { wobble: { cv, holdMs, of } }
  return named
}

function outages(): Record<string, Scenario> {
  const named: Record<string, Scenario> = {}
  for (const rate of [0.2, 0.6])
    for (const minutes of [1, 5])
      named[`outage of both ${percent(rate)} ${minutes} min`] = {
        outage: { ...BLIP.outage, rate, forMs: minutes * MINUTE_MS },
      }
  return named
}

interface FaultyScenario extends Scenario {
  fault: Fault
  /** the scenario that is the same without the fault */
  noise: string
}

const FAULTY: Record<string, FaultyScenario> = {}
for (const [what, fault] of Object.entries(FAULTS))
  for (const [when, { fromMs, noise }] of Object.entries(ONSETS))
    FAULTY[`${what} ${when}`] = { ...HARMLESS[noise], fault: { ...fault, fromMs }, noise }
for (const limits of ['one limit', 'five limits'])
  FAULTY[`x10 from the start, ${limits}`] = {
    ...HARMLESS[limits],
    ...{ fault: { ...FAULTS['x10']!, fromMs: 0 }, noise: limits },
  }

const TIMED = timed()
/** Cells of how long requests take: of those rules that look at it, at a base rate that most services have. */
export const timedCells = (): Cell[] =>
  Object.keys(TIMED).flatMap((scenario) => [10, 100, 1000].map((traffic) => cellOf(scenario, 0.001, traffic)))

/** A scenario under some traffic, base rate and schedule. */
export interface Cell {
  name: string
  scenario: string
  requestsPerSecond: number
  baseRate: number
  schedule: ScheduleName
  world: World
  /** the scenario without the fault, which a rule has to leave alone; only where there is a fault beyond the margin */
  noise?: string
}

/** The cell of a scenario, a base rate (0 to 1) and requests per second. */
export function cellOf(
  scenario: string,
  baseRate: number,
  requestsPerSecond: number,
  schedule: ScheduleName = 'five of 10 min',
): Cell {
  const found = HARMLESS[scenario] ?? FAULTY[scenario] ?? TIMED[scenario]
  if (!found) throw new Error(`there is no scenario "${scenario}"`)
  const { limits, noise, ...rest }: Scenario & { noise?: string } = found
  const limited = SCHEDULES[schedule].map((stage, index) => {
    const errorRate = limits?.[index]
    return errorRate === undefined ? stage : { ...stage, errorRate }
  })
  const world: World = { requestsPerSecond, baseRate, schedule: limited, ...rest }
  const where = schedule === 'five of 10 min' ? '' : `, ${schedule}`
  return {
    ...{ name: `${scenario}, ${percent(baseRate)} at ${requestsPerSecond} rps${where}`, scenario },
    ...{ requestsPerSecond, baseRate, schedule, world },
    ...(noise !== undefined && isBeyondMargin(world) && { noise }),
  }
}

/** Is there a fault, and is it more than the margin allows? */
export function isBeyondMargin({ baseRate, fault, latencies }: World): boolean {
  if (latencies?.slow) return latencies.slow.times > HARMLESS_TIMES
  if (!fault) return false
  return baseRate * fault.times + fault.plus > baseRate * BOUNDARY.times + BOUNDARY.plus
}

/** The same cell without its fault. */
export const withoutFault = ({ noise, baseRate, requestsPerSecond, schedule }: Cell): Cell | undefined =>
  noise === undefined ? undefined : cellOf(noise, baseRate, requestsPerSecond, schedule)

const TRAFFIC = [0.5, 2, 10, 100, 1000]
const BASE_RATES = [0, 0.0001, 0.001, 0.01, 0.03]

/** Every scenario under every traffic and base rate, in the two schedules that most rollouts have. */
export function allCells(): Cell[] {
  const schedules = ['five of 10 min', 'four of 5, one of 30 min'] as const
  return [...Object.keys(HARMLESS), ...Object.keys(FAULTY)].flatMap((scenario) =>
    schedules.flatMap((schedule) =>
      BASE_RATES.flatMap((rate) => TRAFFIC.map((traffic) => cellOf(scenario, rate, traffic, schedule))),
    ),
  )
}
