import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  deployVariables,
  InputError,
  messageOf,
  type RunContext,
  type Secrets,
} from '@deploy-actions/action-kit'
import { defined, type Release } from '@deploy-actions/rollout'
import {
  BY_EXAMPLE,
  configOf,
  findRegion,
  firstArm,
  parseRollout,
  readRegion,
  type ReadRegion,
  type RegionConfig,
  type RegionEntry,
  type RolloutFile,
} from './load'
import type { Variables } from './variables'

export const DEFAULT_CONFIG = 'rollout.yml'

/** The inputs that say which config and which release; every action takes a part of them. */
export interface ReleaseInputs {
  config?: string | undefined
  region?: string | undefined
  service?: string | undefined
  environment?: string | undefined
  version?: string | undefined
  image?: string | undefined
  digest?: string | undefined
  'correlation-id'?: string | undefined
  /** what the infrastructure gives, where it is known */
  infra?: Record<string, string> | undefined
}

/** service x region: what is written to and restored. */
export interface Target {
  service: string
  region: string
  environment: string
  correlationId: string
  /** what `${...}` stands for in settings of this target, but for the arm */
  variables: Variables
}

/** A target of a rollout.yml: the file, and its config as it is for one arm. */
export interface ConfiguredTarget extends Target {
  file: RolloutFile
  entry: RegionEntry
  /**
   * The region's config with `${arm}` filled, resolved once per arm; with `secrets`, every one that it names must be
   * there. @throws InputError with every problem, one of them whatever names an output of the infrastructure that is not known
   */
  config(options?: { arm?: string; secrets?: Secrets }): Promise<RegionConfig>
  /** The same by examples of such outputs, for parts of it that can name none: windows, notifications, links. */
  outline(options: { secrets: Secrets }): Promise<RegionConfig>
}

/** Reads a rollout.yml of the repository. @throws InputError when it is not there, or not readable as one */
export async function readRollout(
  path: string | undefined,
  { workspace }: Pick<RunContext, 'workspace'>,
): Promise<RolloutFile> {
  const name = path ?? DEFAULT_CONFIG
  const text = await readFile(join(workspace, name), 'utf8').catch((error: unknown) => {
    throw new InputError([
      {
        where: name,
        message: `cannot be read (${messageOf(error)}); check out the repository first, or name another file`,
      },
    ])
  })
  return parseRollout(text, name)
}

/** The region of a rollout.yml that the inputs name. @throws InputError */
export async function configuredTarget(
  inputs: ReleaseInputs,
  context: RunContext,
): Promise<ConfiguredTarget> {
  const file = await readRollout(inputs.config, context)
  if (inputs.region === undefined)
    throw new InputError([
      {
        where: 'input `region`',
        message: `is missing; known in ${file.path}: ${file.regions.map(({ name }) => name).join(', ')}`,
      },
    ])
  const entry = findRegion(file, inputs.region)
  const correlationId = correlationOf(inputs, file.service, context)
  const variables = variablesOf(inputs, context, correlationId)
  const read = new Map<string, Promise<ReadRegion>>()
  const readFor = (arm: string): Promise<ReadRegion> => {
    const region = read.get(arm) ?? readRegion(file, entry, { ...variables, arm })
    read.set(arm, region)
    return region
  }
  return {
    file,
    entry,
    service: file.service,
    region: entry.name,
    environment: inputs.environment ?? entry.environment,
    correlationId,
    variables,
    config: async ({ arm = firstArm(file), secrets } = {}) => configOf(await readFor(arm), secrets),
    outline: async ({ secrets }) => configOf(await readRegion(file, entry, variables, BY_EXAMPLE), secrets),
  }
}

/** A target without a rollout.yml. @throws InputError that names every input that is missing */
export function bareTarget(inputs: ReleaseInputs, context: RunContext): Target {
  const { service, environment } = inputs
  if (service === undefined || environment === undefined) {
    const missing = (['service', 'environment'] as const).filter((key) => inputs[key] === undefined)
    throw new InputError(
      missing.map((key) => ({
        where: `input \`${key}\``,
        message: 'is missing; without rollout.yml it says what is written to',
      })),
    )
  }
  const region = inputs.region ?? environment
  const correlationId = correlationOf(inputs, service, context)
  const variables = { ...variablesOf(inputs, context, correlationId), service, environment, region }
  return { service, environment, region, correlationId, variables }
}

/** The release of the inputs. @throws InputError that names what is missing */
export function releaseOf({ version, digest }: ReleaseInputs): Release {
  if (version !== undefined && digest !== undefined) return { version, digest }
  const wanted = {
    version: 'it names the release for people, for example 1.4.0',
    digest: 'a release is deployed by its immutable digest, sha256: and 64 hexadecimal digits',
  }
  const given = { version, digest }
  throw new InputError(
    (['version', 'digest'] as const)
      .filter((key) => given[key] === undefined)
      .map((key) => ({ where: `input \`${key}\``, message: `is missing; ${wanted[key]}` })),
  )
}

/** `SERVICE-RUNID-ATTEMPT` unless it was given. */
export function correlationOf(
  inputs: ReleaseInputs,
  service: string,
  { runId, attempt }: RunContext,
): string {
  return inputs['correlation-id'] ?? `${service}-${runId}-${attempt}`
}

/** The release, the run and what is known of the infrastructure, as `${...}` names them. */
export function variablesOf(
  { version, digest, image, infra }: ReleaseInputs,
  { sha, runId }: RunContext,
  correlationId: string,
): Variables {
  return defined({
    version,
    digest,
    image,
    commit: sha,
    'run-id': String(runId),
    'correlation-id': correlationId,
    infra,
  })
}

/** The `DEPLOY_*` variables that every script of this target gets; with `arms`, which arm it is about. */
export function scriptVariables(
  target: Pick<
    ConfiguredTarget,
    'service' | 'region' | 'environment' | 'correlationId' | 'entry' | 'variables'
  >,
  release: ReleaseInputs,
  context: RunContext,
  arms?: { arm: string; baseline: string; canary: string },
): Record<string, string> {
  const { service, region, environment, correlationId, entry } = target
  const vars = Object.entries(entry.vars).map(([name, value]) => [`vars-${name}`, value])
  const { infra = {} } = target.variables
  const { infra: _, vars: _vars, ...said } = variablesOf(release, context, correlationId)
  return deployVariables(
    defined({
      ...said,
      service,
      region,
      environment,
      arm: arms?.arm,
      'baseline-arm': arms?.baseline,
      'canary-arm': arms?.canary,
      ...Object.fromEntries(vars),
      ...Object.fromEntries(Object.entries(infra).map(([name, value]) => [`infra-${name}`, value])),
    }),
  )
}
