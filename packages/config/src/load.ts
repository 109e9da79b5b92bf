import { createHash } from 'node:crypto'
import { z } from 'zod'
import { didYouMean, eachOnce, InputError, type Problem, type Secrets } from '@deploy-actions/action-kit'
import { checks, type ConfiguredCheck } from '@deploy-actions/checks'
import { deployers } from '@deploy-actions/deploys'
import { sources } from '@deploy-actions/metrics'
import { notifiers } from '@deploy-actions/notifiers'
import { routers } from '@deploy-actions/traffic'
import { loose, parseYaml, placeOf, problemsOf, valueOf, type YamlSource } from './yaml-source'
import { hooks } from './hooks'
import { checkMeaning } from './meaning'
import {
  deployerOf,
  region as regionSchema,
  rolloutSchema,
  type ProviderSchemas,
  type RolloutConfig,
} from './schema'
import { eachOf, isPolicyScript, scriptLines, type ProviderPlace } from './script-lines'
import { completeChecks } from './target-options'
import { exampleOutputs, fillDocument, type ValuePath, type Variables } from './variables'

/** A rollout.yml that is YAML and whose regions are known; everything else is checked when it is resolved for a region. */
export interface RolloutFile extends YamlSource {
  /** sha256 over the text, as `sha256:...` */
  digest: string
  service: string
  regions: RegionEntry[]
}
export type RegionEntry = z.infer<typeof regionSchema> & { 'guard-environment': string }

/** The config as one region sees it. */
export interface RegionConfig extends RolloutConfig {
  region: RegionEntry
}

/** The checks of a gate, in its order. */
export function checksOf(
  { checks }: Pick<RegionConfig, 'checks'>,
  gate: { checks: readonly string[] } | undefined,
): ReadonlyMap<string, ConfiguredCheck> {
  return new Map(
    (gate?.checks ?? []).flatMap((name) => {
      const check = checks[name]
      return check ? [[name, check] as const] : []
    }),
  )
}

/** Reads the text of a rollout.yml. @throws InputError with every problem of its YAML, its service and its regions */
export async function parseRollout(text: string, path: string): Promise<RolloutFile> {
  const source = await parseYaml(text, path)
  const head = z.looseObject({ service: z.string().min(1), regions: z.array(regionSchema).min(1) })
  const parsed = head.safeParse(valueOf(source) ?? {})
  if (!parsed.success) throw new InputError(problemsOf(source, head, parsed.error.issues))
  const regions = parsed.data.regions.map((entry) => ({
    ...entry,
    'guard-environment': entry['guard-environment'] ?? `${entry.environment}-guard`,
  }))
  return {
    ...source,
    digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    service: parsed.data.service,
    regions,
  }
}

/** Finds a region by its name. @throws InputError that lists the known ones */
export function findRegion(file: RolloutFile, name: string): RegionEntry {
  const known = file.regions.map((region) => region.name)
  const found = file.regions.find((region) => region.name === name)
  if (found) return found
  throw new InputError([
    {
      where: placeOf(file, ['regions']),
      message: `no region is named ${name}; known: ${known.join(', ')}.${didYouMean(name, known)}`,
    },
  ])
}

/** What a region's config is resolved with. Without `secrets`, `*-secret` names are not looked up. */
export interface Resolution {
  variables: Variables
  secrets?: Secrets
}

/**
 * The config for one region as it can be looked at, variables filled: `${arm}` without a value stands for the first arm, and
 * `${infra.NAME}` always for its example. @throws InputError with every problem, each with line and column
 */
export async function resolveRegion(
  file: RolloutFile,
  name: string,
  { variables, secrets }: Resolution,
): Promise<RegionConfig> {
  return configOf(await readRegion(file, findRegion(file, name), variables, BY_EXAMPLE), secrets)
}

/** Every region's config as it can be looked at. @throws InputError with the problems of all regions, each once */
export async function resolveAll(
  file: RolloutFile,
  { variables, secrets }: Resolution,
): Promise<RegionConfig[]> {
  const read = await Promise.all(
    file.regions.map((region) => readRegion(file, region, variables, BY_EXAMPLE)),
  )
  const problems = eachOnce(read.flatMap((region) => problemsWith(region, secrets)))
  if (problems.length > 0) throw new InputError(problems)
  return read.flatMap(({ config }) => (config ? [config] : []))
}

/** One region of a file with its variables filled: what came of it, and everything that is wrong. */
export interface ReadRegion {
  config?: RegionConfig
  problems: Problem[]
  /** those that it names: whether they were handed over is only looked at when there are any */
  secrets: NamedSecret[]
}

/** To be looked at alone: an output of the infrastructure is its example, as its value is known where something is done. */
export const BY_EXAMPLE = { byExample: true }

