import { describe, expect, it } from '@jest/globals'
import { parseDuration } from './duration'
import { recurrenceProblems, type Freeze, type Recurrence } from './recurrence'
import { opensNext, whyClosed } from './windows'

const HOUR_MS = 3_600_000
const allow = (rrule: string, duration: string, more: Partial<Recurrence> = {}): Recurrence => ({
  ...{ rrule, duration: parseDuration(duration) ?? NaN, timezone: 'UTC' },
  ...more,
})
const freeze = (from: string, to: string, more: Partial<Freeze> = {}): Freeze => ({
  ...{ from, to, timezone: 'UTC', reason: 'holidays' },
  ...more,
})
/** Two to six in the night. */
const NIGHTLY = allow('FREQ=DAILY;BYHOUR=2;BYMINUTE=0;BYSECOND=0', '4h')
const ask = (now: string, parts: { allow?: Recurrence[]; freeze?: Freeze[] }, needMs = 0) =>
  whyClosed({ allow: parts.allow ?? [], freeze: parts.freeze ?? [] }, new Date(now), needMs)

describe('windows', () => {
  it('are open at any time where there are none', async () => {
    expect(await ask('2026-11-20T12:00:00Z', {}, 1000 * HOUR_MS)).toBeUndefined()
  })

  it.each([
    ['2026-11-20T01:59:59Z', '2026-11-20T02:00:00Z'],
    ['2026-11-20T02:00:00Z', undefined],
    ['2026-11-20T05:59:59Z', undefined],
    ['2026-11-20T06:00:00Z', '2026-11-21T02:00:00Z'],
    ['2026-12-31T23:00:00Z', '2027-01-01T02:00:00Z'],
  ])('open and close to the second: at %s until %s', async (now, next) => {
    expect(await ask(now, { allow: [NIGHTLY] })).toBe(
      next &&
        `its windows are closed (FREQ=DAILY;BYHOUR=2;BYMINUTE=0;BYSECOND=0 for 4h (UTC)); it opens next at ${next}`,
    )
  })

  it('may last over midnight, and follow one another without a break', async () => {
    const late = allow('FREQ=WEEKLY;BYDAY=FR;BYHOUR=22', '4h')
    expect(await ask('2026-11-21T01:00:00Z', { allow: [late] })).toBeUndefined()
    const early = allow('FREQ=WEEKLY;BYDAY=SA;BYHOUR=2', '2h')
    expect(await ask('2026-11-20T23:00:00Z', { allow: [early, late] }, 5 * HOUR_MS)).toBeUndefined()
    expect(await ask('2026-11-20T23:00:00Z', { allow: [late] }, 5 * HOUR_MS)).toMatch(
      /closes at 2026-11-21T02/,
    )
  })

  it('are read in their own time zone, in summer and in winter', async () => {
    const berlin = [allow('FREQ=DAILY;BYHOUR=2', '1h', { timezone: 'Europe/Berlin' })]
    expect(await ask('2026-07-20T00:30:00Z', { allow: berlin })).toBeUndefined()
    expect(await ask('2026-07-20T01:30:00Z', { allow: berlin })).toMatch(/next at 2026-07-21T00:00:00Z$/)
    expect(await ask('2026-11-20T01:30:00Z', { allow: berlin })).toBeUndefined()
  })

  it('count their weeks from a day', async () => {
    const fortnightly = allow('FREQ=WEEKLY;INTERVAL=2;BYDAY=TU', '1d', { from: '2026-11-03' })
    expect(await ask('2026-11-17T12:00:00Z', { allow: [fortnightly] })).toBeUndefined()
    expect(await ask('2026-11-10T12:00:00Z', { allow: [fortnightly] })).toMatch(/next at 2026-11-17T00/)
  })

  it('that never open again say so', async () => {
    const over = allow('FREQ=DAILY;UNTIL=20260101T000000Z', '1h')
    expect(await ask('2026-11-20T12:00:00Z', { allow: [over] })).toMatch(/; it does not open within a year$/)
  })
})

