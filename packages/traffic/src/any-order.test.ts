import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ProviderError } from '@deploy-actions/action-kit'
import { createFakeClock } from '@deploy-actions/testing'
import { normalise, sameWeights, type Weights } from '@deploy-actions/rollout'
import { restoreWeights } from './restore-weights'
import { Conflict, type ObservedRouter, type RouterReading } from './router'
import { shift } from './shift'

// Whatever strikes a rollout in whatever order: stages that shift, arms that die and come back, a router that is away, that
// takes a write without doing it or does it without an answer, somebody else who writes, and restorers that come after
// one another.

const arms = ['blue', 'green'] as const
type Arm = (typeof arms)[number]
const RECORDED: Weights = { blue: 10_000, green: 0 }

const strike = fc.record({
  /** right before the so manieth call of the router from the last one on */
  after: fc.integer({ min: 0, max: 12 }),
  what: fc.oneof(
    fc.record({ arm: fc.constantFrom(...arms), up: fc.boolean() }),
    fc.constant('away' as const),
    fc.constant('back' as const),
    fc.constant('ignores the next write' as const),
    fc.constant('loses the next answer' as const),
    fc.constant('somebody else writes' as const),
  ),
})
type Strike = typeof strike extends fc.Arbitrary<infer One> ? One : never

/** A router in memory on which the strikes come. */
class StruckRouter {
  weights: Weights = RECORDED
  readonly up: Record<Arm, boolean> = { blue: true, green: true }
  /** in how many readings in a row an arm was shown down */
  readonly shownDown: Record<Arm, number> = { blue: 0, green: 0 }
  /** written while an arm served that could have had the traffic, and was known not to be down */
  readonly wrong: string[] = []
  /** what carried traffic when whoever writes now began */
  carrying: readonly Arm[] = ['blue']
  #away = false
  #ignores = false
  #loses = false
  #calls = 0

  constructor(private strikes: readonly Strike[]) {}

  readonly observed: ObservedRouter = {
    where: 'mesh',
    capabilities: {
      ...{ min: 0, max: 10_000, step: 1, splits: 'requests', zero: 'weight' },
      ...{ atomic: true, compareAndSet: true, effectWithin: '1s' },
    },
    read: () => this.#answer(() => this.#reading()),
    write: (wanted, expected) =>
      this.#answer(() => {
        if (!sameWeights(expected.weights, this.weights))
          throw new Conflict('mesh', expected.weights, this.weights)
        this.#judge(wanted)
        if (this.#ignores) this.#ignores = false
        else this.weights = wanted
        if (!this.#loses) return
        this.#loses = false
        throw new ProviderError('the answer was lost', { provider: 'mesh', retryable: true })
      }),
  }

  /** Everything is well again. */
  heal(): void {
    this.strikes = []
    this.#away = this.#ignores = this.#loses = false
    for (const arm of arms) this.up[arm] = true
  }

  begin(): void {
    this.carrying = arms.filter((arm) => (this.weights[arm] ?? 0) > 0)
  }

  async #answer<T>(answer: () => T): Promise<T> {
    this.#calls++
    while (this.strikes[0] && this.strikes[0].after < this.#calls) {
      const [{ what }] = this.strikes as [Strike]
      this.strikes = this.strikes.slice(1)
      this.#calls = 0
      this.#strike(what)
    }
    await Promise.resolve()
    if (this.#away) throw new ProviderError('no answer', { provider: 'mesh', retryable: true })
    return answer()
  }

  #strike(what: Strike['what']): void {
    if (typeof what === 'object') this.up[what.arm] = what.up
    else if (what === 'away' || what === 'back') this.#away = what === 'away'
    else if (what === 'ignores the next write') this.#ignores = true
    else if (what === 'loses the next answer') this.#loses = true
    else this.weights = { blue: 4_000, green: 6_000 }
  }

  #reading(): RouterReading {
    for (const arm of arms) this.shownDown[arm] = this.up[arm] ? 0 : this.shownDown[arm] + 1
    const served = Object.fromEntries(arms.map((arm) => [arm, this.up[arm] ? (this.weights[arm] ?? 0) : 0]))
    return {
      weights: this.weights,
      effective: arms.some((arm) => (served[arm] ?? 0) > 0) ? normalise(served) : served,
      members: Object.fromEntries(
        arms.map((arm) => [arm, { enabled: true, healthy: this.up[arm], units: this.weights[arm] ?? 0 }]),
      ),
      readAt: '2026-11-20T10:00:00.000Z',
    }
  }

  /** Two readings in a row say that an arm is down; whoever writes may have seen no more. */
  #judge(wanted: Weights): void {
    const seenDown = (arm: Arm): boolean => this.shownDown[arm] >= 2
    // One that has come back since the last reading is no wrong one, nor could anybody know of it.
    const serving = arms.filter((arm) => this.up[arm] && !seenDown(arm) && this.carrying.includes(arm))
    const isDown = (arm: Arm): boolean => !this.up[arm] && seenDown(arm)
    const reached = arms.filter((arm) => (wanted[arm] ?? 0) > 0)
    if (serving.length > 0 && reached.every(isDown))
      this.wrong.push(`${JSON.stringify(wanted)} while ${serving.join(' and ')} served`)
  }
}

const stages = fc.array(fc.constantFrom(0, 1_000, 2_500, 5_000, 7_500, 10_000), { maxLength: 6 })
const runs = { numRuns: 500 }
const clockPorts = () => ({ clock: createFakeClock(), signal: new AbortController().signal })

/** One rollout, and restorers after it until the last one of three gives up. @returns what went well */
async function play(router: StruckRouter, green: readonly number[]): Promise<string[]> {
  const ports = clockPorts()
  const said: string[] = []
  for (const weight of green) {
    router.begin()
    const wanted = { blue: 10_000 - weight, green: weight }
    try {
      const shown = await shift(router.observed, wanted, await router.observed.read(ports.signal), ports)
      said.push(sameWeights(shown.weights, wanted) ? 'shifted' : 'shifted, and shows something else')
    } catch {
      break
    }
  }
  for (const restorer of ['put-back', 'restore step', 'guard']) {
    router.begin()
    try {
      const shown = await restoreWeights(router.observed, RECORDED, ports, { withinMs: 60_000 })
      const isBack = sameWeights(shown.weights, RECORDED) && shown.effective['blue'] === 10_000
      said.push(isBack ? 'restored' : `${restorer} says restored, and shows something else`)
    } catch (error) {
      said.push(error instanceof Error && error.message !== '' ? 'held and told' : 'held without a word')
    }
  }
  return said
}

describe('in any order of stages, strikes and restorers', () => {
  it('weight is written to a serving arm whenever one serves, and nothing is said that was not read', () =>
    fc.assert(
      fc.asyncProperty(stages, fc.array(strike, { maxLength: 12 }), async (green, strikes) => {
        const router = new StruckRouter(strikes)
        const said = await play(router, green)
        expect(router.wrong).toEqual([])
        for (const one of said) expect(['shifted', 'restored', 'held and told']).toContain(one)
      }),
      runs,
    ))

  it('the next restorer puts it back once all is well, whatever was left behind', () =>
    fc.assert(
      fc.asyncProperty(stages, fc.array(strike, { maxLength: 12 }), async (green, strikes) => {
        const router = new StruckRouter(strikes)
        await play(router, green)
        router.heal()
        await restoreWeights(router.observed, RECORDED, clockPorts(), { withinMs: 60_000 })
        expect(router.weights).toEqual(RECORDED)
      }),
      runs,
    ))
})
