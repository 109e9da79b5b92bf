import { createHash } from 'node:crypto'
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { InputError, type Problem, type Secrets } from '@deploy-actions/action-kit'
import { checks } from '@deploy-actions/checks'
import { sources } from '@deploy-actions/metrics'
import { notifiers } from '@deploy-actions/notifiers'
import { routers } from '@deploy-actions/traffic'
import { at, didYouMean, keysAt, placeOf, problemsOf, valueOf, type Source } from './place'
import { checkMeaning } from './meaning'
import { region as regionSchema, rolloutSchema, type RolloutConfig } from './schema'
import { fillDocument, type Variables } from './variables'

/** A rollout.yml that is YAML and whose regions are known; everything else is checked when it is resolved for a region. */
export interface RolloutFile extends Source {
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

/** Reads the text of a rollout.yml. @throws InputError with every problem of its YAML, its service and its regions */
export function parseRollout(text: string, path: string): RolloutFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const source: Source = { path, document, lines }
  if (document.errors.length > 0)
    throw new InputError(
      document.errors.map((error) => ({ where: at(source, error.pos[0]), message: error.message })),
    )
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
 * The config for one region, variables filled. Without a value for `arm`, `${arm}` is checked with the first arm's name.
 * @throws InputError with every problem, each with line and column
 */
export async function resolveRegion(
  file: RolloutFile,
  name: string,
  resolution: Resolution,
): Promise<RegionConfig> {
  const { config, problems } = await tryRegion(file, findRegion(file, name), resolution)
  if (problems.length > 0 || !config) throw new InputError(problems)
  return config
}

/** Every region's config. @throws InputError with the problems of all regions, each once */
export async function resolveAll(file: RolloutFile, resolution: Resolution): Promise<RegionConfig[]> {
  const results = await Promise.all(file.regions.map((region) => tryRegion(file, region, resolution)))
  const problems = new Map(
    results
      .flatMap((result) => result.problems)
      .map((problem) => [`${problem.where} ${problem.message}`, problem]),
  )
  if (problems.size > 0) throw new InputError([...problems.values()])
  return results.flatMap(({ config }) => (config ? [config] : []))
}

async function tryRegion(
  file: RolloutFile,
  region: RegionEntry,
  { variables, secrets }: Resolution,
): Promise<{ config?: RegionConfig; problems: Problem[] }> {
  const filled = fillDocument(file, {
    arm: firstArm(file),
    ...variables,
    service: file.service,
    region: region.name,
    environment: region.environment,
    vars: region.vars,
  })
  const schema = rolloutSchema(await providersOf(filled.value))
  const parsed = schema.safeParse(filled.value)
  const missing = missingSecrets(file, filled.value, secrets)
  if (!parsed.success)
    return { problems: [...filled.problems, ...problemsOf(file, schema, parsed.error.issues), ...missing] }
  const problems = [...filled.problems, ...(await checkMeaning(file, parsed.data)), ...missing]
  return { config: { ...parsed.data, region }, problems }
}

function firstArm(file: RolloutFile): string {
  const names = file.document.getIn(['arms', 'names', 0])
  return typeof names === 'string' ? names : 'blue'
}

/** The option schemas of the providers that this document names: the others stay unloaded. */
async function providersOf(value: unknown) {
  const document = value as {
    traffic?: { canary?: { router?: unknown } }
    metrics?: { sources?: Record<string, unknown> }
    checks?: Record<string, unknown>
    notifications?: unknown[]
  } | null
  return {
    router: await providerSchema(routers, [document?.traffic?.canary?.router]),
    source: await providerSchema(sources, Object.values(document?.metrics?.sources ?? {})),
    check: await providerSchema(checks, Object.values(document?.checks ?? {})),
    sink: await providerSchema(
      notifiers,
      Array.isArray(document?.notifications) ? document.notifications : [],
    ),
  }
}

type Registry = Record<string, () => Promise<{ options: z.ZodType }>>

/** A schema that hands each value to the options of the provider its `type` names. */
export async function providerSchema(registry: Registry, values: readonly unknown[]): Promise<z.ZodType> {
  const used = [...new Set(values.map(typeOf))].filter(
    (type) => type !== undefined && Object.hasOwn(registry, type),
  ) as string[]
  const options = new Map(
    await Promise.all(used.map(async (type) => [type, (await registry[type]?.())?.options] as const)),
  )
  const known = Object.keys(registry)
  return z.unknown().transform((value, context) => {
    const type = typeOf(value)
    const schema = type === undefined ? undefined : options.get(type)
    if (!schema) {
      const message =
        type === undefined
          ? `needs a type; known: ${known.join(', ')}`
          : `${type} is no known type; known: ${known.join(', ')}.${didYouMean(type, known)}`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) context.addIssue(named(issue, schema) as never)
    return z.NEVER
  })
}

const typeOf = (value: unknown): string | undefined => {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined
  return typeof type === 'string' ? type : undefined
}

/** An issue of a provider's own options; its known keys are named here, where its schema is at hand. */
function named(issue: z.core.$ZodIssue, schema: z.ZodType): object {
  if (issue.code !== 'unrecognized_keys') return issue
  const known = keysAt(schema, issue.path)
  const message = issue.keys
    .map((key) => `${key} is an unknown key; known here: ${known.join(', ')}.${didYouMean(key, known)}`)
    .join(' ')
  return { code: 'custom', message, input: undefined, path: [...issue.path, ...issue.keys.slice(0, 1)] }
}

/** Every `*-secret` must name a secret that was handed over; nothing else can be read. */
function missingSecrets(
  file: RolloutFile,
  value: unknown,
  secrets: Secrets | undefined,
  path: (string | number)[] = [],
): Problem[] {
  if (secrets === undefined || typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key]
    if (!key.endsWith('-secret')) return missingSecrets(file, inner, secrets, here)
    if (typeof inner === 'string' && secrets.get(inner)) return []
    return [
      {
        where: placeOf(file, here),
        message: `${key}: the secret ${String(inner)} was not handed over; add ${String(inner)}=... to the secrets input (DEPLOY_SECRETS)`,
      },
    ]
  })
}
