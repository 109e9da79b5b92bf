import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { z } from 'zod'
import { formatPercent, formatRate, parsePercent, percent, WHOLE } from './percent'

describe('parsePercent', () => {
  it.each<[string | number, number]>([
    ['10%', 1000],
    ['10', 1000],
    [10, 1000],
    ['0.5%', 50],
    ['0.01%', 1],
    [' 99.99 % ', 9999],
    [0.1 + 0.2, 30],
    ['100%', WHOLE],
    ['0%', 0],
  ])('reads %j', (text, points) => expect(parsePercent(text)).toBe(points))

  it.each<string | number>(['', '%', '-1%', '100.01%', '0.001%', '1,5%', 'ten', '1e1', NaN, 0.005])(
    'refuses %j',
    (text) => expect(parsePercent(text)).toBeUndefined(),
  )

  it('reads every step of 0.01 % that formatPercent writes', () => {
    fc.assert(
      fc.property(fc.nat(WHOLE), (points) => expect(parsePercent(formatPercent(points))).toBe(points)),
    )
  })
})

describe('formatRate', () => {
  it.each([
    [0, '0%'],
    [0.00844, '0.84%'],
    [0.0119, '1.19%'],
    [0.1234, '12.3%'],
    [0.9996, '100%'],
    [1, '100%'],
    [0.000012, '0.0012%'],
  ])('writes %d', (rate, text) => expect(formatRate(rate)).toBe(text))
})

describe('a percentage in a config', () => {
  it('comes out in basis points, or says how to write one', () => {
    expect([percent.parse('25%'), percent.parse(25)]).toEqual([2500, 2500])
    expect(percent.safeParse('110%').error?.issues).toMatchObject([
      {
        code: 'custom',
        message: '"110%" is not a percentage; write 0% to 100% in steps of 0.01%, like 10% or 0.5%',
      },
    ])
  })

  it('is known as one in a schema', () => {
    expect(z.toJSONSchema(percent, { io: 'input' })).toMatchObject({ 'x-kind': 'percentage' })
  })
})
