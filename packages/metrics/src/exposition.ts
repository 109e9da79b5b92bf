/** One sample line of a metrics page. */
export interface Series {
  name: string
  labels: Record<string, string>
  value: number
}

/** Which series to sum: a name and the labels they must have, as in `http_requests_total{arm="blue",code="5xx"}`. */
export interface Selector {
  name: string
  labels: Record<string, string>
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,\s*|(?=\}))/y

/** Reads a selector. Returns undefined for anything else: only equality is supported. */
export function parseSelector(text: string): Selector | undefined {
  const parsed = parseHead(text.trim())
  return parsed && parsed.rest.trim() === '' ? { name: parsed.name, labels: parsed.labels } : undefined
}

/**
 * Reads a page in the Prometheus text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 * Comments and lines that are not samples are passed over, as Prometheus' own parser does for HELP and TYPE.
 */
export function parseExposition(page: string): Series[] {
  return page.split('\n').flatMap((line) => parseLine(line) ?? [])
}

/** Whether there is any series on a page: it is read up to the first. */
export function holdsSeries(page: string): boolean {
  for (const [line] of page.matchAll(/[^\n]+/g)) if (parseLine(line)) return true
  return false
}

function parseLine(text: string): Series | undefined {
  const line = text.trim()
  if (line === '' || line.startsWith('#')) return undefined
  const parsed = parseHead(line)
  const value = parsed && valueIn(parsed.rest)
  return parsed && value !== undefined ? { name: parsed.name, labels: parsed.labels, value } : undefined
}

/** A name, and labels behind it: their quoted values may hold anything, braces and escaped quotes too. */
const HEAD =
  /^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\s*\{[^"}]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"}]*)*\}|(?![a-zA-Z0-9_:]|\s*\{))/

/**
 * Name and labels of a line as they stand there, found without reading them; empty where there is no end to them. Lines of
 * the same series have the same head from look to look.
 */
export const headOf = (line: string): string => HEAD.exec(line)?.[0] ?? ''

/** What stands behind name and labels, up to a timestamp or an exemplar; undefined where nothing does. */
export function valueIn(rest: string): number | undefined {
  const text = /\S+/.exec(rest)?.[0]
  return text === undefined ? undefined : parseValue(text)
}

/** What the series of a metric may be called beyond its own name, by its type: the text format and OpenMetrics 1.0. */
const SUFFIXES: Record<string, readonly string[]> = {
  counter: ['_total', '_created'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['_sum', '_count', '_created'],
}

/** Names of series that the TYPE lines of a page announce, whether there are any yet or not. */
export function announcedNames(page: string): string[] {
  return [...page.matchAll(/^#[ \t]+TYPE[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]+(\w+)/gm)].flatMap(
    ([, name = '', type = '']) => [name, ...(SUFFIXES[type] ?? []).map((suffix) => `${name}${suffix}`)],
  )
}

function parseHead(text: string): { name: string; labels: Record<string, string>; rest: string } | undefined {
  const name = NAME.exec(text)?.[0]
  if (name === undefined) return undefined
  const open = /\s*\{\s*/y
  open.lastIndex = name.length
  if (!open.test(text)) return { name, labels: {}, rest: text.slice(name.length) }
  const labels: Record<string, string> = {}
  LABEL.lastIndex = open.lastIndex
  while (text[LABEL.lastIndex] !== '}') {
    const from = LABEL.lastIndex
    const match = LABEL.exec(text)
    if (!match?.[1] || match.index !== from) return undefined
    labels[match[1]] = unescape(match[2] ?? '')
  }
  return { name, labels, rest: text.slice(LABEL.lastIndex + 1) }
}

const unescape = (text: string): string =>
  text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))

/** A number of the text format, which has words for infinity. */
export function parseValue(text: string): number {
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  return Number(text)
}

/** True when the series has the selector's name and all its labels; labels that the selector leaves out may be anything. */
export function matches(series: Omit<Series, 'value'>, { name, labels }: Selector): boolean {
  return (
    series.name === name && Object.entries(labels).every(([label, value]) => series.labels[label] === value)
  )
}
