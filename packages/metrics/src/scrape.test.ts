import { describe, expect, it } from '@jest/globals'
import { Cancelled, type HttpResponse } from '@deploy-actions/action-kit'
import { configured, createFakePorts } from '@deploy-actions/testing'
import scrape from './scrape'
import type { QueryKind, QueryResult } from './source'

type Page = string | Partial<HttpResponse> | Error

/** A source whose pages answer one after the other; a sample of ten seconds a round, windows adjoin. */
async function samples(
  rounds: Page[][],
  sum: string[] = ['hits_total{arm="blue"}'],
  kind: QueryKind = 'counter',
): Promise<QueryResult[]> {
  let round = 0
  const pages = (rounds[0] ?? []).map((_, index) => `http://127.0.0.1:${index + 1}/metrics`)
  const ports = createFakePorts({
    http: ({ url }) => {
      const page = rounds[round]?.[pages.indexOf(url)]
      if (page instanceof Error) throw page
      return typeof page === 'string' ? { body: page } : (page ?? {})
    },
  })
  const name = 'canary requests'
  const source = configured(scrape, { type: 'scrape', pages }).open(ports, [{ name, kind, query: { sum } }])
  const results: QueryResult[] = []
  let from = ports.clock.now()
  for (round = 0; round < rounds.length; round++) {
    const [result] = await source.sample([name], { from, to: ports.clock.now() }, ports.signal)
    results.push(result!)
    if (result?.problem === undefined) from = result!.window.to
    ports.clock.advance(10_000)
  }
  return results
}

const values = async (...args: Parameters<typeof samples>) =>
  (await samples(...args)).map(({ value, problem }) => value ?? problem?.kind)

describe('an increase', () => {
  it('is what was counted since the sample before; the first look only takes levels', async () => {
    expect(
      await values([
        ['hits_total{arm="blue"} 100'],
        ['hits_total{arm="blue"} 130'],
        ['hits_total{arm="blue"} 130'],
      ]),
    ).toEqual([0, 30, 0])
  })

  it('adds up all series that match, each once', async () => {
    const page = (a: number, b: number) =>
      `hits_total{arm="blue",code="200"} ${a}\nhits_total{arm="blue",code="500"} ${b}\nhits_total{arm="green"} 999`
    expect(
      await values([[page(100, 10)], [page(150, 13)]], ['hits_total{arm="blue"}', 'hits_total{code="500"}']),
    ).toEqual([0, 53])
  })

  it('counts from zero after a reset, in that series alone', async () => {
    // The first fell from 100 to 7: 7. The second grew from 50 to 80: 30.
    const page = (a: number, b: number) =>
      `hits_total{arm="blue",pod="a"} ${a}\nhits_total{arm="blue",pod="b"} ${b}`
    expect(await values([[page(100, 50)], [page(7, 80)]])).toEqual([0, 37])
  })

  it('counts a series that appears later from zero, and one that was absent at first, too', async () => {
    expect(
      await values([
        ['hits_total{arm="blue",code="200"} 5'],
        ['hits_total{arm="blue",code="200"} 6\nhits_total{arm="blue",code="500"} 4'],
      ]),
    ).toEqual([0, 5])
    expect(await values([['other 1'], ['hits_total{arm="blue"} 12']])).toEqual(['absent', 12])
  })

  it('goes on from the level that a series had before it was missing, under whatever order of its labels', async () => {
    // 100 -> (missing) -> 130 are 30, and 130 -> 135 are 5.
    expect(
      await values([
        ['hits_total{arm="blue",code="200"} 100'],
        ['hits_total{arm="blue",code="500"} 0'],
        ['hits_total{arm="blue",code="200"} 130'],
        ['hits_total{code="200", arm="blue"} 135'],
      ]),
    ).toEqual([0, 0, 30, 5])
  })

  it('is of the last of two lines that name the same series', async () => {
    const page = (a: number, b: number) => `hits_total{arm="blue"} ${a}\nhits_total{arm="blue"} ${b}`
    expect(await values([[page(7, 100)], [page(9, 104)]])).toEqual([0, 4])
  })

  it('keeps the same series of two pages apart', async () => {
    // Two replicas without a label of their own: 100 -> 110 and 50 -> 55 are 15.
    expect(
      await values([
        ['hits_total{arm="blue"} 100', 'hits_total{arm="blue"} 50'],
        ['hits_total{arm="blue"} 110', 'hits_total{arm="blue"} 55'],
      ]),
    ).toEqual([0, 15])
  })

  it('bridges a failed sample: nothing that was counted meanwhile is lost', async () => {
    expect(
      await values([['hits_total{arm="blue"} 100'], [{ status: 503 }], ['hits_total{arm="blue"} 140']]),
    ).toEqual([0, 'provider', 40])
  })

  it('takes levels at the first sample that answers', async () => {
    expect(
      await values([[new Error('refused')], ['hits_total{arm="blue"} 100'], ['hits_total{arm="blue"} 101']]),
    ).toEqual(['provider', 0, 1])
  })
})

