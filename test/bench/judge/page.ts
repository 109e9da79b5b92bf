import type { Result } from './farm'
import { plotOf, type Line } from './plot'
import type { RuleName } from './rules'
import { isBeyondMargin } from './scenarios'
import { foundShare, quantileMs, takenShare, type Tally } from './statistics'
import { percent } from './text'

/** The rules of the page, ours first, as people call them. */
const COLUMNS = {
  sequential: 'sequential',
  'runbook: 2 x 1%': 'runbook, 2 x 1 %',
  'runbook: any breach': 'runbook, any breach',
  'Argo 0': 'Argo, limit 0',
  'Argo 3': 'Argo, limit 3',
  'Flagger 5': 'Flagger, 5',
  Kayenta: 'Kayenta',
} as const satisfies Partial<Record<RuleName, string>>
type Column = keyof typeof COLUMNS
const RULES = Object.keys(COLUMNS) as Column[]

/** A rule that takes back more of what is healthy than this is no measure for how soon another finds what is not. */
const MOST_WRONG = 0.01
/** What most services have: the other base rates and the other schedule are in the file of all cells. */
const [SCHEDULE, RATES, TRAFFIC] = ['five of 10 min', [0.001, 0.01], [10, 100, 1000]] as const

/** Which rollouts were played, and what came of them. */
export interface Played {
  results: readonly Result[]
  runs: number
  seed: number
}

/** The tables of docs/judges.md, and its head. */
export function judgesPage({ results, runs, seed }: Played): string {
  const timed = results.filter(({ cell }) => cell.world.latencies)
  const shown = results.filter(
    ({ cell: { schedule, baseRate, requestsPerSecond, world } }) =>
      !world.latencies &&
      schedule === SCHEDULE &&
      RATES.some((rate) => rate === baseRate) &&
      TRAFFIC.some((traffic) => traffic === requestsPerSecond),
  )
  const beyond = shown.filter(({ cell }) => isBeyondMargin(cell.world))
  const harmless = shown.filter(({ cell }) => !isBeyondMargin(cell.world))
  const wrongUnder = new Map(results.map(({ cell, tallies }) => [cell.name, tallies]))
  return [
    `${runs} rollouts of each of ${results.length} cells, seed ${seed}.`,
    '## What is taken back wrongly',
    'Share of the rollouts in which nothing is wrong with the release beyond the margin, and it was taken back all the same. In bold what is more than 1 %.',
    table(harmless.map(({ cell, tallies }) => [cell.name, ...RULES.map((rule) => wrongly(tallies[rule]))])),
    '## What is found, and when',
    'Share of the rollouts that were taken back after the fault began, and the median time until then in seconds. In bold where a rule is earlier than ours that takes back at most 1 % of what is healthy under the same noise; in brackets what does take back more, since nobody can tell its alarms from its mistakes.',
    table(
      beyond.map(({ cell, tallies }) => {
        const noise = cell.noise === undefined ? undefined : nameOfNoise(cell.name, cell.scenario, cell.noise)
        const wrong = (noise === undefined ? undefined : wrongUnder.get(noise)) ?? {}
        return [cell.name, ...RULES.map((rule) => foundBy(rule, tallies, wrong))]
      }),
    ),
    '## How long requests take',
    "A lognormal latency with a median of 20 ms (a p99 of 64 ms), by the default buckets of Prometheus' clients, and by fine ones, each 1.2 times the one before. Up to 1.1 times slower is harmless.",
    rowsOf(
      ['cell', 'taken back', 'median, s'],
      timed.map(({ cell, tallies }) => timedRow(cell, tallies['sequential, latency'])),
    ),
  ].join('\n\n')
}

const nameOfNoise = (name: string, scenario: string, noise: string): string => name.replace(scenario, noise)

function timedRow(cell: Result['cell'], tally: Tally | undefined): string[] {
  if (!tally) return [cell.name, '', '']
  if (!isBeyondMargin(cell.world)) return [cell.name, `${wrongly(tally)} wrongly`, '']
  const atMs = quantileMs(tally, 0.5)
  return [cell.name, percent(foundShare(tally)), atMs === Infinity ? '' : String(Math.round(atMs / 1000))]
}

const table = (rows: readonly (readonly string[])[]): string =>
  rowsOf(['cell', ...RULES.map((rule) => COLUMNS[rule])], rows)

function rowsOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function wrongly(tally: Tally | undefined): string {
  if (!tally) return ''
  const share = takenShare(tally)
  return share > MOST_WRONG ? `**${percent(share)}**` : percent(share)
}

type Tallies = Result['tallies']

function foundBy(rule: Column, tallies: Tallies, wrong: Tallies): string {
  const tally = tallies[rule]
  if (!tally) return ''
  const atMs = quantileMs(tally, 0.5)
  const time = atMs === Infinity ? '' : ` in ${Math.round(atMs / 1000)}`
  const words = `${percent(foundShare(tally))}${time}`
  const other = wrong[rule]
  if (rule !== 'sequential' && other && takenShare(other) > MOST_WRONG) return `(${words})`
  const ours = tallies.sequential
  return rule !== 'sequential' && ours && atMs < quantileMs(ours, 0.5) ? `**${words}**` : words
}

/** All cells and rules, a line each, for whoever wants to look for themselves. */
export function allAsCsv({ results }: Played): string {
  const lines = results.flatMap(({ cell, tallies }) =>
    (Object.entries(tallies) as [RuleName, Tally][]).map(([rule, tally]) => {
      const share = isBeyondMargin(cell.world) ? foundShare(tally) : takenShare(tally)
      const times = [0.5, 0.9].map((part) => quantileMs(tally, part) / 1000)
      const known = times.map((seconds) => (Number.isFinite(seconds) ? Math.round(seconds) : ''))
      const kind = isBeyondMargin(cell.world) ? 'found' : 'wrongly'
      const lost = Math.round(tally.lost)
      return [
        `"${cell.name}"`,
        `"${rule}"`,
        kind,
        Number(share.toFixed(4)),
        ...known,
        lost,
        tally.early,
      ].join(',')
    }),
  )
  return ['cell,rule,kind,share,median s,p90 s,requests lost,taken back before', ...lines, ''].join('\n')
}

/** The plots of the page, by the names of their files. */
export function plotsOf({ results }: Played): Record<string, string> {
  const byName = new Map(results.map(({ cell, tallies }) => [cell.name, tallies]))
  const lines = (points: (rule: Column) => Line['points']): Line[] =>
    RULES.map((rule) => ({
      ...{ name: COLUMNS[rule], points: points(rule) },
      ...(rule === 'sequential' && { isOurs: true }),
    }))
  const overTime = (name: string) => (rule: Column) => {
    const tally = byName.get(name)?.[rule]
    if (!tally) return []
    const reached = tally.runs - tally.early
    const steps = tally.times.map((ms, index) => [ms / 60_000, (100 * (index + 1)) / reached] as const)
    return [[0, 0] as const, ...steps, [20, (100 * tally.times.length) / reached] as const]
  }
  const overTraffic = (noise: string) => (rule: Column) =>
    [0.5, 2, 10, 100, 1000].flatMap((traffic) => {
      const tally = byName.get(`${noise} at ${traffic} rps`)?.[rule]
      return tally ? [[traffic, 100 * takenShare(tally)] as const] : []
    })
  const minutes = {
    label: 'minutes since the fault began',
    ticks: [0, 5, 10, 15, 20],
    scale: 'linear',
  } as const
  const rps = { label: 'requests/s', ticks: [0.5, 2, 10, 100, 1000], scale: 'log' } as const
  const shares = { label: '% of rollouts', ticks: [0, 25, 50, 75, 100] }
  return {
    'found-from-start.svg': plotOf({
      title: 'Ten times as many errors from the start, 0.1 % base, 100 requests/s: taken back',
      ...{ x: minutes, y: shares, lines: lines(overTime('x10 from the start, 0.1% at 100 rps')) },
    }),
    'found-late.svg': plotOf({
      title: 'The same from minute 25 on, after a blip of both arms: taken back',
      ...{ x: minutes, y: shares },
      lines: lines(overTime('x10 from minute 25 after a blip of both, 0.1% at 100 rps')),
    }),
    'wrongly-healthy.svg': plotOf({
      title: 'Nothing is wrong, 0.1 % errors: taken back all the same',
      ...{ x: rps, y: shares, lines: lines(overTraffic('healthy, 0.1%')) },
    }),
    'wrongly-outage.svg': plotOf({
      title: 'Both arms fail 20 % for a minute: taken back all the same',
      ...{ x: rps, y: shares, lines: lines(overTraffic('outage of both 20% 1 min, 0.1%')) },
    }),
  }
}
