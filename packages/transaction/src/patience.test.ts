import { expect, it } from '@jest/globals'
import { createFakePorts } from '@deploy-actions/testing'
import { persistence } from './patience'

it('says at the first failure and then each full minute that it goes on, and calls for people at the first', () => {
  const { log, recorded } = createFakePorts()
  const told: string[] = []
  const { onFailure } = persistence(
    'tx',
    { withinMs: 300_000, afterAMinute: (why) => told.push(`${recorded.log.length} ${why}`) },
    log,
  )
  for (const sinceMs of [1500, 59_999, 60_000, 61_500, 121_499, 121_500])
    onFailure?.({ error: new Error(`no answer at ${sinceMs}`), sinceMs })
  expect(recorded.log.map(({ line }) => line)).toEqual(
    [
      ['1s', 1500],
      ['1m1s', 61_500],
      ['2m1s', 121_500],
    ].map(
      ([after, at]) =>
        `the traffic of tx is NOT back yet, after ${after} of 5m in which it is tried: no answer at ${at}`,
    ),
  )
  expect(told).toEqual(['1 no answer at 60000'])
})