describe('a window', () => {
  const at = (seconds: number) => new Date(Date.parse('2026-11-21T10:00:00.000Z') + seconds * 1000)
  /** A counter that reads what `count` says, looked at whenever it is asked. */
  function counting(count: () => number) {
    const ports = createFakePorts({ http: () => ({ body: `hits_total ${count()}` }) })
    const queries = [{ name: 'q', kind: 'counter', query: { sum: ['hits_total'] } } as const]
    const source = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/'] }).open(ports, queries)
    const ask = async (from: number, to: number) =>
      (await source.sample(['q'], { from: at(from), to: at(to) }, ports.signal))[0]
    return { ask, clock: ports.clock }
  }

  it('begins with the first look in it, and says so', async () => {
    const { ask, clock } = counting(() => clock.now().getTime() / 1000)
    await ask(0, 0)
    clock.advance(10_000)
    // What was counted in the first ten seconds is not of this window.
    await ask(5, 10)
    clock.advance(10_000)
    expect(await ask(5, 20)).toEqual({ window: { from: at(10), to: at(20) }, value: 10 })
  })

  it('ends with the look that was asked for, however slow the page is', async () => {
    const slow = createFakePorts({
      http: () => {
        const body = `hits_total ${slow.clock.now().getTime() / 1000}`
        slow.clock.advance(8000)
        return { body }
      },
    })
    const queries = [{ name: 'q', kind: 'counter', query: { sum: ['hits_total'] } } as const]
    const source = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/'] }).open(slow, queries)
    const ask = async (from: number, to: number) =>
      (await source.sample(['q'], { from: at(from), to: at(to) }, slow.signal))[0]
    await ask(0, 0)
    slow.clock.advance(2000)
    // Asked at 10 s and answered at 18 s: further from 10 s than the first answer, which came at 8 s.
    expect(await ask(8, 10)).toEqual({ window: { from: at(8), to: at(18) }, value: 10 })
  })

  it('of the past ends with the look nearest to its end: what came after waits for the next', async () => {
    const { ask, clock } = counting(() => clock.now().getTime() / 1000)
    for (const end of [0, 0, 0, 10]) {
      await ask(0, end)
      clock.advance(10_000)
    }
    // Looks at 0, 10, 20, 30 and now 40 s.
    expect(await ask(0, 22)).toEqual({ window: { from: at(0), to: at(20) }, value: 20 })
    expect(await ask(20, 40)).toEqual({ window: { from: at(20), to: at(40) }, value: 20 })
  })

  it('sees a reset between its looks', async () => {
    const counts = [100, 120, 5, 8]
    const { ask, clock } = counting(() => counts.shift() ?? 0)
    for (let round = 0; round < 3; round++) {
      await ask(0, 0)
      clock.advance(10_000)
    }
    // 20, then 5 from zero, then 3.
    expect(await ask(0, 30)).toMatchObject({ value: 28 })
  })
})

describe('other kinds', () => {
  it('a gauge is what it is now', async () => {
    const pages = [['mem{pod="a"} 3\nmem{pod="b"} 4'], ['mem{pod="a"} 1\nmem{pod="b"} 1']]
    expect((await samples(pages, ['mem'], 'gauge')).map(({ value }) => value)).toEqual([7, 2])
  })
})

