import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { z } from 'zod'
import { duration, formatDuration, parseDuration, timeLimit } from './duration'

describe('parseDuration', () => {
  it.each([
    ['30s', 30_000],
    ['5m', 5 * 60_000],
    ['1h30m', 90 * 60_000],
    [' 250ms ', 250],
    ['90d', 90 * 86_400_000],
    ['1.5h', 90 * 60_000],
    ['1d2h3m4s5ms', 86_400_000 + 2 * 3_600_000 + 3 * 60_000 + 4_000 + 5],
    ['0s', 0],
    [`${Number.MAX_SAFE_INTEGER}ms`, Number.MAX_SAFE_INTEGER],
  ])('reads %j', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each([
    '',
    '5',
    'm',
    '5m5m',
    '30m1h',
    '1h 30m',
    '-5m',
    '5 m',
    '1h30',
    '1e3s',
    '5M',
    `${'9'.repeat(20)}d`,
  ])('refuses %j', (text) => expect(parseDuration(text)).toBeUndefined())
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [-1, '0s'],
    [1, '1ms'],
    [250, '250ms'],
    [10_000, '10s'],
    [90 * 60_000, '1h30m'],
    [86_400_000 + 1, '1d1ms'],
  ])('writes %d', (ms, text) => expect(formatDuration(ms)).toBe(text))

  it('is read back as the same milliseconds', () => {
    fc.assert(
      fc.property(fc.nat(400 * 86_400_000), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)),
    )
  })
})

describe('a duration in a config', () => {
  it('comes out in milliseconds, or says how to write one', () => {
    expect(duration.parse('5m')).toBe(300_000)
    expect(duration.safeParse('5 minutes').error?.issues).toMatchObject([
      { code: 'custom', message: '"5 minutes" is not a duration; write it like 30s, 5m or 1h30m' },
    ])
  })

  it('is known as one in a schema, by which an editor tells what is none', () => {
    const { pattern, ...schema } = z.toJSONSchema(duration, { io: 'input' })
    expect(schema).toMatchObject({ type: 'string', 'x-kind': 'duration' })
    for (const text of ['30s', '1h30m', '1.5h', '250ms']) expect(text).toMatch(new RegExp(pattern ?? '^$'))
    for (const text of ['', '5', '5 minutes', '1h30']) expect(text).not.toMatch(new RegExp(pattern ?? ''))
  })

  it('is longer than nothing where it limits something', () => {
    expect(timeLimit.parse('1ms')).toBe(1)
    expect(timeLimit.safeParse('0s').success).toBe(false)
  })
})
