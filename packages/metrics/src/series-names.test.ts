import { describe, expect, it } from '@jest/globals'
import { configured, createFakePorts } from '@deploy-actions/testing'
import { createArmSampler, type SourceQuery } from './arm-sampler'
import { preflight, type Preflight } from './preflight'
import scrape from './scrape'

/** A page that counts 400 more requests of blue at each look, and beside them what a test says. */
const growing = (more: string) => {
  let looks = 0
  return () => `hits{arm="blue",code="2xx"} ${400 * looks++}\nhits{arm="green",code="2xx"} 0\n${more}`
}

/** The preflight of blue (baseline) and green (canary): with one page for both, or with one for each. */
async function check(
  errors: string | string[],
  pages: { both: () => string } | { blue: () => string; green: () => string },
  absent?: 'zero',
): Promise<Preflight> {
  const ports = createFakePorts({
    http: ({ url }) => ({
      body: 'both' in pages ? pages.both() : url.includes('blue') ? pages.blue() : pages.green(),
    }),
  })
  const queriesOf = (arm: string) => {
    const url = 'both' in pages ? 'http://proxy:1/' : `http://${arm}:1/`
    const query = (selectors: string[]): SourceQuery => ({
      source: 'web',
      absent,
      sum: selectors.map((selector) => selector.replaceAll('ARM', arm)),
    })
    return {
      sources: { web: configured(scrape, { type: 'scrape', pages: [url] }) },
      requests: query(['hits{arm="ARM"}']),
      errors: query([errors].flat()),
    }
  }
  const sampler = createArmSampler({ baseline: queriesOf('blue'), canary: queriesOf('green') }, ports)
  return preflight(sampler, 10_000, ports)
}

const findings = async (...args: Parameters<typeof check>) => {
  const seen = await check(...args)
  return seen.ok ? { warnings: seen.warnings } : { refused: seen.misnamed?.map(({ message }) => message) }
}
const clean = { warnings: [] }

describe('an error query', () => {
  it('that matches something on either arm is in order', async () => {
    const page = growing('hits{arm="blue",code="5xx"} 0')
    expect(await findings('hits{arm="ARM",code="5xx"}', { both: page })).toEqual(clean)
  })

  it.each([
    [
      'a metric that no page has',
      'hitz{arm="ARM",code="5xx"}',
      'hitz{arm="blue",code="5xx"}: no page has a metric hitz. Did you mean hits? If it only begins with its first event, say absent: zero beside its source',
    ],
    [
      'a label that the metric does not have',
      'hits{arm="ARM",cod="5xx"}',
      'hits{arm="blue",cod="5xx"}: no series of hits has a label cod; known: arm, code. Did you mean code?',
    ],
    [
      'a value that differs from a seen one in its case',
      'hits{arm="ARM",code="2XX"}',
      'hits{arm="blue",code="2XX"}: code is never "2XX" in hits, but "2xx": upper and lower case differ',
    ],
  ])('is refused that names %s, once for both arms', async (_, selector, message) => {
    expect(await findings(selector, { both: growing('') })).toEqual({ refused: [message] })
  })

  it('is refused for one selector of several, with all that is wrong at once', async () => {
    const seen = await findings(['hits{arm="ARM",code="2XX"}', 'hits{arm="ARM"}', 'hitz{arm="ARM"}'], {
      both: growing(''),
    })
    expect(seen.refused).toHaveLength(2)
  })

  it('that may wait for its first error is warned of, with the values seen; absent: zero silences it', async () => {
    const selector = 'hits{arm="ARM",code="5xx"}'
    expect(await findings(selector, { both: growing('') })).toEqual({
      warnings: [
        'metrics.errors: hits{arm="blue",code="5xx"} matches nothing of either arm (seen are arm: blue, green; code: 2xx): if that is misspelt, a failing canary is promoted; if it only begins with its first event, say absent: zero beside its source',
      ],
    })
    expect(await findings(selector, { both: growing('') }, 'zero')).toEqual(clean)
  })

  it('with absent: zero may name a metric that is not there yet, but no label or case that is wrong', async () => {
    const of = (selector: string) => findings(selector, { both: growing('') }, 'zero')
    expect(await of('errors{arm="ARM"}')).toEqual(clean)
    expect((await of('hits{arm="ARM",cod="5xx"}')).refused).toHaveLength(1)
    expect((await of('hits{arm="ARM",code="2XX"}')).refused).toHaveLength(1)
  })

  it.each([
    ['# TYPE errors counter', 'errors{arm="ARM"}'],
    ['# TYPE took_seconds histogram', 'took_seconds_count{arm="ARM"}'],
  ])('may name what %j announces: that is a warning', async (line, selector) => {
    const { warnings } = await findings(selector, { both: growing(line) })
    expect(warnings).toEqual([expect.stringMatching(/ has no series yet\)/)])
  })
})

describe('arms with pages of their own', () => {
  const blue = growing('hits{arm="blue",code="5xx"} 0\nerrors{kind="a"} 0')

  it('are each examined on their own: a release that renamed a label is refused', async () => {
    const green = () => 'hits{arm="green",code="2xx"} 0\nerrors{sort="a"} 0'
    expect(await findings('errors{kind="a"}', { blue, green })).toEqual({
      refused: ['errors{kind="a"}: no series of errors has a label kind; known: sort.'],
    })
  })

  it('are warned of where only one knows the metric that counts failures', async () => {
    const green = () => 'hits{arm="green",code="2xx"} 0'
    const seen = await findings('errors{kind="a"}', { blue, green })
    expect(seen.warnings).toEqual([
      expect.stringMatching(
        /^metrics\.errors: .*: the pages of the canary have no metric errors, while those/,
      ),
    ])
    expect(await findings('errors{kind="a"}', { blue, green }, 'zero')).toEqual(clean)
    expect(
      await findings('errors{kind="a"}', { blue, green: () => `${green()}\n# TYPE errors counter` }),
    ).toEqual(clean)
  })

  it('need no series of a canary that has no traffic yet', async () => {
    const green = () => 'hits{arm="green",code="2xx"} 0\nerrors{kind="b"} 0'
    expect(await findings('errors{kind="a"}', { blue, green })).toEqual(clean)
  })
})