describe('a freeze', () => {
  const christmas = freeze('2026-12-20', '2027-01-02')

  it.each([
    ['2026-12-19T23:59:59Z', undefined],
    ['2026-12-20T00:00:00Z', '2027-01-03T00:00:00Z'],
    ['2027-01-02T23:59:59Z', '2027-01-03T00:00:00Z'],
    ['2027-01-03T00:00:00Z', undefined],
  ])('takes its days whole: at %s until %s', async (now, next) => {
    expect(await ask(now, { freeze: [christmas] })).toBe(
      next && `nothing begins until ${next} (holidays); it opens next at ${next}`,
    )
  })

  it('keeps whatever is allowed, until the first window after it', async () => {
    expect(await ask('2026-12-24T03:00:00Z', { allow: [NIGHTLY], freeze: [christmas] })).toBe(
      'nothing begins until 2027-01-03T00:00:00Z (holidays); it opens next at 2027-01-03T02:00:00Z',
    )
    // It ends within a window, of which the rest is left.
    const short = freeze('2026-12-24T01:00+01:00', '2026-12-24T04:00:00+01:00', {
      timezone: 'America/New_York',
    })
    expect(await ask('2026-12-24T02:30:00Z', { allow: [NIGHTLY], freeze: [short] })).toMatch(
      /^nothing begins until 2026-12-24T03:00:00Z .* next at 2026-12-24T03:00:00Z$/,
    )
    const berlin = freeze('2026-12-24T01:00', '2026-12-24T04:00', { timezone: 'Europe/Berlin' })
    expect(await ask('2026-12-23T23:59:59Z', { freeze: [berlin] })).toBeUndefined()
    expect(await ask('2026-12-24T00:00:00Z', { freeze: [berlin] })).toMatch(/^nothing begins/)
  })

  it('says why by the one that lasts, of several', async () => {
    const fair = freeze('2026-11-01', '2026-11-02', { reason: 'a fair' })
    const both = [fair, christmas, freeze('2027-05-01', '2027-05-02', { reason: 'a strike' })]
    expect(await ask('2026-12-24T03:00:00Z', { freeze: both })).toMatch(/ \(holidays\); /)
    expect(await ask('2026-11-03T00:00:00Z', { freeze: both })).toBeUndefined()
  })

  it('that comes before a rollout would end keeps it from beginning, where it has to be open until then', async () => {
    expect(await ask('2026-12-19T22:00:00Z', { freeze: [christmas] }, 2 * HOUR_MS)).toBeUndefined()
    expect(await ask('2026-12-19T22:00:01Z', { freeze: [christmas] }, 2 * HOUR_MS)).toBe(
      'it may take 2h, and its window closes at 2026-12-20T00:00:00Z; it opens next at 2027-01-03T00:00:00Z',
    )
  })
})

describe('the next opening', () => {
  const next = async (now: string, parts: { allow?: Recurrence[]; freeze?: Freeze[] }) =>
    (await opensNext({ allow: parts.allow ?? [], freeze: parts.freeze ?? [] }, new Date(now)))?.toISOString()

  it('is within a year, or there is none', async () => {
    expect(await next('2026-11-20T12:00:00Z', { allow: [NIGHTLY] })).toBe('2026-11-21T02:00:00.000Z')
    expect(await next('2026-01-01T00:00:00Z', { freeze: [freeze('2020-01-01', '2027-01-01')] })).toBe(
      '2027-01-02T00:00:00.000Z',
    )
    const long = { freeze: [freeze('2020-01-01', '2027-01-02')] }
    expect(await next('2026-01-01T00:00:00Z', long)).toBeUndefined()
    expect(await ask('2026-01-01T00:00:00Z', long)).toMatch(/; it does not open within a year$/)
  })
})

