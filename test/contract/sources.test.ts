import { describe, expect, it } from '@jest/globals'
import { Cancelled, ProviderError, type HttpResponse } from '@deploy-actions/action-kit'
import { openSource, sources, type QueryResult } from '@deploy-actions/metrics'
import { createFakePorts } from '@deploy-actions/testing'

type Answer = Partial<HttpResponse> | Error

/** How a provider of this type answers, and what is asked of it. */
interface Lab {
  settings: object
  query: object
  /** an answer in which the counter has this value; undefined: it has no such counter, but works */
  answer(count: number | undefined): Answer
}

const labs: Record<keyof typeof sources, Lab> = {
  scrape: {
    settings: { type: 'scrape', pages: ['http://127.0.0.1:1/metrics'] },
    query: { sum: ['hits_total{arm="blue"}'] },
    answer: (count) => ({ body: `up 1\n${count === undefined ? '' : `hits_total{arm="blue"} ${count}\n`}` }),
  },
}

it('covers every source', () => expect(Object.keys(labs)).toEqual(Object.keys(sources)))

describe.each(Object.entries(labs))('the %s source', (type, lab) => {
  const provider = () => sources[type as keyof typeof sources]()

  /** One sample per answer. */
  async function ask(answers: Answer[], signal?: AbortSignal): Promise<QueryResult[]> {
    let round = 0
    const ports = createFakePorts({
      http({ signal: aborted }) {
        if (aborted.aborted) throw new Cancelled('the run was cancelled')
        const answer = answers[round] as Answer
        if (answer instanceof Error) throw answer
        return answer
      },
    })
    const { options, query } = await provider()
    const source = await openSource(options.parse(lab.settings), {
      http: ports.http,
      secrets: new Map(),
    })
    const results: QueryResult[] = []
    for (; round < answers.length; round++)
      results.push(
        ...(await source.sample(
          [{ name: 'requests canary', query: query.parse(lab.query) }],
          signal ?? ports.signal,
        )),
      )
    return results
  }

  it('parses its own options again without a change', async () => {
    const { options } = await provider()
    const once = options.parse(lab.settings)
    expect(options.parse(JSON.parse(JSON.stringify(once)))).toEqual(once)
  })

  it('answers every query, the first time with nothing, then with what was added', async () => {
    expect(await ask([lab.answer(100), lab.answer(130), lab.answer(130)])).toEqual([
      { value: 0 },
      { value: 30 },
      { value: 0 },
    ])
  })

  it('tells a counter that is not there from a provider that fails, and throws neither', async () => {
    const down = new ProviderError('http://127.0.0.1:1 could not be reached: ECONNREFUSED', { provider: 'x' })
    const kinds = (await ask([lab.answer(undefined), down, { status: 500 }, { status: 401 }])).map(
      ({ problem }) => problem?.kind,
    )
    expect(kinds).toEqual(['absent', 'provider', 'provider', 'provider'])
  })

  it('loses nothing over a failure, and counts a reset from zero', async () => {
    const results = await ask([lab.answer(100), { status: 500 }, lab.answer(140), lab.answer(5)])
    expect(results.map(({ value }) => value)).toEqual([0, undefined, 40, 5])
  })

  it('gives no number that is none', async () => {
    expect(
      (await ask([lab.answer(NaN), lab.answer(Infinity)])).map(({ problem }) => problem?.kind === undefined),
    ).toEqual([false, false])
  })

  it('ends with the run', async () => {
    await expect(ask([lab.answer(1)], AbortSignal.abort())).rejects.toBeInstanceOf(Cancelled)
  })
})
