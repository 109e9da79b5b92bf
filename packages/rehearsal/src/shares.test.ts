import { describe, expect, it } from '@jest/globals'
import type { RouterReading, World } from '@deploy-actions/embedded-regions'
import type { Weights } from '@deploy-actions/rollout'
import { changeShares, mustHaveShares, sharesFor, sharesResult } from './shares'

const reading = (weights: Weights, more: Partial<RouterReading> = {}): RouterReading => ({
  weights,
  effective: weights,
  commands: [],
  requests: 0,
  failed: { app: 0, proxy: 0, connection: 0 },
  failingSeconds: 0,
  ...more,
})

describe('shares that somebody sets by hand', () => {
  it('leave the others theirs in proportion', async () => {
    const set: Weights[] = []
    const world: Pick<World, 'shares' | 'setShares'> = {
      shares: () => Promise.resolve(reading({ us: 6_000, eu: 1_000, ap: 3_000 })),
      setShares: (weights) => Promise.resolve(void set.push({ ...weights })),
    }
    await changeShares(world, { ap: 1_600 })
    // 84 % in the proportion 6:1, of 200 units.
    expect(set).toEqual([{ us: 144, eu: 24, ap: 32 }])
  })

  it('need a router that has them', () => {
    const faults = [{ region: 'eu', shares: { ap: 500 } }]
    expect(() => mustHaveShares({ faults }, [])).toThrow(/rollout.yml has no traffic.regions/)
    expect(() => mustHaveShares({ faults: [{ region: 'eu', run: 'cancel' }] }, [])).not.toThrow()
  })
})

describe('the shares of a scenario', () => {
  it('are even, and steered', () =>
    expect(sharesFor([{ name: 'us' }, { name: 'eu' }, { name: 'ap' }])).toEqual({
      'traffic.regions': { router: { type: 'haproxy', port: 9990, backend: 'regions' } },
      'regions.0.share': '34%',
      'regions.1.share': '33%',
      'regions.2.share': '33%',
    }))

  it('are those of the config where it has some', () =>
    expect(
      sharesFor([
        { name: 'us', share: 7_000 },
        { name: 'eu', share: 3_000 },
      ]),
    ).toEqual({}))
})

describe('what became of the shares', () => {
  const [one, other] = [
    { us: 7_000, eu: 3_000 },
    { us: 9_000, eu: 1_000 },
  ]

  it('is each vector once, though two runs were watched one after the other', () => {
    const before = reading(one, { requests: 10, failed: { app: 1, proxy: 0, connection: 0 } })
    const after = reading(one, {
      requests: 30,
      failed: { app: 2, proxy: 3, connection: 1 },
      commands: ['set'],
    })
    expect(sharesResult(before, after, [one, other, other, one])).toEqual({
      before: one,
      after: one,
      held: [one, other, one],
      commands: ['set'],
      requests: 20,
      failed: 5,
      failedOutsideApp: 4,
    })
  })

  it('is nothing where no router steers them', () =>
    expect(sharesResult(undefined, undefined, [])).toBeUndefined())
})
