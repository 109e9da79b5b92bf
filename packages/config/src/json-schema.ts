import { z } from 'zod'
import type { Provider, Providers } from '@deploy-actions/action-kit'
import { checks, type CheckExports } from '@deploy-actions/checks'
import { deployers } from '@deploy-actions/deploys'
import { sources } from '@deploy-actions/metrics'
import { eventKinds, notifiers } from '@deploy-actions/notifiers'
import { defined } from '@deploy-actions/rollout'
import { routers } from '@deploy-actions/traffic'
import { latencyQuery, metricQuery, rolloutSchema, valueQuery } from './schema'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/**
 * Says of a schema what kind of value it takes, such as `duration`, where JSON Schema only knows a string. It comes from
 * the `.meta({ 'x-kind': ... })` of a zod schema and is there for the documents.
 */
const KIND = 'x-kind'

/** Every kind of provider, as people call it: nothing that is told of providers lists them by hand. */
export const providerKinds = {
  router: routers,
  'metric source': sources,
  check: checks,
  deployer: deployers,
  sink: notifiers,
} as const satisfies Record<string, Providers<unknown>>

/** Any text with a variable in it: what it comes to is only known once it is filled. */
const variable = { type: 'string', pattern: '\\$\\{', [KIND]: 'variable' } as const

/**
 * The JSON Schema of rollout.yml with the options of every provider, for editors. Draft 7 is what they know best.
 * It is looser than the loader: a value with a variable in it always passes.
 */
export async function rolloutJsonSchema(): Promise<JsonSchema> {
  const routerVariants = await variantsOf(routers)
  // Validators in strict mode, as Ajv 8 is by default, refuse a schema with keywords that they do not know.
  const shipped = (key: string, value: unknown): unknown => {
    if (key === KIND) return undefined
    return isKind(value, 'router') ? { description: value.description, anyOf: routerVariants } : value
  }
  return JSON.parse(JSON.stringify(await describedJsonSchema(), shipped)) as JsonSchema
}

const isKind = (value: unknown, kind: keyof typeof providerKinds): value is JsonSchema =>
  typeof value === 'object' && value !== null && KIND in value && value[KIND] === kind

/** The same with the kind of each value in `x-kind`: for the documents. */
export async function describedJsonSchema(): Promise<JsonSchema> {
  const file = toJson(
    rolloutSchema({ router: z.any(), source: z.any(), check: z.any(), sink: z.any(), deployer: z.any() }),
  )
  const on: JsonSchema = { type: 'array', items: { type: 'string', enum: [...eventKinds] }, minItems: 1 }
  const sinks = (await variantsOf(notifiers)).map((one) => withProperty(one, 'on', on, false))
  for (const part of ['canary', 'regions'])
    place(file, ['traffic', part, 'router'], { anyOf: await variantsOf(routers) })
  place(file, ['metrics', 'sources'], { additionalProperties: { anyOf: await variantsOf(sources) } })
  place(file, ['checks'], { additionalProperties: { anyOf: await variantsOf(checks) } })
  place(file, ['notifications'], { items: { anyOf: sinks } })
  for (const [name, form] of [
    ['requests', metricQuery],
    ['errors', metricQuery],
    ['latency', latencyQuery],
  ] as const)
    place(file, ['metrics', name], { anyOf: await queriesOf(form) }, 'in place')
  place(file, ['metrics', 'values'], { additionalProperties: { anyOf: await queriesOf(valueQuery) } })
  const metrics = propertiesOf(propertiesOf(file)['metrics'] ?? {})
  for (const part of ['of', 'failed', 'succeeded'])
    place(
      metrics['ratios']?.additionalProperties as JsonSchema,
      [part],
      { anyOf: await queriesOf(metricQuery) },
      'in place',
    )
  const deploy: JsonSchema = {
    type: 'object',
    properties: await byType(deployers),
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  }
  place(file, ['deploy'], deploy, 'in place')
  return file
}

/** The options of each provider of a kind, with its `type`. */
async function variantsOf<C, More>(providers: Providers<C, More>): Promise<JsonSchema[]> {
  return Object.entries(await byType(providers)).map(([type, options]) =>
    withProperty({ title: `of type ${type}`, ...options }, 'type', { type: 'string', const: type }, true),
  )
}

async function byType<C, More>(providers: Providers<C, More>): Promise<Record<string, JsonSchema>> {
  const all: readonly (readonly [string, Provider<C> & CheckExports])[] = await providers.all()
  return Object.fromEntries(
    all.map(([type, { options, ofTarget = [] }]) => [
      type,
      optional(withoutSchema(toJson(options)), ofTarget),
    ]),
  )
}

const optional = (schema: JsonSchema, names: readonly string[]): JsonSchema => ({
  ...schema,
  ...(schema.required && { required: schema.required.filter((name) => !names.includes(name)) }),
})

/** What the sources may be asked, each told apart by the form of its queries. */
async function queriesOf(form: z.ZodType): Promise<JsonSchema[]> {
  const common = Object.entries(propertiesOf(toJson(form)))
  return (await sources.all()).map(([type, { query }]) => ({
    ...common.reduce(
      (schema, [name, property]) => withProperty(schema, name, property, name === 'source'),
      withoutSchema(toJson(query)),
    ),
    title: `of a source of type ${type}`,
  }))
}

/** Puts what providers say at a path of the file's schema: beside what is there, or in place of all but its description. */
function place(
  schema: JsonSchema,
  [key = '', ...rest]: readonly string[],
  value: JsonSchema,
  how: 'beside' | 'in place' = 'beside',
): void {
  const properties = propertiesOf(schema)
  const child = properties[key] ?? {}
  if (rest.length > 0) return place(child, rest, value, how)
  const { description } = child
  properties[key] = how === 'beside' ? { ...child, ...value } : { ...defined({ description }), ...value }
}

const propertiesOf = ({ properties }: JsonSchema): Record<string, JsonSchema> =>
  properties as Record<string, JsonSchema>

const withoutSchema = ({ $schema: _, ...schema }: JsonSchema): JsonSchema => schema

function toJson(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => allowVariables(jsonSchema),
  })
}

/** YAML holds `${vars.port}` where the filled value is a number, an address or of a certain form. */
function allowVariables(schema: JsonSchema): void {
  if (schema.type === 'integer' || schema.type === 'number') {
    if (schema.const !== undefined) return
    const { description, default: byDefault, ...number } = schema
    for (const key of Object.keys(number)) Reflect.deleteProperty(schema, key)
    schema.anyOf = [number, variable]
  }
  if (schema.format === 'uri') schema[KIND] = 'URL'
  delete schema.format
  // It is called again for every schema that wraps this one.
  if (schema.pattern?.endsWith(variable.pattern) === false)
    schema.pattern = `${schema.pattern}|${variable.pattern}`
}

function withProperty(schema: JsonSchema, name: string, property: JsonSchema, required: boolean): JsonSchema {
  return {
    ...schema,
    properties: { [name]: property, ...schema.properties },
    required: [...(required ? [name] : []), ...(schema.required ?? [])],
  }
}
