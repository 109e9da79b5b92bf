import { expect, it } from '@jest/globals'
import { createFakePorts } from '@deploy-actions/testing'
import { LEDGER_PATIENCE_MS } from '@deploy-actions/ledger'
import { PATIENCE_MS, persistence } from './patience'

it('says at the first failure and then each full minute that it goes on, and calls for people at the first', () => {
  const { log, recorded } = createFakePorts()
  const told: string[] = []
  const { onFailure } = persistence(
    'the traffic of tx',
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

it('is that of whom a restore asks of its ledger, too: neither gives up long before the other', () => {
  expect(LEDGER_PATIENCE_MS.restoreStep).toBe(PATIENCE_MS.restoreStep)
  expect(LEDGER_PATIENCE_MS.guard).toBe(PATIENCE_MS.guard)
})

it('fits into what waits: posts into the five minutes of GitHub, a plan into its job, a quota into a rollout', () => {
  const minutes = (ms: number) => ms / 60_000
  expect(minutes(PATIENCE_MS.posts)).toBeLessThan(5)
  expect(minutes(PATIENCE_MS.putBack)).toBeLessThan(minutes(PATIENCE_MS.posts))
  expect(minutes(LEDGER_PATIENCE_MS.plan)).toBeLessThan(15)
  // A quota that is used up comes back within the hour, and is waited for.
  expect(minutes(LEDGER_PATIENCE_MS.forward)).toBeGreaterThan(60)
  // Beside the traffic, which is put back meanwhile.
  expect(LEDGER_PATIENCE_MS.trafficFirst).toBeLessThan(60_000)
  // Bad traffic waits for nobody, but one exchange may take a second or two.
  for (const ms of Object.values({ ...PATIENCE_MS, ...LEDGER_PATIENCE_MS }))
    expect(ms).toBeGreaterThanOrEqual(3_000)
  expect(LEDGER_PATIENCE_MS.badTraffic).toBeLessThan(5_000)
})