export async function readRegion(
  file: RolloutFile,
  region: RegionEntry,
  variables: Variables,
  { byExample }: { byExample: boolean } = { byExample: false },
): Promise<ReadRegion> {
  const examples = exampleOutputs(file)
  const infra = byExample ? examples : (variables.infra ?? {})
  const values = {
    arm: firstArm(file),
    ...variables,
    infra: { ...examples, ...infra },
    service: file.service,
    region: region.name,
    environment: region.environment,
    vars: region.vars,
  }
  // Which values are script lines depends on types, and these may be variables, too.
  const isLine = await scriptLines(providerPlaces(fillDocument(file, values).value), [
    { path: ['hooks'], options: hooks },
  ])
  const filled = fillDocument(file, values, (path) => isPolicyScript(path) || isLine(path))
  const { value, added } = await completeChecks(filled.value)
  const schema = rolloutSchema(await providersOf(value))
  const parsed = schema.safeParse(value)
  const secrets = namedSecrets(file, filled.value)
  // Whether or not it is named: scripts find each in their environment.
  const unknown = Object.keys(examples).filter((name) => !Object.hasOwn(infra, name))
  const untold = unknown.map((name) => ({
    where: placeOf(file, ['infrastructure']),
    message: `infrastructure: the output ${name} has no value here: hand it over by the input infra, which plan-apply gives (GitHub leaves out an output of a job that holds a masked text)`,
  }))
  if (!parsed.success) {
    // What is wrong with an option that nobody wrote is wrong where it was taken from, and said there.
    const written = parsed.error.issues.filter(({ path }) => !added.some((place) => isWithin(path, place)))
    return { problems: [...untold, ...filled.problems, ...problemsOf(file, schema, written)], secrets }
  }
  const config = { ...parsed.data, region }
  const problems = [...untold, ...filled.problems, ...checkMeaning(file, config)]
  return { ...(untold.length === 0 && { config }), problems, secrets }
}

const isWithin = (path: readonly PropertyKey[], place: ValuePath): boolean =>
  place.every((part, index) => path[index] === part)

/** @throws InputError with every problem */
export function configOf(read: ReadRegion, secrets: Secrets | undefined): RegionConfig {
  const problems = problemsWith(read, secrets)
  if (problems.length > 0 || !read.config) throw new InputError(problems)
  return read.config
}

const problemsWith = ({ problems, secrets: named }: ReadRegion, secrets: Secrets | undefined): Problem[] => [
  ...problems,
  ...(secrets ? missingOf(named, secrets) : []),
]

/** The arm whose name stands for `${arm}` while nobody knows which is which. */
export function firstArm(file: RolloutFile): string {
  const names = file.document.getIn(['arms', 'names', 0])
  return typeof names === 'string' ? names : 'blue'
}

/** Where providers stand in a rollout.yml. */
function providerPlaces(value: unknown): ProviderPlace[] {
  const document = loose(value)
  const deploy = deployerOf(document['deploy'])
  const traffic = loose(document['traffic'])
  const routerOf = (part: 'canary' | 'regions'): ProviderPlace => ({
    path: ['traffic', part, 'router'],
    providers: routers,
    settings: loose(traffic[part])['router'],
  })
  return [
    routerOf('canary'),
    ...(traffic['regions'] === undefined ? [] : [routerOf('regions')]),
    ...eachOf(['metrics', 'sources'], sources, loose(document['metrics'])['sources']),
    ...eachOf(['checks'], checks, document['checks']),
    ...eachOf(['notifications'], notifiers, document['notifications']),
    ...(typeof deploy === 'string'
      ? []
      : [{ path: ['deploy', deploy.type], providers: deployers, settings: deploy }]),
  ]
}

/** The schemas of the providers that this document names: the others stay unloaded. */
async function providersOf(value: unknown): Promise<ProviderSchemas> {
  const places = providerPlaces(value)
  const settingsOf = (kind: ProviderPlace['providers']): unknown[] =>
    places.flatMap(({ providers, settings }) => (providers === kind ? [settings] : []))
  const [router, source, check, sink, deployer] = await Promise.all([
    routers.schemaFor(settingsOf(routers)),
    sources.schemaFor(settingsOf(sources)),
    checks.schemaFor(settingsOf(checks)),
    notifiers.schemaFor(settingsOf(notifiers)),
    deployers.schemaFor(settingsOf(deployers)),
  ])
  return { router, source, check, sink, deployer }
}

/** A secret that a file names: nothing else can be read. */
export interface NamedSecret {
  name: string
  /** `token-secret`, or `env-secrets` of which it is one */
  key: string
  /** `rollout.yml:12:5` */
  where: string
}

/** Every secret that a file names for some region, by `*-secret` or as an entry of a `*-secrets`; each place once. */
export async function secretsNamed(file: RolloutFile, variables: Variables): Promise<NamedSecret[]> {
  const read = await Promise.all(
    file.regions.map((region) => readRegion(file, region, variables, BY_EXAMPLE)),
  )
  const all = read.flatMap(({ secrets }) => secrets)
  return [...new Map(all.map((one) => [`${one.where} ${one.name}`, one])).values()]
}

function namedSecrets(file: RolloutFile, value: unknown, path: (string | number)[] = []): NamedSecret[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key]
    const several = key.endsWith('-secrets') && Array.isArray(inner)
    if (!several && !key.endsWith('-secret')) return namedSecrets(file, inner, here)
    const names: [unknown, (string | number)[]][] = several
      ? inner.map((name: unknown, index) => [name, [...here, index]])
      : [[inner, here]]
    return names.map(([name, place]) => ({
      name: String(name),
      key,
      where: placeOf(file, place),
    }))
  })
}

const missingOf = (named: readonly NamedSecret[], secrets: Secrets): Problem[] =>
  named
    .filter(({ name }) => !secrets.get(name))
    .map(({ name, key, where }) => ({
      where,
      message: `${key}: the secret ${name} was not handed over; add ${name}=... to the secrets input (DEPLOY_SECRETS)`,
    }))
