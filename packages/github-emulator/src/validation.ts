import { z } from 'zod'
import { Refusal } from './http-call'

/** What GitHub says of one field. */
interface FieldError {
  resource: string
  code: string
  field: string
  message: string
}

/** Where a value is checked: the object and the page of the manual that GitHub would name. */
export interface Checked {
  resource: string
  documentation: string
}

/**
 * Reads what a request holds, in GitHub's manner: a wrong shape is an `Invalid request.`, a wrong value a
 * `Validation Failed` with the field.
 * @throws Refusal with 422
 */
export function validate<T>(value: unknown, schema: z.ZodType<T>, checked: Checked): T {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const shape = read.error.issues.flatMap((issue) => shapeErrors(issue, value, checked.resource))
  const values = read.error.issues.flatMap((issue) => valueErrors(issue, checked.resource))
  if (shape.length > 0)
    throw unprocessable(
      `Invalid request.\n\n${shape.map(({ message }) => message).join('\n')}`,
      shape,
      checked,
    )
  throw unprocessable('Validation Failed', values, checked)
}

/** A 422 of GitHub. */
export function unprocessable(
  message: string,
  errors: readonly FieldError[],
  { documentation }: Checked,
): Refusal {
  return new Refusal({
    status: 422,
    body: {
      message,
      ...(errors.length > 0 ? { errors } : {}),
      documentation_url: documentation,
      status: '422',
    },
  })
}

/** Text of at most so many characters; GitHub's words when it is longer. */
export function shortText(field: string, maximum: number): z.ZodString {
  return z.string().max(maximum, `${field} is too long (maximum is ${maximum} characters)`)
}

/** An address that GitHub would link to, or none. */
export function webAddress(field: string): z.ZodString {
  return z.string().regex(/^(https?:\/\/.*)?$/, `${field} must use http(s) scheme`)
}

/** Source of the wording: answers of the real API quoted in emilyriederer/projmgr#43 and github/maven-plugins#137. */
function shapeErrors(issue: z.core.$ZodIssue, value: unknown, resource: string): FieldError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      resource,
      code: 'unprocessable',
      field: key,
      message: `"${key}" is not a permitted key.`,
    }))
  if (issue.code !== 'invalid_type' && issue.code !== 'invalid_union') return []
  const field = issue.path.join('/')
  const given = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  )
  if (given === undefined)
    return [{ resource, code: 'missing_field', field, message: `"${field}" wasn't supplied.` }]
  const kind = issue.code === 'invalid_type' ? issue.expected : 'permitted value'
  const message = `For 'properties/${field}', ${JSON.stringify(given)} is not ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}.`
  return [{ resource, code: 'invalid', field, message }]
}

function valueErrors(issue: z.core.$ZodIssue, resource: string): FieldError[] {
  const field = issue.path.join('/')
  const message = issue.code === 'invalid_value' ? `${field} is not included in the list` : issue.message
  return [{ resource, code: 'custom', field, message }]
}
