import { z } from 'zod'
import { checks } from '@deploy-actions/checks'
import { sources } from '@deploy-actions/metrics'
import { eventKinds, notifiers } from '@deploy-actions/notifiers'
import { routers } from '@deploy-actions/traffic'
import { rolloutSchema } from './schema'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Any text with a variable in it: what it comes to is only known once it is filled. */
const variable = { type: 'string', pattern: '\\$\\{' } as const

/**
 * The JSON Schema of rollout.yml with the options of every provider, for editors. Draft 7 is what they know best.
 * It is looser than the loader: a value with a variable in it always passes.
 */
export async function rolloutJsonSchema(): Promise<JsonSchema> {
  const [router, source, check, sink] = await Promise.all([
    optionsOf(routers),
    optionsOf(sources),
    optionsOf(checks),
    optionsOf(notifiers),
  ])
  const file = toJson(
    rolloutSchema({
      router: z.union(router),
      source: z.union(source),
      check: z.union(check),
      sink: z.union(sink),
    }),
  )

  // What a query or a notification may hold is up to its provider; the schema of the file only knows the rest.
  const query = await queriesOf(sources)
  const on: JsonSchema = { type: 'array', items: { type: 'string', enum: [...eventKinds] }, minItems: 1 }
  const metrics = propertiesOf(file, 'metrics')
  for (const name of ['requests', 'errors'])
    metrics[name] = {
      description: metrics[name]?.description ?? '',
      anyOf: query.map((one) => withProperty(toJson(one), 'source', { type: 'string' }, true)),
    }
  const notifications = (file.properties as Record<string, JsonSchema>)['notifications']
  if (notifications)
    notifications.items = { anyOf: sink.map((one) => withProperty(toJson(one), 'on', on, false)) }
  return file
}

type Registry<P> = Record<string, () => Promise<P>>

async function optionsOf(registry: Registry<{ options: z.ZodType }>): Promise<z.ZodType[]> {
  return Promise.all(Object.values(registry).map(async (load) => (await load()).options))
}

async function queriesOf(registry: Registry<{ query: z.ZodType }>): Promise<z.ZodType[]> {
  return Promise.all(Object.values(registry).map(async (load) => (await load()).query))
}

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
  delete schema.format
  // It is called again for every schema that wraps this one.
  if (schema.pattern?.endsWith(variable.pattern) === false)
    schema.pattern = `${schema.pattern}|${variable.pattern}`
}

function propertiesOf(schema: JsonSchema, name: string): Record<string, JsonSchema> {
  const section = (schema.properties as Record<string, JsonSchema>)[name]
  return (section?.properties ?? {}) as Record<string, JsonSchema>
}

function withProperty(
  { $schema: _, ...schema }: JsonSchema,
  name: string,
  property: JsonSchema,
  required: boolean,
): JsonSchema {
  return {
    ...schema,
    properties: { [name]: property, ...schema.properties },
    required: [...(required ? [name] : []), ...(schema.required ?? [])],
  }
}
