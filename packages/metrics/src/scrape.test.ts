import { describe, expect, it } from '@jest/globals'
import { Cancelled, type HttpResponse } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { create, options, query } from './scrape'
import type { QueryResult } from './source'

type Page = string | Partial<HttpResponse> | Error

/** A source whose pages answer one after the other; a sample a round. */
async function samples(rounds: Page[][], sum: string[] = ['hits_total{arm="blue"}']): Promise<QueryResult[]> {
  let round = 0
  const pages = (rounds[0] ?? []).map((_, index) => `http://127.0.0.1:${index + 1}/metrics`)
  const ports = createFakePorts({
    http: ({ url }) => {
      const page = rounds[round]?.[pages.indexOf(url)]
      if (page instanceof Error) throw page
      return typeof page === 'string' ? { body: page } : (page ?? {})
    },
  })
  const source = create(options.parse({ type: 'scrape', pages }), { http: ports.http, secrets: new Map() })
  const results: QueryResult[] = []
  for (round = 0; round < rounds.length; round++)
    results.push(
      ...(await source.sample([{ name: 'requests canary', query: query.parse({ sum }) }], ports.signal)),
    )
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
      { kind: 'provider', message: 'http://127.0.0.1:1/metrics: the page has no series at all' },
    ],
  ])('is told apart: %s', async (_, page, problem) => expect(await samples([[page]])).toEqual([{ problem }]))

  it('is all of it when one page of several fails', async () => {
    expect(await values([['hits_total{arm="blue"} 1', new Error('down')]])).toEqual(['provider'])
  })

  it('is nothing when the run is cancelled: that is thrown', async () => {
    await expect(samples([[new Cancelled('the run was cancelled')]])).rejects.toBeInstanceOf(Cancelled)
  })
})
