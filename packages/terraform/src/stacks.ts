import { z } from 'zod'
import { defined } from '@deploy-actions/rollout'
import { inRepository, settings } from './settings'

const path = inRepository.describe('folder of its configuration in the repository')

/** An example each: the file is checked by it while nobody knows the value. */
const outputs = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, 'is not the name of an output'),
    z.string('is not a text: put numbers, true and false into quotes').min(1, 'is empty; write an example'),
  )
  .default({})
  .describe(
    'outputs of its configuration that the rest of this file may name, each with an example of its value; none that is sensitive',
  )
type Settings = z.infer<z.ZodObject<typeof settings, z.core.$strict>>

/** What may be said of it again, and is absent, not as by default, where it is not. */
function again(schema: z.ZodType): z.ZodType {
  const inner = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.unwrap() : schema
  if (!(inner instanceof z.ZodObject)) return (inner as z.ZodType).optional()
  return z
    .strictObject(
      Object.fromEntries(
        Object.entries(inner.shape as z.ZodRawShape).map(([key, part]) => [key, again(part as z.ZodType)]),
      ),
    )
    .optional()
}

/** A stack's own, which it has instead of those of all. */
const own = Object.fromEntries(
  Object.entries(settings).map(([key, schema]) => [
    key,
    again(schema).describe('instead of that of all stacks'),
  ]),
) as unknown as {
  [K in keyof Settings]-?: z.ZodOptional<z.ZodType<K extends 'policy' ? Partial<Settings[K]> : Settings[K]>>
}

export const stackName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'is not a name of a stack: lower-case letters, digits and -')

const stack = z.strictObject({
  path,
  outputs,
  needs: z
    .array(stackName)
    .default([])
    .describe('stacks that have to be applied before it is planned, since it reads what they have made'),
  ...own,
})
/** A configuration with a state of its own, planned and applied as one. */
export interface Stack extends Settings {
  path: string
  /** empty where a region has but one, which comes with each release */
  name: string
  needs: string[]
  /** what the rest of rollout.yml may name of it, by example */
  outputs: Record<string, string>
}

/**
 * The infrastructure of a region, as rollout.yml has it. One configuration is planned before a release is approved there and
 * applied before it is deployed; several are brought by a workflow of their own, each planned when those that it needs are
 * applied. @returns them in an order in which each comes after all that it needs
 */
export const infrastructure = z
  .strictObject({
    path: path
      .optional()
      .describe('folder of the configuration in the repository; with each release, unlike stacks'),
    outputs,
    ...settings,
    stacks: z
      .record(stackName, stack)
      .optional()
      .describe(
        'instead of path: several configurations, by name, which infrastructure.yml plans and applies one after the other; what is said above is of all of them, and backend-config and policy of one are added to those of all',
      ),
  })
  .transform(({ path: single, stacks, outputs: released, ...shared }, context): Stack[] => {
    const say = (message: string, at: string[] = []): Stack[] => {
      context.addIssue({ code: 'custom', path: at, message })
      return z.NEVER
    }
    if ((single === undefined) === (stacks === undefined))
      return say('has either path, for one configuration, or stacks, for several')
    if (single !== undefined) return [{ ...shared, path: single, name: '', needs: [], outputs: released }]
    if (Object.keys(released).length > 0)
      return say('are of one configuration: say them for the stack that has them', ['outputs'])
    const all = Object.entries(stacks ?? {}).map(([name, { needs, outputs, ...of }]): Stack => ({
      ...{ ...shared, ...defined(of), name, needs, outputs },
      'backend-config': { ...shared['backend-config'], ...of['backend-config'] },
      policy: {
        ...shared.policy,
        ...(of.policy && defined(of.policy)),
        protected: [...shared.policy.protected, ...(of.policy?.protected ?? [])],
      },
    }))
    if (all.length === 0) return say('names no stack', ['stacks'])
    const problems = [...unknownNeeds(all), ...sameStates(all)]
    for (const { message, path: at } of problems) say(message, at)
    if (problems.length > 0) return z.NEVER
    return inOrder(all) ?? say(`need each other in a circle: ${circleOf(all).join(' -> ')}`, ['stacks'])
  })

interface At {
  path: string[]
  message: string
}

const unknownNeeds = (all: readonly Stack[]): At[] =>
  all.flatMap(({ name, needs }) =>
    needs
      .filter((need) => !all.some((other) => other.name === need))
      .map((need) => ({
        path: ['stacks', name, 'needs'],
        message: `no stack is named ${need}; known: ${all.map((other) => other.name).join(', ')}`,
      })),
  )

/** Of each backend what tells one state of it from another. */
const STATE_NAMES = ['key', 'prefix', 'path', 'address', 'secret_suffix', 'schema_name']

/** Variables of the environment by which a backend finds a state, or the server or database that has it. */
const LOCATES =
  /^(?:TF_HTTP_ADDRESS|TF_CLOUD_(?:HOSTNAME|ORGANIZATION|PROJECT)|PG_CONN_STR|PG_SCHEMA_NAME|PGHOST|PGPORT|PGDATABASE|CONSUL_HTTP_ADDR|KUBE_(?:HOST|CONFIG_PATHS?|CTX\w*|NAMESPACE)|AWS_(?:ENDPOINT_URL(?:_S3)?|S3_ENDPOINT))$/

export const locatesState = (variable: string): boolean => LOCATES.test(variable)

/** Settings of a backend by which two states may be told apart. */
export const locatingSettings = (backend: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(backend)
    .filter(([name]) => !LOCATES_NONE.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** How a state is locked, kept and asked for says nothing of where it is. */
const LOCATES_NONE =
  /^(?:(?:un)?lock|encrypt|retry_|max_retries$|skip_|use_|update_method$|dynamodb_|kms_|sse_|acl$|profile$|role_arn$|assume_role|session_name$|external_id$|timeout|gzip$)/

/** Two that have one state would each destroy what is of the other. */
function sameStates(all: readonly Stack[]): At[] {
  const placeOf = (of: Stack): string =>
    JSON.stringify([...[of.workspace, of['backend-config-files']], locatingSettings(of['backend-config'])])
  return all.flatMap((one, index) => {
    const twin = all.slice(0, index).find((other) => placeOf(other) === placeOf(one))
    const isNamed = STATE_NAMES.some((name) => one['backend-config'][name] !== undefined)
    return twin && isNamed
      ? [
          {
            path: ['stacks', one.name],
            message: `has the state of ${twin.name}, so each would destroy what is of the other: give it a backend-config of its own`,
          },
        ]
      : []
  })
}

/** Each after all that it needs, otherwise as they are written; undefined where some need each other. */
function inOrder(all: readonly Stack[]): Stack[] | undefined {
  const ordered: Stack[] = []
  const isDone = (name: string): boolean => ordered.some((other) => other.name === name)
  while (ordered.length < all.length) {
    const next = all.find(({ name, needs }) => !isDone(name) && needs.every(isDone))
    if (!next) return undefined
    ordered.push(next)
  }
  return ordered
}

/** A way along needs that comes back to where it began. */
function circleOf(all: readonly Stack[]): string[] {
  const walk = (name: string, way: readonly string[]): string[] => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name]
    for (const need of all.find((other) => other.name === name)?.needs ?? []) {
      const circle = walk(need, [...way, name])
      if (circle.length > 0) return circle
    }
    return []
  }
  return all.map(({ name }) => walk(name, [])).find((circle) => circle.length > 0) ?? []
}