describe('a histogram', () => {
  /** A line of each bucket, bounds and counts in turns. */
  const took = (buckets: Record<string, number>, labels = ''): string =>
    Object.entries(buckets)
      .map(([le, count]) => `took_bucket{${labels}le="${le}"} ${count}`)
      .join('\n')
  const last = async (rounds: Page[][], sum = ['took_bucket']) =>
    (await samples(rounds, sum, 'histogram')).at(-1)

  it('is the increase of each bucket, bounds in order', async () => {
    const rounds = [[took({ 0.5: 20, 0.1: 10, '+Inf': 30 })], [took({ 0.5: 25, 0.1: 14, '+Inf': 36 })]]
    expect((await last(rounds))?.buckets).toEqual([
      { le: 0.1, count: 4 },
      { le: 0.5, count: 5 },
      { le: Infinity, count: 6 },
    ])
  })

  it('of replicas with other bounds has those that all have: none is taken to be slower than it is', async () => {
    // Of the second nobody knows how many of its ten took at most 0.1 s.
    const second = [took({ 0.5: 0, '+Inf': 0 }), took({ 0.5: 10, '+Inf': 10 })]
    const first = [took({ 0.1: 0, 0.5: 0, '+Inf': 0 }), took({ 0.1: 4, 0.5: 5, '+Inf': 6 })]
    const buckets = [
      { le: 0.5, count: 15 },
      { le: Infinity, count: 16 },
    ]
    const rounds = [0, 1].map((round) => [first[round] ?? '', second[round] ?? ''])
    expect((await last(rounds))?.buckets).toEqual(buckets)
    const labelled = [0, 1].map((round) => {
      const [one, other] = [first[round], second[round]].map((page = '', pod) =>
        page.replaceAll('{', `{pod="${pod}",`),
      )
      return [`${one}\n${other}`]
    })
    expect((await last(labelled))?.buckets).toEqual(buckets)
  })

  it('whose bounds change within a window has those that it had all the while', async () => {
    // Replaced at the third look, by a release with another bound: 4 until then, and 4 from zero on.
    const counted: Record<string, number>[] = [
      { 0.1: 10, 1: 20, '+Inf': 20 },
      { 0.1: 12, 1: 24, '+Inf': 24 },
      { 0.2: 3, 1: 4, '+Inf': 4 },
    ]
    const ports = createFakePorts({ http: () => ({ body: took(counted.shift() ?? {}) }) })
    const queries = [{ name: 'q', kind: 'histogram', query: { sum: ['took_bucket'] } } as const]
    const source = configured(scrape, { type: 'scrape', pages: ['http://127.0.0.1:1/'] }).open(ports, queries)
    const from = ports.clock.now()
    let result: QueryResult | undefined
    for (let look = 0; look < 3; look++) {
      result = (await source.sample(['q'], { from, to: ports.clock.now() }, ports.signal))[0]
      ports.clock.advance(10_000)
    }
    expect(result?.buckets).toEqual([
      { le: 1, count: 8 },
      { le: Infinity, count: 8 },
    ])
  })

  it('is reset as a whole, also where a bucket has outgrown its level since', async () => {
    // 40 new ones, 30 of them within 0.1 s: ten are slower, not 20 = 40 - (30 - 10).
    const rounds = [[took({ 0.1: 10, '+Inf': 1000 })], [took({ 0.1: 30, '+Inf': 40 })]]
    expect((await last(rounds))?.buckets).toEqual([
      { le: 0.1, count: 30 },
      { le: Infinity, count: 40 },
    ])
  })

  it('is reset alone', async () => {
    const page = (a: number, b: number) =>
      [a, b].map((count, pod) => took({ '+Inf': count }, `pod="${pod}",`)).join('\n')
    expect((await last([[page(100, 50)], [page(7, 80)]]))?.buckets).toEqual([{ le: Infinity, count: 37 }])
  })

  it.each([
    ['asked for', [took({ 0.1: 1, '+Inf': 1 })], ['took_bucket{le="0.1"}']],
    ['on one page', [took({ 0.1: 1 }), took({ 0.1: 1, '+Inf': 1 })], ['took_bucket']],
  ])('tells nothing where the bucket of all requests is not %s', async (_, pages, sum) => {
    const results = await samples([pages, pages], sum, 'histogram')
    expect(results.map(({ problem }) => problem)).toEqual([
      undefined,
      {
        kind: 'provider',
        message: `not every histogram of ${sum[0]} has a bucket le="+Inf", which counts all that it holds`,
      },
    ])
  })
})

describe('a page', () => {
  it('is read as OpenMetrics, too, with blanks, escapes, timestamps, exemplars and lines that end as on Windows', async () => {
    const page = (blue: number, other: number) =>
      [
        '# HELP hits What was asked for: hits_total{arm="blue"} 7',
        '# TYPE hits counter',
        '# UNIT hits requests',
        `hits_total{arm="blue",path="/a\\"}\\\\b"} ${blue} 1520879607.789 # {trace="}"} 0.5 1520879607.789`,
        'hits_created{arm="blue"} 1520430000.123',
        ` hits_total { path = "\\n" , arm = "blue" , } ${other}`,
        '# EOF',
        '',
      ].join('\r\n')
    expect(await values([[page(1, 10)], [page(3, 14)]])).toEqual([0, 6])
  })

  it('may have lines that are none: those of series that nobody asks for, and those that are', async () => {
    const page = (value: string) =>
      `up 1\nother{arm=blue} x\n{"a.b"} 1\n???\nhits_total{arm="blue"} ${value}\nother{`
    expect(await values([[page('5')], [page('')], [page('8')]])).toEqual([0, 'absent', 3])
  })
})

