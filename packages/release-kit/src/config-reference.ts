import type { JsonSchema } from '@deploy-actions/config/json-schema'
import { table } from './markdown-table'

/** One key of rollout.yml. */
interface Row {
  path: string
  required: boolean
  allowed: string
  byDefault: string
  description: string
}

/** One of the forms that a place in the file may have, such as a router of one type. */
interface Form {
  path: string
  schema: JsonSchema
}

/** What there is to say of a place: its keys, and the forms on which further keys depend. */
interface Part {
  rows: readonly Row[]
  forms: readonly Form[]
}

const INTRODUCTION = `# rollout.yml

Generated from the schema by \`npm run docs\`. The same schema is shipped as \`rollout.schema.json\`: with \`# yaml-language-server: $schema=...\` in the first line, editors complete and check the file. \`deploy-actions validate\` reports every problem at once, with line and column.

- **Variables**: \`\${region}\` \`\${environment}\` \`\${service}\` \`\${version}\` \`\${digest}\` \`\${image}\` \`\${commit}\` \`\${run-id}\` \`\${correlation-id}\` \`\${arm}\` \`\${vars.NAME}\` can stand in any value, and \`\${infra.NAME}\`, an [output of the infrastructure](terraform.md#what-the-release-may-know-of-it), in some; an unknown or empty one is an error. \`$\${\` is a literal \`\${\`. \`\${arm}\` is the canary arm in \`deploy\` (its \`restore\` included), \`hooks\`, \`gates.after-deploy\` and \`gates.after-rollout\`, each arm in turn in \`metrics\`, and the baseline arm in the checks that follow a restore, because that arm serves again; it does not exist in \`gates.before\` and \`hooks.schema-compatibility\`.
- **Scripts** are a path in the repository and fixed arguments; no shell reads the line. It is split at blanks before its variables are filled, so each value is one argument or a part of one, whatever is in it; an empty entry of a region's \`vars\` is an empty argument. They get the same values as \`DEPLOY_REGION\`, \`DEPLOY_ARM\`, \`DEPLOY_BASELINE_ARM\`, \`DEPLOY_CANARY_ARM\`, \`DEPLOY_DIGEST\`, \`DEPLOY_VARS_NAME\` and so on, and nothing else of the runner's environment, but for the secrets in their \`env-secrets\` and, with \`oidc: true\`, what asks GitHub for OIDC tokens. The \`hooks\` of a stage also get \`DEPLOY_STAGE\`, its number, and \`DEPLOY_STAGE_WEIGHT\`, its percentage. A \`restore\` script also gets \`DEPLOY_STATE\`, what \`snapshot\` printed; its \`DEPLOY_ARM\` is the arm that the snapshot was taken from and that is put back, never the one that serves.
- **Secrets** never stand in the file: a \`*-secret\` names an entry, and \`env-secrets\` several, of \`DEPLOY_SECRETS\`, which reaches the steps that write, their post steps and every restore.
- **Durations** read \`30s\`, \`5m\`, \`1h30m\`; **percentages** \`10%\`, \`0.5%\` or \`10\`.
`

/** The page docs/rollout-yml.md: a section for each key of the file, and in it a table for each form of a place. */
export function configReference(schema: JsonSchema): string {
  const sections = Object.entries(propertiesOf(schema)).map(([name, section]) => {
    const { rows, forms } = partOf(name, section, schema.required?.includes(name) ?? false)
    return [`## ${name}`, tableOf(rows), ...tablesOf(forms)].join('\n\n')
  })
  return `${[INTRODUCTION, ...sections].join('\n\n').replace(/\n{3,}/g, '\n\n')}\n`
}

const tableOf = (rows: readonly Row[]): string =>
  table(
    ['key', 'needed', 'allowed', 'default', 'meaning'],
    rows.map(({ path, required, allowed, byDefault, description }) => [
      code(path),
      required ? 'yes' : '',
      allowed,
      byDefault,
      description,
    ]),
  )

/** A table for each form; places that may have the very same form share one. */
function tablesOf(forms: readonly Form[]): string[] {
  const alike = new Map<string, Form & { paths: string[] }>()
  for (const form of forms) {
    const found = alike.get(JSON.stringify(form.schema))
    if (found) found.paths.push(form.path)
    else alike.set(JSON.stringify(form.schema), { ...form, paths: [form.path] })
  }
  return [...alike.values()].flatMap(({ path, paths, schema }) => {
    const { rows, forms: inner } = childrenOf('', schema)
    return [
      `### ${[paths.join(', '), schema.title].filter(Boolean).join(' ')}`,
      ...(schema.description === undefined ? [] : [sentence(schema.description)]),
      tableOf(rows),
      ...tablesOf(inner.map((form) => ({ ...form, path: `${path}.${form.path}` }))),
    ]
  })
}

