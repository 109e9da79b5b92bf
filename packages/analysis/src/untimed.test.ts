import { expect, it } from '@jest/globals'
import type { ArmSample, Sample } from './sample'
import { watchUntimed } from './untimed'

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
  const watch = watchUntimed()
  const last = samples.map((one) => watch.next(one)).at(-1)
  expect(last?.reason()).toEqual(said === undefined ? undefined : expect.stringContaining(said))
  expect(last?.verdict).toBe(said === undefined ? undefined : 'error')
})
