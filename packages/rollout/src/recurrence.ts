/** A stretch of time in milliseconds since 1970; the end is not part of it. */
export interface Stretch {
  from: number
  to: number
}

/** When something opens again and again, and for how long. */
export interface Recurrence {
  /** a recurrence rule without DTSTART: `FREQ=DAILY;BYHOUR=2` */
  rrule: string
  /** milliseconds from each opening */
  duration: number
  /** IANA name of the time zone in which the rule is read */
  timezone: string
  /** the day from which the rule counts, YYYY-MM-DD; rules with an INTERVAL need one */
  from?: string | undefined
}

const list = (one: string): RegExp => new RegExp(`^(${one})(,(${one}))*$`)
const upTo = { 12: '[1-9]|1[0-2]', 23: '\\d|1\\d|2[0-3]|0\\d', 31: '[1-9]|[12]\\d|3[01]', 59: '\\d|[0-5]\\d' }
const day = 'MO|TU|WE|TH|FR|SA|SU'

/**
 * What each part of a rule may be. The library ignores what it does not know, and a window that opens at another hour than
 * was meant is worse than an error. Nothing opens more often than daily: several hours are a list in BYHOUR. Source: RFC
 * 5545, 3.3.10.
 */
const PARTS: Record<string, RegExp> = {
  FREQ: /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  INTERVAL: /^[1-9]\d{0,2}$/,
  UNTIL: /^\d{8}(T\d{6}Z)?$/,
  BYHOUR: list(upTo[23]),
  BYMINUTE: list(upTo[59]),
  BYSECOND: list(upTo[59]),
  BYDAY: list(`([+-]?([1-9]|[1-4]\\d|5[0-3]))?(${day})`),
  BYMONTHDAY: list(`-?(${upTo[31]})`),
  BYMONTH: list(upTo[12]),
  BYSETPOS: list('-?[1-9]\\d{0,2}'),
  WKST: new RegExp(`^(${day})$`),
}
/** Without one of these a rule would open on the day, or in the month, of a beginning that nobody has named. */
const ANCHORS: Record<string, readonly string[]> = {
  WEEKLY: ['BYDAY'],
  MONTHLY: ['BYMONTHDAY', 'BYDAY'],
  YEARLY: ['BYMONTHDAY', 'BYDAY'],
}

/** Everything that is wrong with a recurrence; none where it can be used. */
export function recurrenceProblems({ rrule, from }: Pick<Recurrence, 'rrule' | 'from'>): string[] {
  const parts = rrule.split(';').map((part): [string, string] => {
    const [name = '', ...value] = part.split('=')
    return [name, value.join('=')]
  })
  const problems = parts.flatMap(([name, value]) => {
    const pattern = PARTS[name]
    if (!pattern) return [`${name} is not a part of a rule; known here: ${Object.keys(PARTS).join(', ')}`]
    return pattern.test(value) ? [] : [`${name}=${value} is not a value of ${name}`]
  })
  const names = parts.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  const value = new Map(parts)
  const frequency = value.get('FREQ')
  const anchors = ANCHORS[frequency ?? ''] ?? []
  const isLoose = anchors.length > 0 && !anchors.some((name) => names.includes(name))
  const isMonthless = frequency === 'YEARLY' && !names.includes('BYMONTH')
  return [
    ...problems,
    ...(twice === undefined ? [] : [`${twice} is there twice`]),
    ...odd(frequency, value),
    ...(frequency === undefined ? ['FREQ is missing: DAILY, WEEKLY, MONTHLY or YEARLY'] : []),
    ...(from === undefined && Number(value.get('INTERVAL') ?? 1) > 1
      ? ['INTERVAL needs `from`, the day from which it counts']
      : []),
    ...(from === undefined && isLoose
      ? [`FREQ=${frequency} needs ${anchors.join(' or ')}, or \`from\``]
      : []),
    ...(from === undefined && isMonthless ? ['FREQ=YEARLY needs BYMONTH, or `from`'] : []),
  ]
}

