import { z } from 'zod'
import { InputError, type Problem } from './errors'

/** The inputs of an action: kebab-case keys, texts in, anything out. */
export type InputSchema = z.ZodObject<Record<string, z.ZodType>>

/** Marks an input whose value must never be shown or recorded. */
export const secret = { secret: true } as const

/** `true` or `false` and their usual spellings; GitHub hands over texts. */
export const flag = (byDefault: boolean) => z.stringbool().default(byDefault)

/**
 * Reads `INPUT_*` as the runner sets them. Empty means absent; unknown values are never guessed.
 * @throws InputError with every problem at once
 */
export function readInputs<S extends InputSchema>(
  schema: S,
  env: Record<string, string | undefined>,
): z.infer<S> {
  const raw = Object.fromEntries(
    Object.keys(schema.shape).flatMap((key) => {
      const value = env[`INPUT_${key.toUpperCase()}`]?.trim()
      return value === undefined || value === '' ? [] : [[key, value]]
    }),
  )
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new InputError(parsed.error.issues.map((issue) => inputProblem(schema, issue, raw)))
}

function inputProblem(schema: InputSchema, issue: z.core.$ZodIssue, raw: Record<string, string>): Problem {
  const [key = '', ...rest] = issue.path.map(String)
  const field = schema.shape[key]
  const value = raw[key]
  const path = rest.length > 0 ? `${key} at ${rest.join('.')}` : key
  const { example, description } = field === undefined ? {} : inputMeta(field)
  const suffix = example === undefined ? '' : `; for example ${example}`
  if (value === undefined)
    return { where: `input \`${path}\``, message: `is missing; ${description ?? 'it is required'}${suffix}` }
  const shown = isSecret(schema, key)
    ? 'the value (not shown)'
    : JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}...` : value)
  return { where: `input \`${path}\``, message: `${shown}: ${issue.message}${suffix}` }
}

/** True for an input that must be masked and left out of evidence. */
export function isSecret(schema: InputSchema, key: string): boolean {
  const field = schema.shape[key]
  return field !== undefined && inputMeta(field).secret === true
}

/** What an input's schema says about itself. */
export interface InputMeta {
  description?: string
  example?: string
  secret?: boolean
}

/** Meta of an input; an optional one or one with a default says what its inner schema says. */
export function inputMeta(field: z.ZodType): InputMeta {
  const inner =
    field instanceof z.ZodOptional || field instanceof z.ZodDefault
      ? inputMeta(field.unwrap() as z.ZodType)
      : {}
  return { ...inner, ...(field.meta() as InputMeta | undefined) }
}

/** What goes into evidence: the inputs as they were given, secrets left out. */
export function recordedInputs(
  schema: InputSchema,
  env: Record<string, string | undefined>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(schema.shape).flatMap((key) => {
      const value = env[`INPUT_${key.toUpperCase()}`]?.trim()
      return value && !isSecret(schema, key) ? [[key, value.slice(0, 4096)]] : []
    }),
  )
}
