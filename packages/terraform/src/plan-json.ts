import { z } from 'zod'

/**
 * What `terraform show -json PLAN` prints, as far as it is read here. Keys that do not apply are missing.
 * https://developer.hashicorp.com/terraform/internals/json-format
 */
const change = z.looseObject({
  actions: z.array(z.string()).min(1),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** parallel to `after`: true where a value is known only after the apply */
  after_unknown: z.unknown().optional(),
  /** parallel to the values: true where they are sensitive, with all that is beneath */
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
  importing: z.looseObject({ id: z.string().optional() }).optional(),
})
export type PlannedChange = z.infer<typeof change>

const resourceChange = z.looseObject({
  address: z.string(),
  previous_address: z.string().optional(),
  mode: z.enum(['managed', 'data']),
  type: z.string(),
  provider_name: z.string().optional(),
  /** of an object that a replacement has left behind, its key */
  deposed: z.string().optional(),
  action_reason: z.string().optional(),
  change,
})
export type ResourceChange = z.infer<typeof resourceChange>

const check = z.looseObject({
  address: z.looseObject({ to_display: z.string() }),
  status: z.enum(['pass', 'fail', 'error', 'unknown']),
  instances: z
    .array(z.looseObject({ problems: z.array(z.looseObject({ message: z.string() })).optional() }))
    .optional(),
})

const planJson = z.looseObject({
  format_version: z.string().regex(/^1\.\d+$/, 'is not a version of the format that is read here (1.x)'),
  terraform_version: z.string(),
  variables: z.record(z.string(), z.looseObject({ value: z.unknown().optional() })).optional(),
  resource_changes: z.array(resourceChange).optional(),
  resource_drift: z.array(resourceChange).optional(),
  output_changes: z.record(z.string(), change).optional(),
  deferred_changes: z.array(z.looseObject({ reason: z.string() })).optional(),
  checks: z.array(check).nullable().optional(),
  planned_values: z.unknown().optional(),
  prior_state: z.unknown().optional(),
  configuration: z.unknown().optional(),
  timestamp: z.string().optional(),
  /** Terraform from 1.8 on; OpenTofu says neither this nor `complete` */
  applyable: z.boolean().optional(),
  complete: z.boolean().optional(),
  errored: z.boolean().optional(),
})
export type PlanJson = z.infer<typeof planJson>

const plannedValues = z.looseObject({
  outputs: z
    .record(z.string(), z.looseObject({ sensitive: z.boolean(), value: z.unknown().optional() }))
    .optional(),
})

/** An output, as a state has it or a plan is to make it. */
export interface Output {
  sensitive: boolean
  /** absent where only an apply makes it known */
  value?: unknown
  /** what a plan does to it; absent where it stands */
  verb?: 'create' | 'change'
}

/** The outputs as they will be once a plan is applied, and what becomes of each. */
export function plannedOutputsOf({ planned_values: values, output_changes: changes = {} }: PlanJson) {
  const { outputs = {} } = plannedValues.parse(values ?? {})
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]): [string, Output] => {
      const [action = 'no-op'] = changes[name]?.actions ?? []
      return [
        name,
        action === 'no-op' ? output : { ...output, verb: action === 'create' ? 'create' : 'change' },
      ]
    }),
  )
}

/**
 * Reads what the tool printed of a plan.
 * @throws Error that says where it is not such a plan, without its values
 */
export function readPlanJson(printed: string): PlanJson {
  let value: unknown
  try {
    value = JSON.parse(printed)
  } catch {
    // What the parser says quotes the text, and the text holds secrets.
    throw new Error('what the tool printed of the plan is not JSON')
  }
  const read = planJson.safeParse(value)
  if (read.success) return read.data
  const places = read.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new Error(`what the tool printed of the plan cannot be read: ${places.slice(0, 3).join('; ')}`)
}