/** What is written well and means nothing, or something else than it seems to. */
function odd(frequency: string | undefined, value: ReadonlyMap<string, string>): string[] {
  const days = (value.get('BYDAY') ?? '').split(',')
  const numbers = days.map((day) => Math.abs(Number(/^[+-]?\d+/.exec(day)?.[0] ?? 0)))
  const isMonthly = frequency === 'MONTHLY' || frequency === 'YEARLY'
  const most = frequency === 'MONTHLY' || value.has('BYMONTH') ? 5 : 53
  const until = value.get('UNTIL')
  return [
    ...(!isMonthly && numbers.some((number) => number > 0)
      ? ['BYDAY has a number, which is for FREQ=MONTHLY and FREQ=YEARLY']
      : []),
    ...(isMonthly && numbers.some((number) => number > most)
      ? [`BYDAY counts further than there are such days (${most})`]
      : []),
    ...(value.has('BYSETPOS') && !(isMonthly && (value.has('BYDAY') || value.has('BYMONTHDAY')))
      ? ['BYSETPOS chooses among the days of BYDAY or BYMONTHDAY of a month or year']
      : []),
    ...(until !== undefined && !isUntil(until) ? [`UNTIL=${until} is not in the calendar`] : []),
  ]
}

function isUntil(text: string): boolean {
  const [, year, month, day, time = '000000'] = /^(\d{4})(\d\d)(\d\d)(?:T(\d{6})Z)?$/.exec(text) ?? []
  const date = `${year}-${month}-${day}`
  const read = new Date(`${date}T${time.replace(/^(..)(..)(..)$/, '$1:$2:$3')}Z`)
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(date)
}

/** A time in which nothing begins, as it is written: days are whole, the last one too. */
export interface Freeze {
  /** YYYY-MM-DD, or YYYY-MM-DDTHH:MM with or without an offset */
  from: string
  to: string
  /** IANA name of the time zone in which a time without an offset is read */
  timezone: string
  reason: string
}

/** The library, and the Temporal that it reads time zones with: this Node has none of its own. */
async function loaded() {
  await import('temporal-polyfill/global')
  const [{ RRuleTemporal }, { Temporal }] = await Promise.all([
    import('rrule-temporal'),
    import('temporal-polyfill'),
  ])
  return { RRuleTemporal, Temporal }
}

/** When a freeze begins and ends. */
export async function frozen({ from, to, timezone }: Freeze): Promise<Stretch> {
  const { Temporal } = await loaded()
  const instantOf = (text: string): number =>
    /(Z|[+-]\d\d:\d\d)$/.test(text)
      ? Temporal.Instant.from(text).epochMilliseconds
      : Temporal.PlainDateTime.from(text).toZonedDateTime(timezone).epochMilliseconds
  const end = isDay(to) ? Temporal.PlainDate.from(to).add({ days: 1 }).toString() : to
  return { from: instantOf(from), to: instantOf(end) }
}

const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text)

/**
 * The openings that reach into a stretch, in their order.
 * @throws Error when the rule is none, which {@link recurrenceProblems} says before
 */
export async function openings(recurrence: Recurrence, { from, to }: Stretch): Promise<Stretch[]> {
  const { rrule, duration, timezone, from: begin } = recurrence
  const { RRuleTemporal, Temporal } = await loaded()
  // Any beginning will do where the rule names its days; a far one would only be counted through.
  const anchor = begin ?? `${new Date(from).getUTCFullYear() - 1}-01-01`
  const rule = new RRuleTemporal({
    rruleString: rrule,
    dtstart: Temporal.PlainDate.from(anchor).toZonedDateTime(timezone),
  })
  return rule
    .between(new Date(from - duration), new Date(to))
    .map(({ epochMilliseconds }) => ({ from: epochMilliseconds, to: epochMilliseconds + duration }))
}
