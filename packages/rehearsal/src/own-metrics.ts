import { z } from 'zod'
import type { RegionConfig } from '@deploy-actions/config'
import { parseExposition, parseSelector, type Selector } from '@deploy-actions/metrics'

/** How metrics of the user's own are rehearsed: asked as they are written, or not at all, and why. */
export type OwnMetrics =
  | {
      /** sources that read the embedded proxy's page instead of their own */
      sources: string[]
      why?: undefined
    }
  | { why: string }

type Metrics = Pick<RegionConfig, 'metrics'>

/** Labels that say of whom a series is: another proxy's or server's series cannot be had here. */
const WHOSE = ['proxy', 'server']

const sumQuery = z.looseObject({ sum: z.array(z.string()) })

/**
 * Whether the embedded proxy can answer the queries of a config: it exports a part of what HAProxy does. A series that it
 * has is asked for with the labels that the query names, right or wrong: a `code` that HAProxy does not know finds nothing
 * here, as it would there. Requests and errors go together, so that both count alike.
 * @param configs of all regions, variables filled; `pages` of the embedded proxies, in the same order
 */
export function ownMetrics(configs: readonly Metrics[], pages: readonly string[]): OwnMetrics {
  const missing = new Set(configs.flatMap((config, index) => unanswered(config, pages[index] ?? '')))
  if (missing.size > 0) return { why: [...missing].join('; ') }
  return { sources: [...new Set(configs.flatMap(sourcesOf))] }
}

const sourcesOf = ({ metrics }: Metrics): string[] => [metrics.requests.source, metrics.errors.source]

/** What of a region's queries cannot be answered, in words. */
function unanswered({ metrics }: Metrics, page: string): string[] {
  const known = valuesOf(page)
  return (['requests', 'errors'] as const).flatMap((name) => {
    const query = sumQuery.safeParse(metrics[name])
    const type = metrics.sources[metrics[name].source]?.written.type
    if (type !== 'scrape' || !query.success) return [`metrics.${name}: a source of type ${type} is not here`]
    return query.data.sum.flatMap((text) => {
      const reason = missingOf(parseSelector(text), known)
      return reason === undefined ? [] : [`metrics.${name}: ${reason}`]
    })
  })
}

/** name -> label -> its values */
type Known = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>

function valuesOf(page: string): Known {
  const known = new Map<string, Map<string, Set<string>>>()
  for (const { name, labels } of parseExposition(page)) {
    const family = known.get(name) ?? new Map<string, Set<string>>()
    known.set(name, family)
    for (const [label, value] of Object.entries(labels))
      family.set(label, (family.get(label) ?? new Set<string>()).add(value))
  }
  return known
}

function missingOf(selector: Selector | undefined, known: Known): string | undefined {
  if (!selector) return 'it is no selector'
  const family = known.get(selector.name)
  if (!family) return `the embedded proxy does not export ${selector.name}`
  for (const [label, value] of Object.entries(selector.labels)) {
    const values = family.get(label)
    if (!values) return `${selector.name} of the embedded proxy has no label ${label}`
    if (WHOSE.includes(label) && !values.has(value))
      return `the embedded proxy has no ${label}="${value}", only ${[...values].join(' and ')}`
  }
  return undefined
}
