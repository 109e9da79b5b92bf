import { isScalar, visit, type Scalar } from 'yaml'
import { didYouMean, type Problem } from '@deploy-actions/action-kit'
import { at, valueOf, type YamlSource } from './yaml-source'

/** What `${...}` may name. `vars.NAME` comes from the region. */
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
export type Variables = Partial<Record<VariableName, string>> & { vars?: Record<string, string> }

const VARIABLE = /\$(\$)?\{([^}]*)\}/g

/** Fills `${...}` in every value of a document; `$${` stands for a literal `${`. Keys are left alone. */
export function fillDocument(
  source: YamlSource,
  variables: Variables,
): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = []
  const copy = source.document.clone()
  visit(copy, {
    Scalar(key, node: Scalar) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      node.value = node.value.replace(VARIABLE, (whole, escaped: string | undefined, name: string) => {
        if (escaped) return whole.slice(1)
        const value = lookUp(name, variables)
        if (value) return value
        problems.push({
          where: isScalar(node) && node.range ? at(source, node.range[0]) : source.path,
          message: unresolved(whole, name, variables),
        })
        return whole
      })
    },
  })
  return { value: valueOf({ ...source, document: copy }), problems }
}

function lookUp(name: string, variables: Variables): string | undefined {
  const [values, key] = name.startsWith('vars.')
    ? [variables.vars ?? {}, name.slice('vars.'.length)]
    : [variables, name]
  return Object.hasOwn(values, key) ? (values as Record<string, string>)[key] : undefined
}

function unresolved(whole: string, name: string, variables: Variables): string {
  const known = [...variableNames, ...Object.keys(variables.vars ?? {}).map((own) => `vars.${own}`)]
  if (known.includes(name)) return `${whole} has no value here`
  return `${whole} is not a variable; known: ${known.join(', ')}.${didYouMean(name, known)}`
}