describe('a window that has to be open until the end', () => {
  it.each([
    ['2026-11-20T03:00:00Z', 3, undefined],
    ['2026-11-20T03:00:01Z', 3, '2026-11-21T02:00:00Z'],
  ])('from %s on for %d h', async (now, hours, next) => {
    expect(await ask(now, { allow: [NIGHTLY] }, hours * HOUR_MS)).toBe(
      next &&
        `it may take ${hours}h, and its window closes at 2026-11-20T06:00:00Z; it opens next at ${next}`,
    )
  })

  it('may be days long', async () => {
    const weekend = allow('FREQ=WEEKLY;BYDAY=FR;BYHOUR=22', '3d')
    expect(await ask('2026-11-20T22:00:00Z', { allow: [weekend] }, 72 * HOUR_MS)).toBeUndefined()
    expect(await ask('2026-11-20T22:00:01Z', { allow: [weekend] }, 72 * HOUR_MS)).toMatch(
      /next at 2026-11-27T22:00:00Z$/,
    )
  })

  it('is never there for what takes longer than it', async () => {
    expect(await ask('2026-11-20T02:00:00Z', { allow: [NIGHTLY] }, 5 * HOUR_MS)).toBe(
      'it may take 5h, and its window closes at 2026-11-20T06:00:00Z; it does not open within a year',
    )
  })
})

describe('a rule', () => {
  it.each([
    'FREQ=DAILY;BYHOUR=2;BYMINUTE=0;BYSECOND=0',
    'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH;BYHOUR=9,14',
    'FREQ=MONTHLY;BYDAY=-1FR',
    'FREQ=MONTHLY;BYMONTHDAY=1,-1;UNTIL=20270101T000000Z',
    'FREQ=YEARLY;BYMONTH=6,12;BYDAY=2TU;BYSETPOS=1;WKST=SU',
    'FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1',
    'FREQ=DAILY;INTERVAL=1',
  ])('may be %s', (rrule) => expect(recurrenceProblems({ rrule })).toEqual([]))

  it.each([
    ['FREQ=DAILY;BYHOUR=25', ['BYHOUR=25 is not a value of BYHOUR']],
    ['FREQ=HOURLY', ['FREQ=HOURLY is not a value of FREQ']],
    ['BYHOUR=2', ['FREQ is missing: DAILY, WEEKLY, MONTHLY or YEARLY']],
    ['FREQ=DAILY;COUNT=3', [expect.stringMatching(/^COUNT is not a part of a rule; known here: FREQ, /)]],
    [
      'DTSTART:20260101\nRRULE:FREQ=DAILY',
      [expect.stringMatching(/^DTSTART:/), 'FREQ is missing: DAILY, WEEKLY, MONTHLY or YEARLY'],
    ],
    ['FREQ=DAILY;BYHOUR=2;BYHOUR=3', ['BYHOUR is there twice']],
    ['FREQ=DAILY;INTERVAL=2', ['INTERVAL needs `from`, the day from which it counts']],
    ['FREQ=WEEKLY', ['FREQ=WEEKLY needs BYDAY, or `from`']],
    ['FREQ=DAILY;BYDAY=1MO', ['BYDAY has a number, which is for FREQ=MONTHLY and FREQ=YEARLY']],
    ['FREQ=MONTHLY;BYDAY=20MO', ['BYDAY counts further than there are such days (5)']],
    ['FREQ=WEEKLY;BYDAY=+MO', ['BYDAY=+MO is not a value of BYDAY']],
    ['FREQ=DAILY;BYSETPOS=5', ['BYSETPOS chooses among the days of BYDAY or BYMONTHDAY of a month or year']],
    ['FREQ=DAILY;UNTIL=20261301', ['UNTIL=20261301 is not in the calendar']],
    ['FREQ=DAILY;UNTIL=20260230T000000Z', ['UNTIL=20260230T000000Z is not in the calendar']],
    ['FREQ=WEEKLY;BYDAY=MO;WKST=XX', ['WKST=XX is not a value of WKST']],
    ['FREQ=YEARLY;BYMONTH=6', ['FREQ=YEARLY needs BYMONTHDAY or BYDAY, or `from`']],
    ['FREQ=MONTHLY', ['FREQ=MONTHLY needs BYMONTHDAY or BYDAY, or `from`']],
    ['FREQ=YEARLY;BYDAY=MO', ['FREQ=YEARLY needs BYMONTH, or `from`']],
  ])('%j is none', (rrule, problems) => expect(recurrenceProblems({ rrule })).toEqual(problems))

  it('counts from a day, where it has one', () => {
    for (const rrule of ['FREQ=DAILY;INTERVAL=2', 'FREQ=WEEKLY', 'FREQ=YEARLY'])
      expect(recurrenceProblems({ rrule, from: '2026-11-03' })).toEqual([])
  })
})