describe('what cannot be known', () => {
  it.each<[string, Page, QueryResult['problem']]>([
    ['an absent series', 'other 1', { kind: 'absent', message: 'no series matches hits_total{arm="blue"}' }],
    [
      'not a number',
      'hits_total{arm="blue"} NaN',
      { kind: 'nan', message: 'hits_total{"arm":"blue"} is NaN' },
    ],
    [
      'infinity',
      'hits_total{arm="blue"} +Inf',
      { kind: 'infinite', message: 'hits_total{"arm":"blue"} is Infinity' },
    ],
    [
      'an error page',
      { status: 500, body: 'hits_total{arm="blue"} 1' },
      { kind: 'provider', message: 'http://127.0.0.1:1/metrics answered 500' },
    ],
    [
      'no answer',
      new Error('http://127.0.0.1:1 gave no answer within 5000 ms'),
      { kind: 'provider', message: 'http://127.0.0.1:1 gave no answer within 5000 ms' },
    ],
    [
      'an empty page',
      '# nothing yet\n',
      { kind: 'provider', message: 'http://127.0.0.1:1/metrics: there are no series on the page' },
    ],
  ])('is told apart: %s', async (_, page, problem) =>
    expect((await samples([[page]])).map((result) => result.problem)).toEqual([problem]),
  )

  it('is all of it when one page of several has never answered', async () => {
    expect(await values([['hits_total{arm="blue"} 1', new Error('down')]])).toEqual(['provider'])
  })

  it('is none of it when one page of several goes away: the others are counted, for whole windows', async () => {
    const hits = (value: number) => `hits_total{arm="blue"} ${value}`
    const results = await samples([
      [hits(100), hits(1000)],
      [hits(110), hits(1020)],
      [hits(120), new Error('refused')],
      [hits(130), { status: 503 }],
      // Back: what it counted meanwhile lies in no window, and what it counts from now on does.
      [hits(140), hits(1100)],
      [hits(150), hits(1105)],
    ])
    expect(results.map(({ value }) => value)).toEqual([0, 30, 10, 10, 10, 15])
    expect(results.map(({ pages }) => pages?.missing.map(({ page, why }) => `${page} ${why}`))).toEqual([
      [],
      [],
      ['http://127.0.0.1:2/metrics refused'],
      ['http://127.0.0.1:2/metrics http://127.0.0.1:2/metrics answered 503'],
      ['http://127.0.0.1:2/metrics it was away at an end of the window'],
      [],
    ])
  })

  it('counts from the level that a page has when it comes back, be it reset or not', async () => {
    const hits = (value: number) => `hits_total{arm="blue"} ${value}`
    const away = new Error('refused')
    expect(
      await values([
        [hits(0), hits(500)],
        [hits(1), away],
        [hits(2), hits(3)],
        [hits(3), hits(7)],
      ]),
    ).toEqual([0, 1, 1, 5])
  })

  it('lets a page that was away within a window be counted in it when both its ends are known', async () => {
    const hits = (value: number) => `hits_total{arm="blue"} ${value}`
    const ports = createFakePorts({ http: ({ url }) => pages[url.slice(-1)]!() })
    const pages: Record<string, () => Partial<HttpResponse>> = {
      a: () => ({ body: hits(seconds()) }),
      b: () => (seconds() === 10 ? { status: 503 } : { body: hits(seconds() * 10) }),
    }
    const began = ports.clock.now().getTime()
    const seconds = () => (ports.clock.now().getTime() - began) / 1000
    const source = configured(scrape, { type: 'scrape', pages: ['http://p:1/a', 'http://p:1/b'] }).open(
      ports,
      [{ name: 'q', kind: 'counter', query: { sum: ['hits_total'] } }],
    )
    const ask = async (to: Date) =>
      (await source.sample(['q'], { from: new Date(began), to }, ports.signal))[0]
    await ask(new Date(began))
    ports.clock.advance(10_000)
    expect(await ask(ports.clock.now())).toMatchObject({ value: 10 })
    ports.clock.advance(10_000)
    expect(await ask(ports.clock.now())).toMatchObject({ value: 220, pages: { missing: [] } })
  })

  it('says nothing of a query whose only page is away, and takes its level when it is back', async () => {
    const other = 'other 1'
    const hits = (value: number) => `hits_total{arm="blue"} ${value}`
    const away = new Error('refused')
    const results = await samples([
      [other, hits(100)],
      [other, away],
      [other, hits(140)],
    ])
    expect(results.map(({ value, problem }) => value ?? problem?.kind)).toEqual([0, 'absent', 40])
    expect(results[1]?.pages).toEqual({
      of: ['http://127.0.0.1:2/metrics'],
      missing: [{ page: 'http://127.0.0.1:2/metrics', why: 'refused' }],
    })
  })

  it('is nothing when the run is cancelled: that is thrown', async () => {
    await expect(samples([[new Cancelled('the run was cancelled')]])).rejects.toBeInstanceOf(Cancelled)
  })
})
