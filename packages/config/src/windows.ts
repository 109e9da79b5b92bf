import { z } from 'zod'
import { duration, recurrenceProblems } from '@deploy-actions/rollout'

const timezone = z
  .string()
  .refine(isTimezone, 'is not the name of a time zone; write one such as UTC or Europe/Berlin')
  .default('UTC')
  .describe('in which its times are read')

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== ''
  } catch {
    return false
  }
}

const day = z.iso.date('is not a day; write one such as 2026-12-20')
const moment = z
  .string()
  .refine(isMoment, 'is not a time; write 2026-12-20, 2026-12-20T18:00 or 2026-12-20T18:00Z')

/** The day has to be in the calendar, which Date does not mind. */
function isMoment(text: string): boolean {
  const [, day, time = 'T00:00', offset = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  if (day === undefined || (text.length > day.length && !text.includes('T'))) return false
  const isInCalendar = new Date(`${day}T00:00Z`).toJSON()?.startsWith(day)
  return isInCalendar && !Number.isNaN(Date.parse(`${day}${time}${offset}`))
}

const opening = z
  .strictObject({
    rrule: z.string().describe('recurrence rule of RFC 5545 without DTSTART: `FREQ=DAILY;BYHOUR=2`'),
    duration: duration.refine((ms) => ms > 0, 'is never open').describe('how long it is open'),
    timezone,
    from: day.optional().describe('the day from which the rule counts; with INTERVAL'),
  })
  .superRefine((written, context) => {
    for (const message of recurrenceProblems(written))
      context.addIssue({ code: 'custom', path: ['rrule'], message })
  })

const freeze = z
  .strictObject({
    from: moment.describe('a day, or a time'),
    to: moment.describe('a day, the whole of it too, or a time'),
    timezone,
    reason: z.string().min(1).describe('shown to whoever is kept from a rollout'),
  })
  .superRefine(({ from, to }, context) => {
    const message =
      hasOffset(from) === hasOffset(to)
        ? endsBefore(from, to)
          ? 'ends before it begins'
          : undefined
        : 'has to be written as `from` is, with an offset or without'
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['to'], message })
  })

const hasOffset = (time: string): boolean => /(Z|[+-]\d\d:\d\d)$/.test(time)

/** A day lasts as long as its times; of times in one zone the text tells which is later. */
function endsBefore(from: string, to: string): boolean {
  return hasOffset(from) ? Date.parse(to) <= Date.parse(from) : to < from && !from.startsWith(to)
}

/** When rollouts may begin. */
export const windows = z.strictObject({
  allow: z.array(opening).default([]).describe('when they may; default at any time'),
  freeze: z.array(freeze).default([]).describe('when they may not, whatever else allows it'),
  cover: z
    .enum(['start', 'rollout'])
    .default('start')
    .describe('what has to lie in a window: each beginning, or the whole rollout by its estimate'),
})