/** A place itself, what is in it, and its forms. */
function partOf(path: string, schema: JsonSchema, required: boolean): Part {
  const row: Row = {
    path,
    required,
    allowed: allowedOf(schema),
    byDefault: defaultOf(schema),
    description: schema.description ?? '',
  }
  const { rows, forms } = insideOf(path, schema)
  return { rows: [row, ...rows], forms }
}

function insideOf(path: string, schema: JsonSchema): Part {
  const forms = formsOf(path, schema)
  if (forms.length > 0) return { rows: [], forms }
  if (schema.type === 'array') return insideOf(`${path}[]`, itemsOf(schema))
  const named = namedOf(schema)
  return named ? insideOf(`${path}.NAME`, named) : childrenOf(path, schema)
}

function childrenOf(path: string, schema: JsonSchema): Part {
  const { additionalProperties: other } = schema
  const parts = [
    ...Object.entries(propertiesOf(schema)),
    ...(typeof other === 'object' ? [['NAME', other] as const] : []),
  ].map(([name, child]) =>
    partOf(path === '' ? name : `${path}.${name}`, child, schema.required?.includes(name) ?? false),
  )
  return { rows: parts.flatMap(({ rows }) => rows), forms: parts.flatMap(({ forms }) => forms) }
}

/** The objects of which one must stand here: told apart by what is in them, or by the only key that stands here. */
function formsOf(path: string, schema: JsonSchema): Form[] {
  if (schema.minProperties === 1 && schema.maxProperties === 1)
    return Object.entries(propertiesOf(schema)).map(([name, form]) => ({
      path: `${path}.${name}`,
      schema: form,
    }))
  return variantsOf(schema)
    .filter(({ properties }) => properties !== undefined)
    .map((form) => ({ path, schema: form }))
}

const variantsOf = ({ anyOf = [] }: JsonSchema): JsonSchema[] =>
  anyOf.filter((one): one is JsonSchema => typeof one === 'object')

const propertiesOf = (schema: JsonSchema): Record<string, JsonSchema> =>
  (schema.properties ?? {}) as Record<string, JsonSchema>

const itemsOf = ({ items }: JsonSchema): JsonSchema =>
  (Array.isArray(items) || items === undefined ? {} : items) as JsonSchema

/** What stands under each name where any name may stand. */
function namedOf({ properties, additionalProperties }: JsonSchema): JsonSchema | undefined {
  return properties === undefined && typeof additionalProperties === 'object'
    ? additionalProperties
    : undefined
}

function allowedOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(String(schema.const))
  if (schema.enum) return codes(schema.enum)
  const kind = kindOf(schema)
  if (kind !== undefined) return kind
  const forms = formsOf('', schema)
  if (forms.length > 0) return [...insteadOf(schema), choiceOf(forms)].join(', or ')
  if (schema.type === 'array') return ['list', allowedOf(itemsOf(schema))].filter(Boolean).join(' of ')
  const named = namedOf(schema)
  if (named) return ['by name', allowedOf(named)].filter(Boolean).join(': ')
  if (schema.type === 'object') return ''
  return [...new Set(variantsOf(schema).map(allowedOf))].filter(Boolean).join(', ')
}

/** What may stand in place of an object, such as a single line. */
const insteadOf = (schema: JsonSchema): string[] =>
  variantsOf(schema)
    .filter(({ properties }) => properties === undefined)
    .map(allowedOf)

/** Which forms there are: by the `type` that tells them apart, or by the only key. */
function choiceOf(forms: readonly Form[]): string {
  const types = forms.flatMap(({ schema }) => propertiesOf(schema)['type']?.const ?? [])
  if (types.length > 0) return `type ${codes(types)}`
  const keys = forms.flatMap(({ path }) => path.split('.')[1] ?? [])
  return keys.length > 0 ? codes(keys) : 'see below'
}

/** What kind of value it is: by the schema's own `x-kind`, or by its type. */
function kindOf({ type, 'x-kind': kind }: JsonSchema): string | undefined {
  if (kind === 'variable') return ''
  if (typeof kind === 'string') return kind
  if (type === 'string') return 'text'
  if (type === 'boolean') return 'true or false'
  return type === 'number' || type === 'integer' ? 'number' : undefined
}

function defaultOf({ default: value }: JsonSchema): string {
  if (Array.isArray(value)) return codes(value)
  const left = value === undefined || (typeof value === 'object' && value !== null)
  return left ? '' : codes([value])
}

const codes = (values: readonly unknown[]): string => values.map((value) => code(inline(value))).join(' ')

/** A value as it can stand in YAML on one line. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(([key, inner]) => `${key}: ${inline(inner)}`)
  return `{ ${entries.join(', ')} }`
}

const code = (text: string): string => `\`${text}\``

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
