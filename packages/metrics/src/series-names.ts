import { didYouMean, type Problem } from '@deploy-actions/action-kit'
import type { Inventory, NamedSeries } from './source'

type Held = Pick<Inventory, 'series' | 'announced'>

/** One series that a query of one arm names. */
export interface AskedSeries extends NamedSeries {
  /** the query in the config: `metrics.errors` */
  where: string
  arm: 'baseline' | 'canary'
  /** it counts failures: without it a failing canary looks healthy */
  failures: boolean
  /** the query says that what is absent counts as zero */
  absentIsZero: boolean
  /** what the pages hold that were asked for this arm: the same for both arms, or pages of its own */
  held: Held | undefined
}

/** What is wrong with the names in the queries, and what is only doubtful. */
export interface NameFindings {
  refused: Problem[]
  warnings: string[]
}

/**
 * Judges the series that queries name and that are not there, by all that the pages hold: what cannot be right is
 * refused, and what may only not have happened yet, as the first error of a labelled series, is warned of. An arm
 * without traffic may lack its series as long as the other arm shows that they are named rightly.
 */
export function examineNames(asked: readonly AskedSeries[]): NameFindings {
  const findings: NameFindings = { refused: [], warnings: [] }
  const pages = [...new Set(asked.flatMap(({ held }) => held ?? []))]
  const all: Held = {
    series: pages.flatMap(({ series }) => series),
    announced: pages.flatMap(({ announced }) => announced),
  }
  // Both arms tell the same story: one of them is enough.
  for (const arms of Map.groupBy(asked, ({ where, place }) => `${where} ${place}`).values()) {
    const missing = arms.filter(({ found }) => !found)
    const otherFound = missing.length < arms.length
    const wrong = missing.flatMap((one) => mistakeIn(one, otherFound, all) ?? []).at(0)
    const doubt = missing.flatMap((one) => doubtOf(one, otherFound, all) ?? []).at(0)
    if (wrong) findings.refused.push(wrong)
    else if (doubt !== undefined) findings.warnings.push(doubt)
  }
  return findings
}

const namesakesOf = (name: string, held: Held | undefined): Held['series'] =>
  (held?.series ?? []).filter((one) => one.name === name)

/** By the arm's own pages where these have the metric: a release may name things anew. */
function mistakeIn({ where, ...asked }: AskedSeries, otherFound: boolean, all: Held): Problem | undefined {
  const { text, name, labels, held, absentIsZero } = asked
  const own = namesakesOf(name, held)
  const namesakes = own.length > 0 ? own : namesakesOf(name, all)
  if (namesakes.length === 0) {
    if (otherFound || absentIsZero || all.announced.includes(name)) return undefined
    const known = [...new Set([...all.series.map((one) => one.name), ...all.announced])]
    return {
      where,
      message: `${text}: no page has a metric ${name}.${didYouMean(name, known)} If it only begins with its first event, say absent: zero beside its source`,
    }
  }
  for (const [label, value] of Object.entries(labels)) {
    const message = mistakeInLabel(name, label, value, namesakes)
    if (message !== undefined) return { where, message: `${text}: ${message}` }
  }
  return undefined
}

function mistakeInLabel(
  name: string,
  label: string,
  value: string,
  namesakes: Held['series'],
): string | undefined {
  const seen = valuesOf(label, namesakes)
  if (seen.length === 0) {
    const known = [...new Set(namesakes.flatMap(({ labels }) => Object.keys(labels)))]
    return `no series of ${name} has a label ${label}; known: ${known.join(', ') || 'none'}.${didYouMean(label, known)}`
  }
  const twin = seen.find((one) => one.toLowerCase() === value.toLowerCase())
  return twin === undefined || seen.includes(value)
    ? undefined
    : `${label} is never ${JSON.stringify(value)} in ${name}, but ${JSON.stringify(twin)}: upper and lower case differ`
}

const valuesOf = (label: string, series: Held['series']): string[] => [
  ...new Set(series.flatMap(({ labels }) => labels[label] ?? [])),
]

function doubtOf(asked: AskedSeries, otherFound: boolean, all: Held): string | undefined {
  const { where, arm, text, name, held, failures, absentIsZero } = asked
  const advice =
    'if that is misspelt, a failing canary is promoted; if it only begins with its first event, say absent: zero beside its source'
  if (absentIsZero) return undefined
  if (!otherFound)
    return `${where}: ${text} matches nothing of either arm (${seenOf(asked, namesakesOf(name, all))}): ${advice}`
  // Pages of its own that do not know the metric at all: the two releases may not count alike.
  const known = namesakesOf(name, held).length > 0 || held?.announced.includes(name)
  return failures && !known
    ? `${where}: ${text}: the pages of the ${arm} have no metric ${name}, while those of the other arm have: ${advice}`
    : undefined
}

/** Values shown of one label: a page may have thousands. */
const SHOWN = 10

function seenOf({ name, labels }: AskedSeries, namesakes: Held['series']): string {
  if (namesakes.length === 0) return `${name} has no series yet`
  const seen = Object.keys(labels).map((label) => {
    const values = valuesOf(label, namesakes)
    return `${label}: ${values.slice(0, SHOWN).join(', ')}${values.length > SHOWN ? ', ...' : ''}`
  })
  return `seen are ${seen.join('; ')}`
}
