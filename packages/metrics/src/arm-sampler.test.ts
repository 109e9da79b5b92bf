import { describe, expect, it } from '@jest/globals'
import { configured, createFakeClock, createFakePorts } from '@deploy-actions/testing'
import { createArmSampler, type ArmQueries } from './arm-sampler'
import { z } from 'zod'
import { preflight } from './preflight'
import scrape from './scrape'
import type { ConfiguredSource, SourceTiming } from './source'

type Counts = Partial<Record<'blue' | 'green', { requests?: number; errors?: number | string }>>

/** A sampler of blue (baseline) and green (canary) whose page is what `counts` says at the moment. */
async function sampler(counts: () => Counts | 'down') {
  const clock = createFakeClock()
  const ports = createFakePorts({
    clock,
    http: () => {
      const now = counts()
      if (now === 'down') return { status: 503 }
      const lines = Object.entries(now).flatMap(([arm, { requests, errors }]) => [
        ...(requests === undefined ? [] : [`requests{arm="${arm}"} ${requests}`]),
        ...(errors === undefined ? [] : [`errors{arm="${arm}"} ${errors}`]),
      ])
      return { body: ['up 1', ...lines].join('\n') }
    },
  })
  const queries = (arm: string) => ({
    requests: { source: 'web', sum: [`requests{arm="${arm}"}`] },
    errors: { source: 'web', sum: [`errors{arm="${arm}"}`] },
  })
  const web = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/'] })
  const made = createArmSampler(
    sampled({ sources: { web }, baseline: queries('blue'), canary: queries('green') }),
    ports,
  )
  return { sampler: made, clock, signal: ports.signal }
}

/** The same sources for both arms. */
const sampled = ({
  sources,
  baseline,
  canary,
}: Record<'baseline' | 'canary', Omit<ArmQueries, 'sources'>> & Pick<ArmQueries, 'sources'>) => ({
  baseline: { sources, ...baseline },
  canary: { sources, ...canary },
})

/** The one sample that is taken 10 s after `before`. */
async function second(before: Counts, after: Counts | 'down') {
  let now: Counts | 'down' = before
  const { sampler: taken, clock, signal } = await sampler(() => now)
  await taken.restart(signal)
  clock.advance(10_000)
  now = after
  return (await taken.sample(signal))!
}

describe('values and ratios', () => {
  const web = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/', 'http://127.0.0.1:2/'] })
  const of = (selector: string, more: object = {}) => ({ source: 'web', sum: [selector], ...more })
  const asked = (arm: string) => ({
    requests: of(`requests{arm="${arm}"}`),
    errors: of(`errors{arm="${arm}"}`),
    ratios: {
      paid: { of: of(`payments{arm="${arm}"}`), succeeded: of(`paid{arm="${arm}"}`) },
      lost: { of: of(`payments{arm="${arm}"}`), failed: of(`lost{arm="${arm}"}`) },
    },
    values: {
      cpu: of(`cpu{arm="${arm}"}`, { take: 'highest', unit: 'percent' }),
      wait: of(`wait{arm="${arm}"}`, { take: 'lowest', unit: 's' }),
      pool: of('pool'),
    },
  })
  /** The pages at the restart and ten seconds later; undefined: one cannot be read. */
  async function sampleOf(before: [string, string], after: [string, string | undefined]) {
    const clock = createFakeClock()
    let now: [string, string | undefined] = before
    const ports = createFakePorts({
      clock,
      http: ({ url }) => {
        const body = now[url.includes(':2/') ? 1 : 0]
        return body === undefined ? { status: 503 } : { body }
      },
    })
    const made = createArmSampler(
      sampled({ sources: { web }, baseline: asked('blue'), canary: asked('green') }),
      ports,
    )
    await made.restart(ports.signal)
    clock.advance(10_000)
    now = after
    return (await made.sample(ports.signal))!
  }
  const first = (payments: number, paid: number, lost: number) =>
    ['blue', 'green']
      .flatMap((arm) => [
        ...[`requests{arm="${arm}"} ${payments}`, `errors{arm="${arm}"} 0`],
        ...[`payments{arm="${arm}"} ${payments}`, `paid{arm="${arm}"} ${paid}`, `lost{arm="${arm}"} ${lost}`],
        ...[`cpu{arm="${arm}"} 40`, `wait{arm="${arm}"} 0.3`],
      ])
      .join('\n')
  const second = 'cpu{arm="green"} 95\nwait{arm="green"} 0.2\npool 12'

  it('are what they are in the units of limits, and of how many how many failed', async () => {
    const sample = await sampleOf([first(100, 90, 1), second], [first(200, 180, 5), second])
    expect(sample.canary).toMatchObject({
      ratios: { paid: { requests: 100, errors: 10 }, lost: { requests: 100, errors: 4 } },
      values: { cpu: 0.95, wait: 200, pool: 12 },
    })
    // What both arms share is asked for once; of the other page blue has nothing.
    expect(sample.baseline?.values).toEqual({ cpu: 0.4, wait: 300 })
    expect(sample.problems).toEqual([])
  })

  it('of some pages are not those of all of them: each is a problem by its name', async () => {
    const sample = await sampleOf([first(100, 90, 1), second], [first(200, 180, 5), undefined])
    expect(sample.canary).toMatchObject({ ratios: { paid: { requests: 100, errors: 10 } } })
    expect(sample.canary?.values).toBeUndefined()
    expect(new Set(sample.problems.map(({ metric }) => metric))).toEqual(new Set(['cpu', 'wait', 'pool']))
    expect(sample.baseline?.values).toEqual({ cpu: 0.4, wait: 300 })
  })

  it('that no series shows are a problem, too, where a counter would have begun at zero', async () => {
    const none = second.replace('pool 12', '')
    const sample = await sampleOf([first(100, 90, 1), none], [first(200, 180, 5), none])
    expect(sample.problems).toEqual([
      { kind: 'absent', metric: 'pool', message: 'canary pool: no series matches pool' },
    ])
  })

  it('take no highest of what is counted', () => {
    const counted = { ...asked('green'), errors: of('errors{arm="green"}', { take: 'highest' }) }
    expect(() =>
      createArmSampler(
        sampled({ sources: { web }, baseline: asked('blue'), canary: counted }),
        createFakePorts(),
      ),
    ).toThrow('metrics, canary errors: takes the highest of its series; only values do, counts are added up')
  })
})

