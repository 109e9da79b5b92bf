import { createHash, createHmac } from 'node:crypto'
import canonicalize from 'canonicalize'
import { changesOf, outputChangesOf, type Change } from './changes'
import type { PlanJson, PlannedChange } from './plan-json'
import type { SensitiveTexts } from './sensitive'

/**
 * What two plans are compared by: two of the same change have the same digest, whenever they were made and whatever the file
 * looks like. The tool's own file differs each time, by moments within it. It covers what is created, changed, destroyed,
 * forgotten, read, moved or imported, and the outputs that change, with all values, and what provisioners run; neither what stays, nor the moment, nor
 * the order.
 * @param key a secret: sensitive values are in it by their HMAC, so that nobody finds a short one by trying
 * @returns `sha256:...`, over canonical JSON (RFC 8785)
 */
export function planDigest(plan: PlanJson, secrets: SensitiveTexts, key: Buffer): string {
  const parts = [...digestsOf(plan, secrets, key)].sort(([a], [b]) => (a < b ? -1 : 1))
  return sha256(parts)
}

/** The same of each object and output by its address, to tell which have changed between two plans. */
export function digestsOf(plan: PlanJson, secrets: SensitiveTexts, key: Buffer): Map<string, string> {
  const seal = sealing(secrets, key)
  return new Map([
    ...changesOf(plan).map((change): [string, string] => [nameOf(change), sha256(meaningOf(change, seal))]),
    ...outputChangesOf(plan).map(({ name, planned }): [string, string] => [
      `output.${name}`,
      sha256({ actions: planned.actions, ...valuesOf(planned, seal) }),
    ]),
    [OTHERS, sha256(sealed(othersOf(plan.configuration), undefined, seal))],
  ])
}

/** What an apply does beside the changes that it lists: in which accounts, by which scripts. */
const OTHERS = 'provisioners and settings of providers'

/** A module of a configuration, as far as it says so. */
interface Module {
  resources?: { address?: string; provisioners?: unknown }[]
  module_calls?: Record<string, { module?: Module }>
}

function othersOf(configuration: unknown): unknown {
  const { root_module: root, provider_config: providers = {} } = (configuration ?? {}) as {
    root_module?: Module
    provider_config?: unknown
  }
  return { providers, provisioners: root ? provisionersOf(root) : {} }
}

const provisionersOf = ({ resources = [], module_calls: calls = {} }: Module): object => ({
  ...Object.fromEntries(
    resources.flatMap(({ address = '', provisioners }) =>
      provisioners === undefined ? [] : [[address, provisioners]],
    ),
  ),
  ...Object.fromEntries(
    Object.entries(calls).map(([name, { module }]) => [
      `module.${name}`,
      module ? provisionersOf(module) : {},
    ]),
  ),
})

/** The addresses whose change is another one in the second, or is in one of them alone; sorted. */
export function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const all = new Set([...before.keys(), ...after.keys()])
  return [...all].filter((name) => before.get(name) !== after.get(name)).sort()
}

const nameOf = ({ address, deposed }: Change): string =>
  deposed === undefined ? address : `${address} (deposed ${deposed})`

/** How secrets stand in a digest. */
interface Seal {
  /** whatever it is, under a mark */
  whole(value: unknown): unknown
  /** a text or a number, which may hold one */
  leaf(value: unknown): unknown
}

function sealing(secrets: SensitiveTexts, key: Buffer): Seal {
  const whole = (value: unknown): unknown => ({
    hmac: createHmac('sha256', key)
      .update(canonicalize(value ?? null) ?? '')
      .digest('hex'),
  })
  return { whole, leaf: (value) => (secrets.has(String(value)) ? whole(value) : value) }
}

const meaningOf = ({ planned, movedFrom, importedAs }: Change, seal: Seal): object => ({
  mode: planned.mode,
  type: planned.type,
  provider: planned.provider_name ?? null,
  actions: planned.change.actions,
  replaces: planned.change.replace_paths ?? [],
  moved: movedFrom ?? null,
  imported: importedAs ?? null,
  ...valuesOf(planned.change, seal),
})

const valuesOf = (change: PlannedChange, seal: Seal): object => ({
  before: sealed(change.before, change.before_sensitive, seal),
  after: sealed(change.after, change.after_sensitive, seal),
  unknown: change.after_unknown ?? null,
})

/** A value with everything beneath a mark sealed, and what holds such a text elsewhere. */
function sealed(value: unknown, mark: unknown, seal: Seal): unknown {
  if (mark === true) return seal.whole(value)
  if (Array.isArray(value)) return value.map((item, index) => sealed(item, at(mark, index), seal))
  if (typeof value !== 'object' || value === null) return seal.leaf(value)
  // Pairs, since a key may hold one, too.
  return {
    map: Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [seal.leaf(key), sealed(item, at(mark, key), seal)]),
  }
}

const at = (mark: unknown, key: string | number): unknown =>
  typeof mark === 'object' && mark !== null ? (mark as Record<string | number, unknown>)[key] : undefined

const sha256 = (value: unknown): string =>
  `sha256:${createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')}`
