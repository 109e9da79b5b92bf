import { rolloutJsonSchema } from '@deploy-actions/config/json-schema'
import { table } from './markdown-table'

type Schema = Awaited<ReturnType<typeof rolloutJsonSchema>>

/** One key of rollout.yml. */
interface Row {
  path: string
  required: boolean
  allowed: string
  byDefault: string
  description: string
}

const INTRODUCTION = `# rollout.yml

Generated from the schema by \`npm run docs\`. The same schema is shipped as \`rollout.schema.json\`: with \`# yaml-language-server: $schema=...\` in the first line, editors complete and check the file. \`deploy-actions validate\` reports every problem at once, with line and column.

- **Variables**: \`\${region}\` \`\${environment}\` \`\${service}\` \`\${version}\` \`\${digest}\` \`\${image}\` \`\${commit}\` \`\${run-id}\` \`\${correlation-id}\` \`\${arm}\` \`\${vars.NAME}\` stand in any value; an unknown or empty one is an error. \`$\${\` is a literal \`\${\`. \`\${arm}\` is the canary arm in \`deploy\`, \`gates.after-deploy\` and \`gates.after-rollout\`, the baseline arm in a restore, each arm in turn in \`metrics\`; it does not exist in \`gates.before\`.
- **Scripts** are a path in the repository and fixed arguments; no shell reads the line. They get the same values as \`DEPLOY_REGION\`, \`DEPLOY_ARM\`, \`DEPLOY_BASELINE_ARM\`, \`DEPLOY_CANARY_ARM\`, \`DEPLOY_DIGEST\`, \`DEPLOY_VARS_NAME\` and so on, and nothing else of the runner's environment.
- **Secrets** never stand in the file: a \`*-secret\` names an entry of \`DEPLOY_SECRETS\`.
- **Durations** read \`30s\`, \`5m\`, \`1h30m\`; **percentages** \`10%\`, \`0.5%\` or \`10\`.
`

/** The page docs/rollout-yml.md. */
export async function configReference(): Promise<string> {
  const schema = await rolloutJsonSchema()
  const sections = Object.entries(propertiesOf(schema)).map(([name, section]) => {
    const rows = rowsOf(name, section, schema.required?.includes(name) ?? false)
    return `## ${name}\n\n${table(
      ['key', 'needed', 'allowed', 'default', 'meaning'],
      rows.map(({ path, required, allowed, byDefault, description }) => [
        code(path),
        required ? 'yes' : '',
        allowed,
        byDefault,
        description,
      ]),
    )}`
  })
  return `${[INTRODUCTION, ...sections].join('\n')}\n`.replace(/\n## /g, '\n\n## ').replace(/\n{3,}/g, '\n\n')
}

function rowsOf(path: string, schema: Schema, required: boolean): Row[] {
  const variants = (schema.anyOf ?? []).filter(
    (one): one is Schema => typeof one === 'object' && isObject(one),
  )
  const row: Row = {
    path,
    required,
    allowed: allowedOf(schema),
    byDefault: defaultOf(schema),
    description: schema.description ?? '',
  }
  if (variants.length > 0) return [row, ...variants.flatMap((variant) => childRows(path, variant))]
  if (schema.type === 'array' && isObject(itemsOf(schema)))
    return [row, ...childRows(`${path}[]`, itemsOf(schema))]
  if (schema.type === 'array' && itemsOf(schema).anyOf)
    return [row, ...(itemsOf(schema).anyOf ?? []).flatMap((variant) => childRows(`${path}[]`, variant))]
  if (typeof schema.additionalProperties === 'object' && schema.type === 'object' && !schema.properties)
    return [
      row,
      ...rowsOf(`${path}.NAME`, schema.additionalProperties, false).slice(
        isObject(schema.additionalProperties) ? 1 : 0,
      ),
    ]
  return [row, ...childRows(path, schema)]
}

function childRows(path: string, schema: Schema): Row[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, child]) =>
    rowsOf(`${path}.${name}`, child, schema.required?.includes(name) ?? false),
  )
}

const propertiesOf = (schema: Schema): Record<string, Schema> =>
  (schema.properties ?? {}) as Record<string, Schema>

const itemsOf = (schema: Schema): Schema =>
  (Array.isArray(schema.items) || schema.items === undefined ? {} : schema.items) as Schema

const isObject = (schema: Schema): boolean => schema.type === 'object' && schema.properties !== undefined

function allowedOf(schema: Schema): string {
  if (schema.const !== undefined) return code(String(schema.const))
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(' ')
  const items = itemsOf(schema)
  if (schema.type === 'array' && items.enum)
    return `list of ${items.enum.map((value) => code(String(value))).join(' ')}`
  if (schema.type === 'array') return 'list'
  if (schema.pattern?.includes('ms|s|m|h|d')) return 'duration'
  if (schema.type === 'string') return 'text'
  if (schema.type === 'object') return schema.properties ? '' : 'by name'
  const kinds = (schema.anyOf ?? []).map((one) => (typeof one === 'object' ? one.type : undefined))
  if (kinds.includes('integer') || (kinds.includes('number') && !kinds.includes('boolean')))
    return schema.description?.includes('percentage') ? 'percentage' : 'number'
  return ''
}

function defaultOf({ default: value }: Schema): string {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return ''
  if (Array.isArray(value) && value.some((item) => typeof item === 'object'))
    return '10/25/50/75 % for 5m, 100 % for 30m'
  return Array.isArray(value) ? value.map((item) => code(String(item))).join(' ') : code(String(value))
}

const code = (text: string): string => `\`${text}\``