describe('what is counted beside requests and errors, on a page of its own', () => {
  const at = (port: number) => configured(scrape, { type: 'scrape', pages: [`http://127.0.0.1:${port}/`] })
  const sources = { proxy: at(1), app: at(2), shop: at(3) }
  const asked = (arm: string) => ({
    requests: { source: 'proxy', sum: [`requests{arm="${arm}"}`] },
    errors: { source: 'proxy', sum: [`errors{arm="${arm}"}`] },
    latency: { source: 'app', sum: [`took_bucket{arm="${arm}"}`] },
    ratios: {
      paid: {
        of: { source: 'app', sum: [`payments{arm="${arm}"}`] },
        failed: { source: 'shop', sum: [`lost{arm="${arm}"}`] },
      },
    },
  })
  /** Every ten seconds a hundred of everything, of which two fail; what is away in which sample, from 1. */
  async function samples(count: number, away: Record<number, readonly number[]>) {
    const clock = createFakeClock()
    let taken = 0
    const page = (port: number): string =>
      ['blue', 'green']
        .flatMap((arm) =>
          port === 1
            ? [`requests{arm="${arm}"} ${100 * taken}`, `errors{arm="${arm}"} ${2 * taken}`]
            : port === 2
              ? [
                  `payments{arm="${arm}"} ${100 * taken}`,
                  `took_bucket{arm="${arm}",le="+Inf"} ${100 * taken}`,
                ]
              : [`lost{arm="${arm}"} ${2 * taken}`],
        )
        .join('\n')
    const ports = createFakePorts({
      clock,
      http({ url }) {
        const port = Number(/:(\d)\//.exec(url)?.[1])
        return away[port]?.includes(taken) ? { status: 503 } : { body: page(port) }
      },
    })
    const made = createArmSampler(
      sampled({ sources, baseline: asked('blue'), canary: asked('green') }),
      ports,
    )
    await made.restart(ports.signal)
    const all = []
    for (taken = 1; taken <= count; taken++) {
      clock.advance(10_000)
      all.push((await made.sample(ports.signal))!)
    }
    return all
  }

  it('takes no requests and errors from what was read, and no time either', async () => {
    const all = await samples(6, { 2: [2, 4], 3: [3] })
    expect(all.map(({ canary }) => canary?.requests)).toEqual([100, 100, 100, 100, 100, 100])
    expect(all.map(({ windowMs }) => windowMs)).toEqual(Array<number>(6).fill(10_000))
  })

  it('is a problem by its name while it is away: a histogram that was not read does not stand still', async () => {
    const [, away] = await samples(2, { 2: [2] })
    expect(away?.canary?.latency).toBeUndefined()
    expect(away?.problems.map(({ metric, kind }) => `${metric} ${kind}`)).toContain('latency provider')
  })

  it('is one by its name as well where another page of the same source is there', async () => {
    const clock = createFakeClock()
    const source = configured(scrape, {
      type: 'scrape',
      pages: ['http://127.0.0.1:1/', 'http://127.0.0.1:2/'],
    })
    const of = (arm: string, name: string) => ({ source: 'all', sum: [`${name}{arm="${arm}"}`] })
    const queries = (arm: string) => ({
      ...{ requests: of(arm, 'requests'), errors: of(arm, 'errors'), latency: of(arm, 'took_bucket') },
    })
    let isAway = false
    const ports = createFakePorts({
      clock,
      http({ url }) {
        if (!url.includes(':2/')) return { body: 'requests{arm="blue"} 9\nrequests{arm="green"} 9' }
        const bucket = (arm: string) => `took_bucket{arm="${arm}",le="+Inf"} 9`
        return isAway ? { status: 503 } : { body: `${bucket('blue')}\n${bucket('green')}` }
      },
    })
    const sources = { all: source }
    const made = createArmSampler(
      sampled({ sources, baseline: queries('blue'), canary: queries('green') }),
      ports,
    )
    await made.restart(ports.signal)
    clock.advance(10_000)
    isAway = true
    const sample = await made.sample(ports.signal)
    expect(sample?.canary).toMatchObject({ requests: 0 })
    expect(sample?.canary?.latency).toBeUndefined()
    expect(sample?.problems.map(({ metric, message }) => [metric, message])).toContainEqual([
      'latency',
      'canary latency: http://127.0.0.1:2/ could not be read (http://127.0.0.1:2/ answered 503)',
    ])
  })

  it('is left out where its two counters tell of different windows', async () => {
    const all = await samples(5, { 3: [2, 3] })
    // Of three windows of failures and one of payments six in a hundred would have failed.
    expect(all.map(({ canary }) => canary?.ratios?.['paid'])).toEqual([
      { requests: 100, errors: 2 },
      undefined,
      undefined,
      undefined,
      { requests: 100, errors: 2 },
    ])
    expect(all[3]?.problems).toContainEqual({
      ...{ kind: 'stale', metric: 'paid' },
      message: 'canary paid: its counters tell of different windows, and count from the next sample on',
    })
  })
})

describe('how long requests took', () => {
  const web = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/'] })
  const asked = (arm: string, unit?: 's' | 'ms') => ({
    requests: { source: 'web', sum: [`requests{arm="${arm}"}`] },
    errors: { source: 'web', sum: [`errors{arm="${arm}"}`] },
    latency: { source: 'web', sum: [`took_bucket{arm="${arm}"}`], unit },
  })
  const page = (within: readonly [string, number][]) =>
    ['blue', 'green']
      .flatMap((arm) => [
        `requests{arm="${arm}"} 10`,
        ...within.map(([le, count]) => `took_bucket{arm="${arm}",le="${le}"} ${count}`),
      ])
      .join('\n')

  it.each([
    ['s', '0.25', 250],
    ['ms', '250', 250],
    [undefined, '2.5', 2500],
  ] as const)('is in milliseconds, whatever the bounds are in: %s', async (unit, le, bound) => {
    const clock = createFakeClock()
    let counts: [string, number][] = [
      [le, 3],
      ['+Inf', 5],
    ]
    const ports = createFakePorts({ clock, http: () => ({ body: page(counts) }) })
    const made = createArmSampler(
      sampled({ sources: { web }, baseline: asked('blue', unit), canary: asked('green', unit) }),
      ports,
    )
    await made.restart(ports.signal)
    clock.advance(10_000)
    counts = [
      [le, 10],
      ['+Inf', 15],
    ]
    const took = [
      { le: bound, count: 7 },
      { le: Infinity, count: 10 },
    ]
    expect(await made.sample(ports.signal)).toMatchObject({
      ...{ baseline: { latency: took }, canary: { latency: took } },
      problems: [],
    })
  })

  it('is a problem of its own where it cannot be had: the counts are known without it', async () => {
    const apps = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:2/'] })
    const clock = createFakeClock()
    const ports = createFakePorts({
      clock,
      http: ({ url }) => (url.includes(':2/') ? { status: 503 } : { body: page([]) }),
    })
    const latency = (arm: string) => ({ ...asked(arm).latency, source: 'apps' })
    const made = createArmSampler(
      sampled({
        sources: { web, apps },
        baseline: { ...asked('blue'), latency: latency('blue') },
        canary: { ...asked('green'), latency: latency('green') },
      }),
      ports,
    )
    await made.restart(ports.signal)
    clock.advance(10_000)
    const sample = await made.sample(ports.signal)
    expect(sample).toMatchObject({ canary: { requests: 0, errors: 0 } })
    expect(sample?.problems.map(({ metric }) => metric)).toEqual(['latency', 'latency'])
  })
})

describe('a sample', () => {
  it('holds what happened in both arms since the restart', async () => {
    const before = { blue: { requests: 1000, errors: 10 }, green: { requests: 100, errors: 5 } }
    const after = { blue: { requests: 1090, errors: 11 }, green: { requests: 110, errors: 7 } }
    expect(await second(before, after)).toEqual({
      at: '2026-11-21T10:00:10.000Z',
      windowMs: 10_000,
      baseline: { requests: 90, errors: 1 },
      canary: { requests: 10, errors: 2 },
      problems: [],
    })
  })

  it('takes absent requests for no traffic, and absent errors beside requests for none', async () => {
    const sample = await second({ blue: { requests: 5 } }, { blue: { requests: 25 } })
    expect(sample).toMatchObject({
      baseline: { requests: 20, errors: 0 },
      canary: { requests: 0, errors: 0 },
      problems: [],
    })
  })

  it('never reaches back over a restart whose levels could not be read', async () => {
    const level = (requests: number): Counts => ({
      blue: { requests, errors: 0 },
      green: { requests, errors: 0 },
    })
    let now: Counts | 'down' = level(1000)
    const { sampler: taken, clock, signal } = await sampler(() => now)
    const sample = async () => {
      clock.advance(10_000)
      return (await taken.sample(signal))!
    }
    await taken.restart(signal)
    clock.advance(10_000)
    now = 'down'
    // The weights changed, and nobody knows what had been counted until then.
    await taken.restart(signal)
    now = level(5000)
    const first = await sample()
    expect(first).not.toHaveProperty('canary')
    expect(first).not.toHaveProperty('baseline')
    expect(first.problems).toMatchObject([{ kind: 'stale' }])
    now = level(5010)
    expect(await sample()).toMatchObject({
      canary: { requests: 10 },
      baseline: { requests: 10 },
      problems: [],
    })
  })

  it('takes an error that was counted before its request for both', async () => {
    expect(
      (await second({ blue: { requests: 5, errors: 0 } }, { blue: { requests: 6, errors: 3 } })).baseline,
    ).toEqual({ requests: 3, errors: 3 })
  })

  it('leaves out the arm whose values are not numbers, and says why', async () => {
    const sample = await second(
      { blue: { requests: 5, errors: 0 } },
      { blue: { requests: 6, errors: 'NaN' } },
    )
    expect(sample.baseline).toBeUndefined()
    expect(sample.canary).toEqual({ requests: 0, errors: 0 })
    expect(sample.problems).toEqual([
      { kind: 'nan', message: 'baseline errors: errors{"arm":"blue"} is NaN' },
    ])
  })

  it('has no arm when the provider fails', async () => {
    const sample = await second({}, 'down')
    expect([sample.baseline, sample.canary]).toEqual([undefined, undefined])
    expect(sample.problems.map(({ kind }) => kind)).toEqual(['provider', 'provider', 'provider', 'provider'])
  })
})

describe('sources that lag', () => {
  const start = Date.parse('2026-11-21T10:00:00.000Z')
  const seconds = (date: Date): number => (date.getTime() - start) / 1000

  /** Answers increases over any window that is complete: a request a second on blue, one every ten on green. */
  function increases(timing: SourceTiming, asked: [number, number][] = []): ConfiguredSource {
    return {
      written: { type: 'increases' },
      query: z.looseObject({}),
      ...timing,
      open: (_, queries) => ({
        ...timing,
        async sample(names, window) {
          asked.push([seconds(window.from), seconds(window.to)])
          const length = (window.to.getTime() - window.from.getTime()) / 1000
          return queries
            .filter(({ name }) => names.includes(name))
            .map(({ name }) => ({
              window,
              value: name.endsWith('errors') ? 0 : name.startsWith('baseline') ? length : length / 10,
            }))
        },
      }),
    }
  }
  const query = (arm: string) => ({ source: 'prod', of: arm })
  const arms = {
    baseline: { requests: query('blue'), errors: query('blue') },
    canary: { requests: query('green'), errors: query('green') },
  }

  it('are asked for windows that adjoin and are complete, from the restart on', async () => {
    const asked: [number, number][] = []
    const ports = createFakePorts()
    const prod = increases({ lag: 120_000, resolution: 30_000 }, asked)
    const taken = createArmSampler(sampled({ sources: { prod }, ...arms }), ports)
    expect([taken.lag, taken.resolution, taken.lookback]).toEqual([120_000, 30_000, 120_000])
    await taken.restart(ports.signal)
    asked.length = 0
    const samples = []
    for (let at = 20; at <= 220; at += 20) {
      ports.clock.advance(20_000)
      const sample = await taken.sample(ports.signal)
      if (sample) samples.push([at, sample.at.slice(14, 19), sample.windowMs, sample.canary?.requests])
    }
    // At 160 s the first 40 s are complete: at 140 s it were 20 s, less than the source can tell of.
    expect(samples).toEqual([
      [160, '00:40', 40_000, 4],
      [200, '01:20', 40_000, 4],
    ])
    expect(asked).toEqual([
      [0, 40],
      [40, 80],
    ])
  })

  it('tell of the time before at once in the preflight', async () => {
    const ports = createFakePorts()
    const taken = createArmSampler(
      sampled({ sources: { prod: increases({ lag: 120_000, resolution: 0 }) }, ...arms }),
      ports,
    )
    const result = await preflight(taken, 100_000, ports)
    expect(result).toMatchObject({ ok: true, baseline: { requests: 100, errors: 0 } })
    expect(seconds(ports.clock.now())).toBe(100)
  })

  it('and pages beside them are sampled for the same windows', async () => {
    const ports = createFakePorts({
      http: () => ({ body: `errors{arm="blue"} ${seconds(ports.clock.now()) / 2}\nerrors{arm="green"} 0` }),
    })
    const web = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/'] })
    const errors = (arm: string) => ({ source: 'web', sum: [`errors{arm="${arm}"}`] })
    const taken = createArmSampler(
      sampled({
        sources: { prod: increases({ lag: 60_000, resolution: 0 }), web },
        baseline: { requests: query('blue'), errors: errors('blue') },
        canary: { requests: query('green'), errors: errors('green') },
      }),
      ports,
    )
    expect(taken.lookback).toBe(0)
    await taken.restart(ports.signal)
    const samples = []
    for (let at = 10; at <= 100; at += 10) {
      ports.clock.advance(10_000)
      const sample = await taken.sample(ports.signal)
      if (sample) samples.push([at, sample.baseline, sample.problems.length])
    }
    // Ten requests and five errors in each ten seconds, a minute later.
    expect(samples).toEqual([70, 80, 90, 100].map((at) => [at, { requests: 10, errors: 5 }, 0]))
  })

  it('lose nothing where their windows cannot end at the same moment', async () => {
    const asked: [number, number][] = []
    const ports = createFakePorts({
      http: () => ({ body: `requests{arm="blue"} ${seconds(ports.clock.now())}\nrequests{arm="green"} 0` }),
    })
    const web = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/'] })
    const requests = (arm: string) => ({ source: 'web', sum: [`requests{arm="${arm}"}`] })
    // Seven seconds beside the looks of every ten: nothing falls on a look.
    const taken = createArmSampler(
      sampled({
        sources: { prod: increases({ lag: 123_000, resolution: 0 }, asked), web },
        baseline: { requests: requests('blue'), errors: query('blue') },
        canary: { requests: requests('green'), errors: query('green') },
      }),
      ports,
    )
    await taken.restart(ports.signal)
    asked.length = 0
    const samples = []
    for (let at = 10; at <= 600; at += 10) {
      ports.clock.advance(10_000)
      samples.push(...((await taken.sample(ports.signal)) ?? { problems: [] }).problems)
    }
    expect(samples).toEqual([])
    // Each window of the one that lags begins where its last one ended.
    for (const [index, [from]] of asked.slice(1).entries()) expect(from).toBe(asked[index]?.[1])
  })

  it('count apart where two pages are read at different moments', async () => {
    const ports = createFakePorts({
      http: ({ url }) => {
        // One of the pages takes its time: the clocks of the two looks differ at every sample.
        if (url.endsWith('slow')) ports.clock.advance(3)
        const now = seconds(ports.clock.now())
        return { body: ['blue', 'green'].map((arm) => `n{arm="${arm}"} ${now}`).join('\n') }
      },
    })
    const page = (path: string) =>
      configured(scrape, { type: 'scrape', pages: [`http://127.0.0.1:1/${path}`] })
    const counter = (source: string, arm: string) => ({ source, sum: [`n{arm="${arm}"}`] })
    const queries = (arm: string) => ({ requests: counter('quick', arm), errors: counter('slow', arm) })
    const taken = createArmSampler(
      sampled({
        sources: { quick: page('quick'), slow: page('slow') },
        baseline: queries('blue'),
        canary: queries('green'),
      }),
      ports,
    )
    await taken.restart(ports.signal)
    const began = seconds(ports.clock.now())
    let errors = 0
    for (let round = 0; round < 20; round++) {
      ports.clock.advance(10_000)
      const sample = (await taken.sample(ports.signal))!
      expect(sample.problems).toEqual([])
      errors += sample.canary?.errors ?? 0
    }
    expect(errors).toBeCloseTo(seconds(ports.clock.now()) - began, 6)
  })

  it('keep what one arm could not be asked for until it is known', async () => {
    const ports = createFakePorts()
    let broken = false
    const prod = increases({ lag: 0, resolution: 0 })
    const flaky: ConfiguredSource = {
      ...prod,
      open: (given, queries) => {
        const opened = prod.open(given, queries)
        return {
          ...opened,
          sample: async (names, window, signal) =>
            (await opened.sample(names, window, signal)).map((result, index) =>
              broken && names[index] === 'baseline errors'
                ? { window, problem: { kind: 'provider' as const, message: 'timed out' } }
                : result,
            ),
        }
      },
    }
    const taken = createArmSampler(sampled({ sources: { prod: flaky }, ...arms }), ports)
    await taken.restart(ports.signal)
    const sample = async () => {
      ports.clock.advance(10_000)
      return (await taken.sample(ports.signal))!
    }
    broken = true
    const first = await sample()
    expect(first).not.toHaveProperty('baseline')
    expect(first).toMatchObject({ canary: { requests: 1 }, problems: [{ kind: 'provider' }] })
    broken = false
    // Twenty seconds of the baseline, ten of the canary.
    expect(await sample()).toMatchObject({
      baseline: { requests: 20 },
      canary: { requests: 1 },
      problems: [],
    })
  })
})

describe('the preflight', () => {
  /** `perInterval` requests of blue in every interval of 10 s. */
  async function check(perInterval: number, from: 'start' | 'never' = 'start') {
    let asked = 0
    const {
      sampler: taken,
      clock,
      signal,
    } = await sampler(() =>
      from === 'never' ? 'down' : { blue: { requests: perInterval * asked++, errors: 0 } },
    )
    return { result: await preflight(taken, 10_000, { clock, signal }), intervals: asked - 1 }
  }

  it('looks once at plenty of traffic, and says how much it can be at most', async () => {
    // 400 in 10 s: (400 + 3 sqrt(400)) / 10 = 46 a second.
    expect(await check(400)).toEqual({
      result: {
        ok: true,
        baseline: { requests: 400, errors: 0 },
        windowMs: 10_000,
        requestsPerSecond: 46,
        warnings: [],
      },
      intervals: 1,
    })
  })

  it('looks longer at little traffic, at most six times', async () => {
    expect((await check(40)).intervals).toBe(3)
    // 1 in each: (6 + 3 sqrt(6)) / 60 s.
    expect(await check(1)).toEqual({
      result: {
        ok: true,
        baseline: { requests: 6, errors: 0 },
        windowMs: 60_000,
        requestsPerSecond: (6 + 3 * Math.sqrt(6)) / 60,
        warnings: [],
      },
      intervals: 6,
    })
  })

  it('refuses a baseline without a request', async () => {
    const { result } = await check(0)
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^the baseline arm had no request in 6 intervals/),
    })
  })

  it('refuses metrics that do not answer for a minute, and says so', async () => {
    const { result } = await check(0, 'never')
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringMatching(
        /^the metrics gave no answer for 1m: baseline requests: http:\/\/127\.0\.0\.1:1\/ answered 503;/,
      ),
    })
  })

  it.each([
    ['the first', 1, 1],
    ['the second', 2, 2],
    ['half a minute of them', 2, 8],
  ])('bridges lost answers of a page: %s', async (_, from, to) => {
    let asked = 0
    const { sampler: taken, ...ports } = await sampler(() => {
      asked++
      const requests = Math.round(ports.clock.now().getTime() / 25)
      return asked >= from && asked <= to ? 'down' : { blue: { requests, errors: 0 } }
    })
    expect(await preflight(taken, 10_000, ports)).toMatchObject({ ok: true, warnings: [] })
  })

  it('does not ask again for a number that is none', async () => {
    let asked = 0
    const { sampler: taken, ...ports } = await sampler(
      () => (asked++, { blue: { requests: 100 * asked, errors: 'NaN' }, green: { requests: 0, errors: 0 } }),
    )
    expect(await preflight(taken, 10_000, ports)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^the metrics gave no answer: baseline errors: /),
    })
    expect(asked).toBe(2)
  })
})

