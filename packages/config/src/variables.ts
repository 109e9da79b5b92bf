import { didYouMean, fillLine, type Problem } from '@deploy-actions/action-kit'
import { loose, placeOf, valueOf, type YamlSource } from './yaml-source'

/** What `${...}` may name. `vars.NAME` comes from the region, `infra.NAME` from its infrastructure. */
export const variableNames = [
  'region',
  'environment',
  'service',
  'version',
  'digest',
  'image',
  'commit',
  'run-id',
  'correlation-id',
  'arm',
] as const
export type VariableName = (typeof variableNames)[number]

/** Known values; one that is absent or empty may not be used. */
export type Variables = Partial<Record<VariableName, string>> & {
  vars?: Record<string, string>
  /** what the infrastructure gives, by the name of the output, with that of its stack before it where it has stacks */
  infra?: Record<string, string>
}

const VARIABLE = /\$(\$)?\{([^}]*)\}/g

/** Where a value stands in a document. */
export type ValuePath = readonly (string | number)[]

/**
 * Fills `${...}` in every value of a document; `$${` stands for a literal `${`. Keys are left alone. Script lines are
 * split into arguments first, and a variable of the region that is empty is an empty argument there.
 * @param document what of it is filled, with its keys from the top; all of it where that is left out
 */
export function fillDocument(
  source: YamlSource,
  variables: Variables,
  isLine: (path: ValuePath) => boolean = () => false,
  document: unknown = valueOf(source),
): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = []
  const fillText = (text: string, path: ValuePath, mayBeEmpty: boolean): string =>
    text.replace(VARIABLE, (whole, escaped: string | undefined, name: string) => {
      if (escaped) return whole.slice(1)
      const value = lookUp(name, variables)
      if (value || (mayBeEmpty && value === '')) return value
      problems.push({ where: placeOf(source, path), message: unresolved(whole, name, variables, source) })
      return whole
    })
  const fill = (value: unknown, path: ValuePath): unknown => {
    if (typeof value === 'string') {
      if (!value.includes('${')) return value
      return isLine(path)
        ? fillLine(value, (part) => fillText(part, path, true))
        : fillText(value, path, false)
    }
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, [...path, key])]))
  }
  return { value: fill(document, []), problems }
}

function lookUp(name: string, variables: Variables): string | undefined {
  const [, group, inner] = /^(vars|infra)\.(.*)$/.exec(name) ?? []
  const [values, key] =
    group === undefined ? [variables, name] : [variables[group as 'vars' | 'infra'] ?? {}, inner ?? '']
  return Object.hasOwn(values, key) ? (values as Record<string, string>)[key] : undefined
}

/** What a file may name of its infrastructure, each with the example that stands there while nobody knows the value. */
export function exampleOutputs(source: Parameters<typeof valueOf>[0]): Record<string, string> {
  const { outputs, stacks } = loose(loose(valueOf(source))['infrastructure'])
  const textsOf = (of: unknown, prefix: string): [string, string][] =>
    Object.entries(loose(of)).flatMap(([name, example]) =>
      typeof example === 'string' ? [[`${prefix}${name}`, example]] : [],
    )
  return Object.fromEntries([
    ...textsOf(outputs, ''),
    ...Object.entries(loose(stacks)).flatMap(([name, stack]) => textsOf(loose(stack)['outputs'], `${name}.`)),
  ])
}

/** Whether something of the infrastructure has to be told to whatever acts by a file. */
export const listsOutputs = (source: YamlSource): boolean => Object.keys(exampleOutputs(source)).length > 0

/** A `${infra.NAME}`, as it is written. */
export const OUTPUT = /(?<!\$)\$\{infra\.([^}]*)\}/g

/** The outputs that a value names. */
export const outputsIn = (value: unknown): string[] =>
  [...JSON.stringify(value ?? '').matchAll(OUTPUT)].map(([, name = '']) => name)

/** The outputs that some parts of a file name, by their keys from the top. */
export function outputsNamedIn(source: YamlSource, parts: readonly string[]): string[] {
  const written = loose(valueOf(source))
  return parts.flatMap((part) => outputsIn(written[part]))
}

function unresolved(whole: string, name: string, variables: Variables, source: YamlSource): string {
  const outputs = Object.keys(exampleOutputs(source)).map((own) => `infra.${own}`)
  if (outputs.includes(name)) return `${whole} is what the infrastructure gives, and has no value here`
  const known = [
    ...variableNames,
    ...Object.keys(variables.vars ?? {}).map((own) => `vars.${own}`),
    ...outputs,
  ]
  if (known.includes(name)) return `${whole} has no value here`
  return `${whole} is not a variable; known: ${known.join(', ')}.${didYouMean(name, known)}`
}
