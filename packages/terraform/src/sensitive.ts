import { formsWithin } from '@deploy-actions/action-kit'
import type { PlanJson, PlannedChange } from './plan-json'

/** Stands in our texts for what is not shown. */
export const HIDDEN = '(sensitive)'

/** A value that is as short as this is hidden where it stands alone, not within other texts: it would blank ordinary words. */
const SHORTEST_WITHIN = 3
/** A text may hold such a one by accident. */
const SHORT_WORD = /^[a-z]{1,5}$/i
/** Of a secret of several lines, such as a key, each line as long as this is a secret, too. */
const SHORTEST_LINE = 8
/** What is equal to one of these is not thereby a secret. */
const PLAIN = new Set(['true', 'false', 'null', ''])

/**
 * The texts that a plan marks as sensitive in any place, and knows how to hide in all others: as they are, and quoted, in
 * base64 or in an address.
 */
export class SensitiveTexts {
  private readonly texts: ReadonlySet<string>
  private readonly within: readonly string[]

  constructor(texts: Iterable<string>) {
    const all = [...texts].flatMap((text) => [
      ...[text, ...textsWithin(text)],
      ...text.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----')),
    ])
    this.texts = new Set(all.filter((text) => !PLAIN.has(text)))
    const within = [...this.texts].filter(({ length }) => length >= SHORTEST_WITHIN)
    // Longest first: one that begins with another must not keep its tail.
    this.within = [...new Set(within.flatMap((text) => [text, ...formsWithin(text)]))].sort(
      (a, b) => b.length - a.length,
    )
  }

  /** All of them, for whatever hides texts by itself. */
  get values(): readonly string[] {
    return [...this.texts]
  }

  has(text: string): boolean {
    return this.texts.has(text) || this.within.some((secret) => text.includes(secret))
  }

  /** Whether a text that is to be shown is one of them, or holds one that is not a short word. */
  isShownBy(text: string): boolean {
    return (
      this.texts.has(text) || this.within.some((secret) => !SHORT_WORD.test(secret) && text.includes(secret))
    )
  }

  /** The text without them. */
  clean(text: string): string {
    if (this.texts.has(text)) return HIDDEN
    return this.within.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text)
  }

  /** A value as JSON without them, neither in its texts nor in the keys of its maps. */
  cleanJson(value: unknown): string {
    return JSON.stringify(this.cleaned(value))
  }

  private cleaned(value: unknown): unknown {
    if (typeof value === 'string') return this.clean(value)
    if (typeof value === 'number') return this.texts.has(String(value)) ? HIDDEN : value
    if (Array.isArray(value)) return value.map((item) => this.cleaned(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.clean(key), this.cleaned(item)]),
    )
  }
}

/**
 * Collects what a plan holds of secrets: what is marked in changes, drift, outputs and states, and the values of variables
 * that are declared sensitive, with their defaults, in all modules. A plan holds them in clear in all of these places, and a
 * copy made by `nonsensitive()` in others, without a mark.
 * @param more what else is secret, such as the secrets of the step
 */
export function sensitiveTextsOf(plan: PlanJson, more: Iterable<string> = []): SensitiveTexts {
  const found = new Set<string>(more)
  for (const { change } of [...(plan.resource_changes ?? []), ...(plan.resource_drift ?? [])])
    collectMarked(change, found)
  for (const change of Object.values(plan.output_changes ?? {})) collectMarked(change, found)
  for (const values of [plan.planned_values, at(plan.prior_state, 'values')]) collectValues(values, found)
  const root = at(plan.configuration, 'root_module')
  collectDeclared(root, found)
  for (const [name, { value }] of Object.entries(plan.variables ?? {}))
    if (at(at(at(root, 'variables'), name), 'sensitive') === true) collectTexts(value, found)
  return new SensitiveTexts(found)
}

function collectMarked(change: PlannedChange, into: Set<string>): void {
  collectByMark(change.before, change.before_sensitive, into)
  collectByMark(change.after, change.after_sensitive, into)
}

/** Marks lie beside values in the same shape, and `true` at any level means all that is beneath. */
function collectByMark(value: unknown, mark: unknown, into: Set<string>): void {
  if (mark === true) collectTexts(value, into)
  else if (typeof mark === 'object' && mark !== null)
    for (const [key, below] of Object.entries(mark)) collectByMark(at(value, key), below, into)
}

/** Outputs, resources and the modules beneath, as states have them. */
function collectValues(values: unknown, into: Set<string>): void {
  for (const output of Object.values(objectOf(at(values, 'outputs'))))
    if (at(output, 'sensitive') === true) collectTexts(at(output, 'value'), into)
  const modules = [at(values, 'root_module')]
  for (const module of modules) {
    for (const resource of listOf(at(module, 'resources')))
      collectByMark(at(resource, 'values'), at(resource, 'sensitive_values'), into)
    modules.push(...listOf(at(module, 'child_modules')))
  }
}

/** Defaults of sensitive variables, in all modules. */
function collectDeclared(root: unknown, into: Set<string>): void {
  const modules = [root]
  for (const module of modules) {
    for (const variable of Object.values(objectOf(at(module, 'variables'))))
      if (at(variable, 'sensitive') === true) collectTexts(at(variable, 'default'), into)
    for (const call of Object.values(objectOf(at(module, 'module_calls')))) modules.push(at(call, 'module'))
  }
}

/** What a secret holds that is JSON, as stores of secrets give them: whoever reads it shows each by itself. */
function textsWithin(text: string): string[] {
  if (!/^\s*[{[]/.test(text)) return []
  try {
    const found = new Set<string>()
    collectTexts(JSON.parse(text), found)
    return [...found].filter(({ length }) => length >= SHORTEST_LINE)
  } catch {
    return []
  }
}

/** A number is a secret only as long as an ordinary one is not taken for it. */
const SHORTEST_NUMBER = 6

/** All texts of a value, with the keys of its maps. */
function collectTexts(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value)
  else if (typeof value === 'number') {
    if (String(value).length >= SHORTEST_NUMBER) into.add(String(value))
  } else if (Array.isArray(value)) for (const item of value) collectTexts(item, into)
  else for (const item of Object.values(objectOf(value))) collectTexts(item, into)
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])
const at = (value: unknown, key: string): unknown =>
  Array.isArray(value) ? (value as unknown[])[Number(key)] : objectOf(value)[key]