describe('sources that name the arm', () => {
  const page = (arm: string) => configured(scrape, { type: 'scrape', pages: [`http://${arm}:1/`] })
  const requests = { source: 'web', sum: ['requests'] }
  const errors = { source: 'web', sum: ['errors'] }
  const queries = (arm: string) => ({ sources: { web: page(arm) }, requests, errors })

  it('are asked each for its own arm', async () => {
    let seconds = 0
    const ports = createFakePorts({
      http: ({ url }) => ({ body: `requests ${seconds * (url.includes('green') ? 1 : 9)}\nerrors 0` }),
    })
    const taken = createArmSampler({ baseline: queries('blue'), canary: queries('green') }, ports)
    await taken.restart(ports.signal)
    ports.clock.advance(10_000)
    seconds = 10
    expect(await taken.sample(ports.signal)).toMatchObject({
      baseline: { requests: 90, errors: 0 },
      canary: { requests: 10, errors: 0 },
    })
  })

  it('or queries that do are needed: a canary is not compared with itself', () => {
    const same = { baseline: queries('both'), canary: queries('both') }
    expect(() => createArmSampler(same, createFakePorts())).toThrow(
      /metrics\.requests: neither the query nor its source names \$\{arm\}[^]*metrics\.errors: neither/,
    )
  })
})

