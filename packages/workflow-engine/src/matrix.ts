import { evaluate, type Contexts } from './expressions'
import type { TemplateMap, Value } from './template'
import { unsupported } from './workflow-error'

/** One job of a matrix, or the only one where there is none. */
export interface Leg {
  /** The `matrix` context; null without a matrix. */
  matrix: { [name: string]: Value } | null
  /** The `strategy` context. */
  strategy: { 'fail-fast': boolean; 'job-index': number; 'job-total': number; 'max-parallel': number }
  /** What GitHub appends to the name: ` (eu-west, 2)`. */
  suffix: string
}

/** Jobs per matrix; source: GitHub's reference on limits. */
const MAX_LEGS = 256

/**
 * Expands `strategy` in the order of its vectors, the last one turning fastest.
 * @throws Error in GitHub's words for what makes a matrix fail: an empty vector, too many jobs
 */
export function expandMatrix(key: string, template: TemplateMap, contexts: Contexts): Leg[] {
  const stated = evaluate(template, contexts) as { [name: string]: Value }
  const failFast = stated['fail-fast'] ?? true
  if (typeof failFast !== 'boolean')
    throw new Error(`The 'fail-fast' of job '${key}' is not a boolean: '${String(failFast)}'`)
  const combinations = combine(key, stated.matrix ?? null)
  const parallel = stated['max-parallel'] ?? combinations.length
  if (typeof parallel !== 'number' || !(parallel >= 1))
    throw new Error(`The 'max-parallel' of job '${key}' is not a number above 0: '${String(parallel)}'`)
  return combinations.map((matrix, index) => ({
    matrix,
    strategy: {
      'fail-fast': failFast,
      'job-index': index,
      'job-total': combinations.length,
      'max-parallel': parallel,
    },
    suffix: matrix ? ` (${scalars(matrix).join(', ')})` : '',
  }))
}

function combine(key: string, matrix: Value): Leg['matrix'][] {
  if (matrix === null) return [null]
  if (typeof matrix !== 'object' || Array.isArray(matrix))
    throw new Error(`The matrix of job '${key}' is not a mapping`)
  const vectors = Object.entries(matrix)
  if (vectors.length === 0) throw new Error('Matrix must define at least one vector')
  let legs: { [name: string]: Value }[] = [{}]
  for (const [name, values] of vectors) {
    if (name === 'include' || name === 'exclude')
      throw new Error(unsupported(`'${name}' in the matrix of job '${key}'`))
    if (!Array.isArray(values)) throw new Error(`Matrix vector '${name}' is not a list`)
    if (values.length === 0) throw new Error(`Matrix vector '${name}' does not contain any values`)
    legs = legs.flatMap((leg) => values.map((value) => ({ ...leg, [name]: value })))
    if (legs.length > MAX_LEGS)
      throw new Error(`Strategy expansion exceeded ${MAX_LEGS} results for job '${key}'`)
  }
  return legs
}

function scalars(value: Value): string[] {
  if (value === null) return []
  if (typeof value === 'object') return Object.values(value).flatMap(scalars)
  return [String(value)]
}
