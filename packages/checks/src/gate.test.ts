import { describe, expect, it } from '@jest/globals'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import type { HealthCheck, Reading } from './check'
import { holdUntilGreen, watchChecks, type HoldOptions, type NamedChecks, type WatchOptions } from './gate'

const START = Date.parse('2026-11-21T10:00:00.000Z')
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString()

const states = { g: 'green', r: 'red', u: 'unknown', f: 'red' } as const

/** A check that reads g(reen), r(ed), u(nknown) or f(atal red), look after look; the last one stays. */
function check(looks: string): HealthCheck {
  let look = 0
  return {
    probe() {
      const letter = looks[Math.min(look++, looks.length - 1)] as keyof typeof states
      const reading: Reading = {
        state: states[letter],
        detail: `look ${look}`,
        value: look,
        ...(letter === 'f' ? { fatal: true } : {}),
      }
      return Promise.resolve(reading)
    },
  }
}

const named = (checks: Record<string, string>): NamedChecks =>
  new Map(Object.entries(checks).map(([name, looks]) => [name, check(looks)]))

async function hold(checks: Record<string, string>, options: Partial<HoldOptions> = {}) {
  const ports = createFakePorts()
  const { clock, signal, log } = ports
  const result = await holdUntilGreen(named(checks), {
    greenForMs: 0,
    timeoutMs: 60_000,
    intervalMs: 10_000,
    failFast: false,
    onTimeout: 'fail',
    clock,
    signal,
    log,
    ...options,
  })
  return { ...result, after: seconds(ports), log: ports.recorded.log.map(({ line }) => line) }
}

async function watch(checks: Record<string, string>, options: Partial<WatchOptions> = {}) {
  const ports = createFakePorts()
  const { clock, signal, log } = ports
  const result = await watchChecks(named(checks), {
    forMs: 60_000,
    failAfter: 2,
    intervalMs: 10_000,
    clock,
    signal,
    log,
    ...options,
  })
  return { ...result, after: seconds(ports) }
}

const seconds = ({ clock }: FakePorts): number => (clock.now().getTime() - START) / 1000

describe('holdUntilGreen', () => {
  it('passes at the first green round', async () => {
    expect(await hold({ a: 'g', b: 'rrg' })).toMatchObject({
      verdict: 'pass',
      reason: 'all green for one round',
      after: 20,
      greenSince: at(20),
    })
  })

  it('starts over when the green breaks', async () => {
    // Green at 0 and 10, red at 20, green from 30 on: 20 s of it end at 50.
    expect(await hold({ a: 'ggrg' }, { greenForMs: 20_000 })).toMatchObject({
      verdict: 'pass',
      reason: 'all green for 20s',
      after: 50,
      greenSince: at(30),
    })
  })

  it('needs all of them green at once', async () => {
    expect(await hold({ a: 'grg', b: 'rgg' })).toMatchObject({ verdict: 'pass', after: 20 })
  })

  it('says no after the timeout, and what kept it', async () => {
    expect(await hold({ a: 'g', b: 'r', c: 'u' }, { timeoutMs: 25_000 })).toMatchObject({
      verdict: 'fail',
      // Looks at 0, 10, 20 and, cut short, at 25.
      reason: 'not green after 25s: b is red (look 4); c is unknown (look 4)',
      after: 25,
    })
  })

  it('says no when the green was too short', async () => {
    expect(await hold({ a: 'rrrrg' }, { greenForMs: 30_000 })).toMatchObject({
      verdict: 'fail',
      reason: 'not green after 1m: green, but not for 30s without a break',
      greenSince: at(40),
    })
  })

  it('is inconclusive after the timeout where that was asked for', async () => {
    expect(await hold({ a: 'r' }, { onTimeout: 'inconclusive' })).toMatchObject({
      verdict: 'inconclusive',
      after: 60,
    })
  })

  it('counts tries', async () => {
    expect(await hold({ a: 'r' }, { attempts: 3 })).toMatchObject({
      verdict: 'fail',
      reason: 'not green after 3 tries: a is red (look 3)',
      after: 20,
    })
  })

  it('ends at once on a red that stays, where asked to, and else waits', async () => {
    expect(await hold({ a: 'rf' }, { failFast: true })).toMatchObject({
      verdict: 'fail',
      reason: 'a is red for good: look 2',
      after: 10,
    })
    expect(await hold({ a: 'rfg' })).toMatchObject({ verdict: 'pass', after: 20 })
  })

  it('gives up after so many red rounds of one check in a row, where asked to', async () => {
    const { verdict, reason, after } = await hold(
      { a: 'grrgrrr', b: 'g' },
      { failAfter: 3, greenForMs: 60_000 },
    )
    expect({ verdict, reason }).toEqual({ verdict: 'fail', reason: 'a was red 3 rounds in a row: look 7' })
    expect(after).toBe(60)
  })

  it('keeps a line of time per check, and logs changes only', async () => {
    const { checks, log } = await hold({ a: 'rrg', b: 'g' }, { greenForMs: 10_000 })
    expect(checks[0]).toEqual({
      name: 'a',
      state: 'green',
      detail: 'look 4',
      value: 4,
      since: at(20),
      attempts: 4,
      redInARow: 0,
      changes: [
        { at: at(0), state: 'red', detail: 'look 1' },
        { at: at(20), state: 'green', detail: 'look 3' },
      ],
    })
    expect(log).toEqual(['a: red: look 1', 'b: green: look 1', 'a: green: look 3'])
  })

  it('logs a first look that tells nothing', async () => {
    expect((await hold({ a: 'ug' })).log).toEqual(['a: unknown: look 1', 'a: green: look 2'])
  })

  it('ends with the run', async () => {
    const ports = createFakePorts()
    const { clock, signal, log } = ports
    const cancelling: HealthCheck = {
      probe: () => Promise.resolve(ports.cancel()).then(() => ({ state: 'red', detail: '' })),
    }
    await expect(
      holdUntilGreen(new Map([['a', cancelling]]), {
        greenForMs: 0,
        timeoutMs: 1000,
        intervalMs: 1,
        failFast: false,
        onTimeout: 'fail',
        clock,
        signal,
        log,
      }),
    ).rejects.toThrow('cancelled by the test')
  })
})

describe('watchChecks', () => {
  it('stays for the whole time', async () => {
    expect(await watch({ a: 'g', b: 'g' })).toMatchObject({
      verdict: 'pass',
      reason: 'watched for 1m, no check failed',
      after: 60,
    })
  })

  it('fails when a check was red for the allowed number of rounds in a row', async () => {
    expect(await watch({ a: 'g', b: 'grgrr' })).toMatchObject({
      verdict: 'fail',
      reason: 'b was red 2 rounds in a row: look 5',
      after: 40,
    })
    expect(await watch({ a: 'gr' }, { failAfter: 1 })).toMatchObject({ verdict: 'fail', after: 10 })
  })

  it('does not take unknown for red, nor for a pass at the end', async () => {
    expect(await watch({ a: 'ruruu' })).toMatchObject({
      verdict: 'inconclusive',
      reason: 'a could not be checked: look 7',
      after: 60,
    })
    expect(await watch({ a: 'uug' })).toMatchObject({ verdict: 'pass' })
  })

  it('looks a last time at the end, however the interval falls', async () => {
    const { checks, after } = await watch({ a: 'g' }, { forMs: 25_000 })
    expect([checks[0]?.attempts, after]).toEqual([4, 25])
  })
})