describe('one page of several', () => {
  type Page = () => string | undefined
  /** Both arms on these pages; undefined: it is away. Errors are asked of `errorsOf` where that is given. */
  function watched(pages: Record<string, Page>, errorsOf?: Record<string, Page>) {
    const all = { ...pages, ...errorsOf }
    const ports = createFakePorts({
      http: ({ url }) => {
        const body = all[url.slice('http://'.length, -1)]?.()
        if (body === undefined) throw new Error('refused')
        return { body }
      },
    })
    const source = (of: Record<string, Page>) =>
      configured(scrape, { type: 'scrape', pages: Object.keys(of).map((name) => `http://${name}/`) })
    const sources = { web: source(pages), ...(errorsOf && { apart: source(errorsOf) }) }
    const queries = (arm: string) => ({
      requests: { source: 'web', sum: [`requests{arm="${arm}"}`] },
      errors: { source: errorsOf ? 'apart' : 'web', sum: [`errors{arm="${arm}"}`] },
    })
    const taken = createArmSampler(
      sampled({ sources, baseline: queries('blue'), canary: queries('green') }),
      ports,
    )
    const sample = async () => {
      ports.clock.advance(10_000)
      return (await taken.sample(ports.signal))!
    }
    const restart = () => {
      ports.clock.advance(1000)
      return taken.restart(ports.signal)
    }
    return { sample, restart }
  }
  /** Counts `per` requests of each arm and half as many errors at every look, unless it is away. */
  function counting(per: Partial<Record<'blue' | 'green', number>>) {
    let looks = 0
    let isAway = false
    const page = () => {
      looks++
      return isAway
        ? undefined
        : Object.entries(per)
            .flatMap(([arm, count]) => [
              `requests{arm="${arm}"} ${looks * count}`,
              `errors{arm="${arm}"} ${(looks * count) / 2}`,
            ])
            .join('\n')
    }
    return Object.assign(page, { leave: (now: boolean) => void (isAway = now) })
  }

  it('that goes away leaves the others to speak for both arms, and says so in each', async () => {
    const [one, two] = [counting({ blue: 10, green: 2 }), counting({ blue: 100, green: 20 })]
    const { sample, restart } = watched({ one, two })
    await restart()
    expect(await sample()).toMatchObject({ baseline: { requests: 110, errors: 55 }, problems: [] })
    two.leave(true)
    const partial = {
      baseline: { requests: 10, errors: 5, leftOut: ['http://two/'] },
      canary: { requests: 2, errors: 1, leftOut: ['http://two/'] },
      problems: [
        { kind: 'partial', message: 'baseline: what http://two/ counts is left out (refused)' },
        { kind: 'partial', message: 'canary: what http://two/ counts is left out (refused)' },
      ],
    }
    expect(await sample()).toMatchObject(partial)
    // A change of weights while it is away.
    await restart()
    expect(await sample()).toMatchObject(partial)
    two.leave(false)
    // It was away when this window began: what it counted since then it has not counted in this window alone.
    expect(await sample()).toMatchObject({ baseline: { requests: 10, errors: 5, leftOut: ['http://two/'] } })
    const whole = await sample()
    expect(whole).toMatchObject({ baseline: { requests: 110, errors: 55 }, problems: [] })
    expect(whole.baseline).not.toHaveProperty('leftOut')
  })

  it('that never answered is lost metrics, and so are all pages of an arm', async () => {
    const never = counting({ blue: 1 })
    never.leave(true)
    const first = watched({ one: counting({ blue: 10, green: 2 }), never })
    await first.restart()
    expect(await first.sample()).not.toHaveProperty('baseline')

    const [blue, green] = [counting({ blue: 10 }), counting({ green: 2 })]
    const { sample, restart } = watched({ blue, green })
    await restart()
    await sample()
    green.leave(true)
    const lost = await sample()
    expect(lost).toMatchObject({
      baseline: { requests: 10, errors: 5 },
      problems: [{ kind: 'provider', message: 'canary: what http://green/ counts is left out (refused)' }],
    })
    expect(lost).not.toHaveProperty('canary')
    expect(lost.baseline).not.toHaveProperty('leftOut')
  })

  it('that comes back after a change of weights counts from then on', async () => {
    const [blue, green] = [counting({ blue: 10 }), counting({ green: 2 })]
    const { sample, restart } = watched({ blue, green })
    await restart()
    green.leave(true)
    await restart()
    expect(await sample()).not.toHaveProperty('canary')
    green.leave(false)
    expect((await sample()).problems.map(({ kind }) => kind)).toEqual(['partial', 'stale'])
    expect(await sample()).toMatchObject({ canary: { requests: 2, errors: 1 }, problems: [] })
  })

  it('cannot be left out where requests and errors are counted on different ones', async () => {
    const requests = counting({ blue: 10, green: 2 })
    const gone = counting({ blue: 10, green: 2 })
    const { sample, restart } = watched({ requests, gone }, { errors: counting({ blue: 20, green: 4 }) })
    await restart()
    await sample()
    gone.leave(true)
    // Half of the requests beside all of the errors would be twice the rate.
    const lost = await sample()
    expect(lost).not.toHaveProperty('baseline')
    expect(lost).not.toHaveProperty('canary')
    expect(lost.problems.map(({ kind }) => kind)).toEqual(['provider', 'provider'])
  })

  it('nor where one page of the same source counts the errors of all', async () => {
    let requests = 0
    let isAway = false
    const app = () =>
      isAway ? undefined : `requests{arm="blue"} ${requests++}\nrequests{arm="green"} ${requests}`
    const other = () => `requests{arm="blue"} ${requests}\nrequests{arm="green"} ${requests}`
    const edge = () => `errors{arm="blue"} ${requests}\nerrors{arm="green"} ${requests}`
    const { sample, restart } = watched({ app, other, edge })
    await restart()
    expect(await sample()).toMatchObject({ problems: [] })
    isAway = true
    expect((await sample()).problems.map(({ kind }) => kind)).toEqual(['provider', 'provider'])
  })
})
