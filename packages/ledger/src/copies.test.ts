import { describe, expect, it } from '@jest/globals'
import { CopyWatch, misdated, type Dated } from './copies'
import { transactionRecord } from './record.fixture'

const OPENED = '2026-11-21T10:00:00.000Z'
const at = (time: string): Date => new Date(`2026-11-${time}.000Z`)
const deployment = (number: number, time: string, change = {}): Dated => {
  const record = transactionRecord({ openedAt: OPENED, ...change })
  return { number, record, payload: record, createdAt: at(time) }
}
const other = { id: 'other' }
/** By number, those that are given at each one of the list, and at its end; a copy with what it is one of. */
const given = (...listed: Dated[]) => {
  const watch = new CopyWatch()
  const told = ({ number, copyOf }: Dated) => (copyOf === undefined ? number : [number, copyOf])
  return [...listed.map((one) => watch.next(one)), watch.rest()].map((some) => some.map(told))
}

describe('a deployment of a record', () => {
  it.each<[string, string | undefined]>([
    ['21T10:00:00', undefined],
    ['21T14:00:00', undefined],
    [
      '21T14:00:01',
      'GitHub created its deployment 4h1s after the time of its record, and what is later than 4h counts for nothing',
    ],
    // The clock of its runner is ahead.
    ['21T09:00:00', undefined],
    [
      '21T08:59:59',
      'GitHub created its deployment 1h1s before the time of its record, and a clock that is ahead by more than 1h counts for nothing',
    ],
  ])('that was created at %s can be that of its opener: %s', (time, why) => {
    expect(misdated(deployment(1, '21T10:00:00').record, at(time))).toBe(why)
  })

  it('is a copy when an older one has the same', () => {
    expect(
      given(deployment(9, '21T12:00:00'), deployment(8, '21T11:00:00', other), deployment(7, '21T10:00:00')),
    ).toEqual([[], [], [], [[9, 7], 8, 7]])
  })

  it('is one of the very first, however it was written', () => {
    const listed = [9, 8, 7].map((number) => deployment(number, '21T10:00:00'))
    const [first] = listed
    if (first) first.payload = Object.fromEntries(Object.entries(first.record).reverse())
    expect(given(...listed)).toEqual([[], [], [], [[9, 7], [8, 7], 7]])
  })

  it('is held back until the list has come to what is older than its record, and a clock that is ahead', () => {
    expect(
      given(
        deployment(9, '21T12:00:00'),
        deployment(8, '21T09:00:00', other),
        deployment(7, '21T08:59:59', { id: 'third' }),
      ),
    ).toEqual([[], [], [9, 8], [7]])
  })

  it('is not held back for the sake of one that is late, or early', () => {
    expect(
      given(
        deployment(9, '22T10:00:00'),
        deployment(8, '22T09:00:00', other),
        deployment(7, '21T08:00:00', { id: 'third' }),
        deployment(6, '21T08:00:00', { id: 'fourth' }),
      ),
    ).toEqual([[], [9], [8], [7], [6]])
  })

  it('is given in its turn, though it is known earlier than one before it', () => {
    const soon = { ...other, openedAt: '2026-11-21T11:50:00.000Z' }
    expect(
      given(
        deployment(9, '21T12:00:00'),
        deployment(8, '21T11:50:00', soon),
        deployment(7, '21T10:30:00', { id: 'third' }),
        deployment(6, '21T08:00:00', { id: 'fourth' }),
      ),
    ).toEqual([[], [], [], [9, 8, 7], [6]])
  })
})
