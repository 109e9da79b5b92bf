import { evaluate, evaluateText, toText, type Contexts } from './expressions'
import { Expression, type Template, type TemplateMap, type Value } from './template'
import { unsupported } from './workflow-error'
import type { InputDefinition } from './workflow-file'

/**
 * Inputs of a dispatch as GitHub's API takes them, typed for the `inputs` context.
 * @param findings takes what GitHub would answer 422 to
 */
export function dispatchInputs(
  definitions: readonly InputDefinition[],
  given: Readonly<Record<string, Value>>,
  contexts: Contexts,
  findings: string[],
): Record<string, Value> {
  const unexpected = Object.keys(given).filter((name) => !definitions.some((input) => input.name === name))
  if (unexpected.length > 0) findings.push(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`)
  const values = definitions.map((input) => {
    const value = given[input.name] ?? evaluate(input.default, contexts)
    if (input.required && (value === null || value === ''))
      findings.push(`Required input '${input.name}' not provided`)
    const chosen = input.type === 'choice' && value === null ? (input.options[0] ?? '') : toText(value)
    if (input.type === 'choice' && !input.options.includes(chosen))
      findings.push(`Provided value '${chosen}' for input '${input.name}' not in the list of allowed values`)
    if (input.type === 'boolean') return [input.name, chosen === 'true'] as const
    if (input.type === 'number') return [input.name, Number(chosen)] as const
    return [input.name, chosen] as const
  })
  return Object.fromEntries<Value>(values)
}

/**
 * Inputs of a called workflow: the caller's `with`, else the default, else false, 0 or the empty text.
 * @param caller what `with` may look at
 * @param callee what defaults may look at
 * @throws Error for a value that is not of the declared type
 */
export function callInputs(
  definitions: readonly InputDefinition[],
  given: TemplateMap,
  caller: Contexts,
  callee: Contexts,
): Record<string, Value> {
  const supplied = new Map([...given].map(([name, value]) => [name.toLowerCase(), value]))
  return Object.fromEntries(
    definitions.map((input) => {
      const template = supplied.get(input.name.toLowerCase())
      const contexts = template === undefined ? callee : caller
      if (
        template === undefined &&
        input.default instanceof Expression &&
        /\binputs\b/i.test(input.default.text)
      )
        throw new Error(unsupported(`The default of input '${input.name}', which reads another input,`))
      return [input.name, typed(input, template ?? input.default, contexts)]
    }),
  )
}

function typed({ name, type }: InputDefinition, template: Template | undefined, contexts: Contexts): Value {
  if (type === 'string') return evaluateText(template, contexts)
  const value = evaluate(template, contexts)
  if (value === null || value === '') return type === 'boolean' ? false : 0
  if (typeof value !== type)
    throw new Error(`The input '${name}' is a ${type}; unexpected value '${toText(value)}'`)
  return value
}
