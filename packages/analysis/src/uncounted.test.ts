import { describe, expect, it } from '@jest/globals'
import type { ArmSample, Sample } from './sample'
import { watchUncounted } from './uncounted'

const sample = (canary?: ArmSample, baseline?: ArmSample): Sample => ({
  at: '',
  windowMs: 10_000,
  ...(canary && { canary }),
  ...(baseline && { baseline }),
  problems: [],
})
const timed = { requests: 100, errors: 0, latency: [{ le: Infinity, count: 100 }] }
const still = { requests: 10, errors: 0, latency: [{ le: Infinity, count: 0 }] }

it.each([
  ['both arms are timed', [sample(timed, timed)], undefined],
  ['fewer are not timed than a source that lags may hold back', [sample(still, timed)], undefined],
  ['the canary is not timed', [sample(still, timed), sample(still, timed)], 'the canary has answered 20'],
  ['it has no histogram', [sample({ requests: 20, errors: 0 }, timed)], 'the canary has answered 20'],
  ['the baseline is not timed', [sample(timed, still), sample(timed, still)], 'the baseline has answered 20'],
  ['it comes back', [sample(still), sample(still), sample(timed)], undefined],
  ['what is not timed has failed', [sample({ requests: 100, errors: 100 }, timed)], undefined],
  [
    'nothing is known of the canary meanwhile',
    [sample(still), sample(), sample(still)],
    'the canary has answered 20',
  ],
])('%s', (_, samples, said) => {
  const watch = watchUncounted(['latency'])
  const [last] = samples.map((one) => watch.next(one)).at(-1) ?? []
  expect(last?.reason()).toEqual(said === undefined ? undefined : expect.stringContaining(said))
  expect(last?.verdict).toBe(said === undefined ? undefined : 'error')
})

describe('a ratio', () => {
  const arm = (requests: number, of?: number): ArmSample => ({
    ...{ requests, errors: 0 },
    ...(of !== undefined && { ratios: { pay: { requests: of, errors: 0 } } }),
  })
  const after = (...samples: Sample[]) => {
    const watch = watchUncounted(['pay'])
    return samples
      .map((one) => watch.next(one))
      .at(-1)
      ?.map(({ reason }) => reason())
  }

  it('that only the baseline counts is an error once the canary should have counted some', () => {
    // A tenth of the requests of the baseline's: of its 90 payments 10 are due to the canary in each sample.
    const one = sample(arm(100, 0), arm(900, 90))
    expect(after(one)).toEqual([])
    expect(after(one, one)).toEqual([
      'the canary has counted no pay (metrics.ratios.pay.of), where the baseline would have counted 20 for as many requests',
    ])
    expect(after(one, sample(arm(100, 1), arm(900, 90)), one)).toEqual([])
  })

  it('that nobody counts, or of which nothing is known, is none', () => {
    expect(after(sample(arm(1000, 0), arm(1000, 0)))).toEqual([])
    expect(after(sample(arm(1000), arm(1000, 500)))).toEqual([])
    expect(after(sample(arm(1000, 0)))).toEqual([])
  })
})
