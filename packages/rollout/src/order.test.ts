import { describe, expect, it } from '@jest/globals'
import { maxParallel, place, selectRegions } from './order'

const regions = ['us', 'eu', 'asia'].map((name) => ({ name }))
const [us, eu, asia] = regions

describe('place', () => {
  it.each(['serial', 'delayed'] as const)('lets each region wait for the one before (%s)', (kind) =>
    expect(place(regions, kind)).toEqual([
      { region: us, index: 0 },
      { region: eu, index: 1, predecessor: us },
      { region: asia, index: 2, predecessor: eu },
    ]),
  )

  it('lets each region stand alone in parallel', () => {
    expect(place(regions, 'parallel').map(({ predecessor }) => predecessor)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

it('has one region under way at a time, all of them in parallel, never none', () => {
  expect([
    maxParallel('serial', 3),
    maxParallel('delayed', 3),
    maxParallel('parallel', 3),
    maxParallel('parallel', 0),
  ]).toEqual([1, 1, 3, 1])
})

describe('selectRegions', () => {
  it('keeps the order of the file', () => {
    expect(selectRegions(regions, 'asia,us')).toEqual({ selected: [us, asia], unknown: [] })
    expect(selectRegions(regions, ' all ')).toEqual({ selected: regions, unknown: [] })
    expect(selectRegions(regions, ' eu, ')).toEqual({ selected: [eu], unknown: [] })
    expect(selectRegions(regions, 'eu  us')).toEqual({ selected: [us, eu], unknown: [] })
  })

  it('names every region that is unknown', () => {
    expect(selectRegions(regions, 'mars, eu, venus')).toEqual({ selected: [eu], unknown: ['mars', 'venus'] })
  })
})
