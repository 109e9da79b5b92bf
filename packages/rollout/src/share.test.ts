import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { WHOLE } from './percent'
import { drainedShares, returnedShares, withShare, type SharePlan } from './share'
import { apportion, type Weights } from './weights'

const plan = (change: Partial<SharePlan> = {}): SharePlan => ({
  region: 'eu',
  whileDeploying: 1_000,
  keepWithinZone: false,
  regions: [
    { name: 'us', share: 5_000, zone: 'a', priority: 1 },
    { name: 'eu', share: 3_000, zone: 'b', priority: 1 },
    { name: 'ap', share: 2_000, zone: 'b', priority: 1 },
  ],
  ...change,
})
const withRegion = (name: string, change: Partial<SharePlan['regions'][number]>): SharePlan => {
  const { regions } = plan()
  return plan({ regions: regions.map((one) => (one.name === name ? { ...one, ...change } : one)) })
}
const steady = { us: 5_000, eu: 3_000, ap: 2_000 }
const all = () => true
const sum = (vector: Weights): number => Object.values(vector).reduce((total, part) => total + part, 0)

describe('a drained share', () => {
  it('is spread by the shares of the config', () => {
    // 20 % are freed: 5/7 of them are 14.2857 %, 2/7 are 5.7143 %.
    expect(drainedShares(steady, plan(), all)).toEqual({ us: 6_429, eu: 1_000, ap: 2_571 })
  })

  it('stays in its zone where it is to', () =>
    expect(drainedShares(steady, plan({ keepWithinZone: true }), all)).toEqual({
      us: 5_000,
      eu: 1_000,
      ap: 4_000,
    }))

  it('goes to nobody who does not serve', () =>
    expect(drainedShares(steady, plan(), (name) => name !== 'us')).toEqual({
      us: 5_000,
      eu: 1_000,
      ap: 4_000,
    }))

  it('goes to nobody whom somebody has taken out of the traffic', () =>
    expect(drainedShares({ us: 7_000, eu: 3_000, ap: 0 }, plan(), all)).toEqual({
      us: 9_000,
      eu: 1_000,
      ap: 0,
    }))

  it('goes to nobody who is drained as well, whoever has left it so', () => {
    // us is at what a drained region keeps, as its router rounds it.
    expect(drainedShares({ us: 1_020, eu: 5_400, ap: 3_580 }, plan(), all)).toEqual({
      us: 1_020,
      eu: 1_000,
      ap: 7_980,
    })
    expect(drainedShares({ us: 1_000, eu: 9_000, ap: 0 }, plan(), all)).toBeUndefined()
    // One that never has more than that is not drained.
    const small = withRegion('us', { share: 900 })
    expect(drainedShares({ us: 900, eu: 3_000, ap: 6_100 }, small, all)?.['us']).toBeGreaterThan(900)
  })

  it('goes to the regions of the lowest priority number that serve', () => {
    const later = withRegion('us', { priority: 2 })
    expect(drainedShares(steady, later, all)).toEqual({ us: 5_000, eu: 1_000, ap: 4_000 })
    expect(drainedShares(steady, later, (name) => name !== 'ap')).toEqual({ us: 7_000, eu: 1_000, ap: 2_000 })
  })

  it('goes to a region that stands by when the others do not serve', () => {
    const standby = withRegion('ap', { share: 0, priority: 2 })
    const held = { us: 7_000, eu: 3_000, ap: 0 }
    expect(drainedShares(held, standby, all)).toEqual({ us: 9_000, eu: 1_000, ap: 0 })
    expect(drainedShares(held, standby, (name) => name !== 'us')).toEqual({ us: 7_000, eu: 1_000, ap: 2_000 })
  })

  it('goes to no region that is to have none, as long as another one may take it', () =>
    expect(drainedShares(steady, withRegion('us', { share: 0 }), all)).toEqual({
      us: 5_000,
      eu: 1_000,
      ap: 4_000,
    }))

  it('stays as it is where it is no more than what is kept', () =>
    expect(drainedShares({ us: 9_500, eu: 500, ap: 0 }, plan(), all)).toEqual({ us: 9_500, eu: 500, ap: 0 }))

  it('has nowhere to go when nobody else serves, or nobody of its zone', () => {
    expect(drainedShares(steady, plan(), () => false)).toBeUndefined()
    expect(drainedShares(steady, withRegion('ap', { zone: 'c' }), all)).toBeDefined()
    expect(
      drainedShares(steady, { ...withRegion('ap', { zone: 'c' }), keepWithinZone: true }, all),
    ).toBeUndefined()
  })
})

describe('a share that returns', () => {
  const left = { us: 6_429, eu: 1_000, ap: 2_571 }

  it('brings all of it back where nobody else had a hand in it', () =>
    expect(returnedShares(left, { before: steady, left }, plan())).toEqual(steady))

  it('alone returns where somebody had: the others are scaled', () => {
    // ap was taken out: all that is left for others is the region us.
    const changed = { us: 9_000, eu: 1_000, ap: 0 }
    expect(returnedShares(changed, { before: steady, left }, plan())).toEqual({ us: 7_000, eu: 3_000, ap: 0 })
    // 70 % in the proportion 1:3
    const moved = { us: 2_250, eu: 1_000, ap: 6_750 }
    expect(returnedShares(moved, { before: steady, left }, plan())).toEqual({
      us: 1_750,
      eu: 3_000,
      ap: 5_250,
    })
    expect(returnedShares(moved, { before: steady }, plan())).toEqual({ us: 1_750, eu: 3_000, ap: 5_250 })
  })

  it('is not cut where others have given the region more: they may have nobody else', () => {
    for (const more of [
      { us: 0, eu: WHOLE, ap: 0 },
      { us: 2_000, eu: 6_000, ap: 2_000 },
    ])
      expect(returnedShares(more, { before: steady, left }, plan())).toEqual(more)
  })

  it('is there already where it is: what others did stays', () => {
    const there = { us: 1_000, eu: 3_000, ap: 6_000 }
    expect(returnedShares(there, { before: steady, left }, plan())).toEqual(there)
  })

  it('leaves the others to the shares of the config where they are all 0', () => {
    // 70 % in the proportion 5:2
    expect(withShare({ us: 0, eu: WHOLE, ap: 0 }, 3_000, plan())).toEqual(steady)
    expect(withShare({ us: 0, eu: 0, ap: 0 }, 3_000, plan())).toEqual(steady)
    expect(withShare({ us: 0, eu: 0, ap: 0 }, 0, plan())).toEqual({ us: 7_143, eu: 0, ap: 2_857 })
  })

  it('comes from its zone where it keeps to that, and from all where the zone has less', () => {
    const within = plan({ keepWithinZone: true })
    expect(withShare({ us: 5_000, eu: 1_000, ap: 4_000 }, 3_000, within)).toEqual(steady)
    expect(withShare({ us: 5_000, eu: 1_000, ap: 4_000 }, 5_000, within)).toEqual({
      us: 5_000,
      eu: 5_000,
      ap: 0,
    })
    expect(withShare({ us: 8_000, eu: 500, ap: 1_500 }, 3_000, within)).toEqual({
      us: 5_895,
      eu: 3_000,
      ap: 1_105,
    })
  })
})

describe('any shares', () => {
  interface Drawn {
    held: number[]
    regions: { share: number; zone: string; priority: number; serves: boolean }[]
    own: number
    whileDeploying: number
    keepWithinZone: boolean
    target: number
  }
  const drawn = fc.integer({ min: 2, max: 6 }).chain((count): fc.Arbitrary<Drawn> => {
    const each = { minLength: count, maxLength: count }
    return fc.record({
      held: fc.array(fc.nat(100), each),
      regions: fc.array(
        fc.record({
          share: fc.nat(WHOLE),
          zone: fc.constantFrom('a', 'b'),
          priority: fc.integer({ min: 1, max: 3 }),
          serves: fc.boolean(),
        }),
        each,
      ),
      own: fc.nat(count - 1),
      whileDeploying: fc.nat(WHOLE),
      keepWithinZone: fc.boolean(),
      target: fc.nat(WHOLE),
    })
  })
  const world = drawn.map(({ held, regions, own, target, ...rest }) => {
    const units = held.every((one) => one === 0) ? held.map(() => 1) : held
    const now = apportion(Object.fromEntries(units.map((one, index) => [`r${index}`, one])), WHOLE)
    const serving = new Set(regions.flatMap(({ serves }, index) => (serves ? [`r${index}`] : [])))
    const named = regions.map(({ serves: _, ...region }, index) => ({ ...region, name: `r${index}` }))
    return { plan: { ...rest, region: `r${own}`, regions: named }, now, serving, target }
  })

  it('sum to the whole, whatever is drained or given back', () =>
    fc.assert(
      fc.property(world, ({ plan, now, serving, target }) => {
        const drained = drainedShares(now, plan, (name) => serving.has(name))
        if (drained) expect(sum(drained)).toBe(WHOLE)
        for (const given of [
          withShare(now, target, plan),
          withShare(drained ?? now, now[plan.region] ?? 0, plan),
        ]) {
          expect(sum(given)).toBe(WHOLE)
          expect(Object.values(given).every((points) => points >= 0)).toBe(true)
        }
        expect(withShare(now, target, plan)[plan.region]).toBe(target)
      }),
    ))

  it('are only taken from the region that is drained, and given to who serves', () =>
    fc.assert(
      fc.property(world, ({ plan, now, serving }) => {
        const drained = drainedShares(now, plan, (name) => serving.has(name))
        if (!drained) return
        expect(drained[plan.region]).toBe(Math.min(now[plan.region] ?? 0, plan.whileDeploying))
        const zone = plan.regions.find(({ name }) => name === plan.region)?.zone
        for (const region of plan.regions) {
          const gain = (drained[region.name] ?? 0) - (now[region.name] ?? 0)
          if (region.name !== plan.region) expect(gain).toBeGreaterThanOrEqual(0)
          if (gain > 0) expect(serving).toContain(region.name)
          if (gain > 0 && plan.keepWithinZone) expect(region.zone).toBe(zone)
        }
      }),
    ))

  it('keep the traffic of a zone in it when a drained share comes back after nobody else wrote', () =>
    fc.assert(
      fc.property(world, ({ plan, now }) => {
        const within = { ...plan, keepWithinZone: true }
        const drained = drainedShares(now, within, () => true)
        if (!drained) return
        const back = withShare(drained, now[plan.region] ?? 0, within)
        const zone = plan.regions.find(({ name }) => name === plan.region)?.zone
        for (const { name } of plan.regions.filter((one) => one.zone !== zone))
          expect(back[name]).toBe(now[name])
      }),
    ))
})
