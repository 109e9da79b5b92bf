import { data, Evaluator, Lexer, Parser, type Expr } from '@actions/expressions'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import { Expression, type Template, type Value } from './template'
import { unsupported } from './workflow-error'

/** What an expression may look at; contexts that are not given are null. */
export type Contexts = Partial<Record<(typeof CONTEXT_NAMES)[number], Value>>

/** Answers of `success()`, `failure()`, `cancelled()`; `always()` is always true. */
export interface StatusFunctions {
  success: boolean
  failure: boolean
  cancelled: boolean
}

const CONTEXT_NAMES = [
  'github',
  'env',
  'vars',
  'job',
  'jobs',
  'steps',
  'runner',
  'secrets',
  'strategy',
  'matrix',
  'needs',
  'inputs',
] as const

const STATUS_FUNCTIONS = ['success', 'failure', 'cancelled', 'always'].map((name) => ({
  name,
  minArgs: 0,
  maxArgs: Number.MAX_SAFE_INTEGER,
}))
const HASH_FILES = { name: 'hashFiles', minArgs: 1, maxArgs: 255 }
const parsed = new Map<string, Expr>()

/**
 * Evaluates all expressions of a template with GitHub's own evaluator.
 * @throws Error for an expression that fails, with its text
 */
export function evaluate(
  template: Template | undefined,
  contexts: Contexts,
  status?: StatusFunctions,
): Value {
  if (template === undefined) return null
  if (template instanceof Expression) return evaluateExpression(template, contexts, status)
  if (Array.isArray(template)) return template.map((item) => evaluate(item, contexts, status))
  if (!(template instanceof Map)) return template
  return Object.fromEntries([...template].map(([key, value]) => [key, evaluate(value, contexts, status)]))
}

/**
 * Evaluates a template to a text: null is empty, numbers and booleans are written as expressions write them.
 * @throws Error for a list or a mapping, as GitHub does
 */
export function evaluateText(template: Template | undefined, contexts: Contexts): string {
  return toText(evaluate(template, contexts))
}

/**
 * @returns the text of a value, written as expressions write it
 * @throws Error for a list or a mapping, as GitHub does
 */
export function toText(value: Value): string {
  if (Array.isArray(value)) throw new Error('A sequence was not expected')
  if (value !== null && typeof value === 'object') throw new Error('A mapping was not expected')
  return toData(value).coerceString()
}

/** Evaluates a mapping of texts, such as `env` and `with`. */
export function evaluateTexts(
  template: ReadonlyMap<string, Template>,
  contexts: Contexts,
): Record<string, string> {
  return Object.fromEntries([...template].map(([key, value]) => [key, evaluateText(value, contexts)]))
}

/** Evaluates the condition of a job or a step; null, false, 0 and the empty text are false. */
export function evaluateCondition(template: Template, contexts: Contexts, status: StatusFunctions): boolean {
  const value = evaluate(template, contexts, status)
  return value !== null && value !== false && value !== 0 && value !== '' && !Number.isNaN(value)
}

function evaluateExpression(
  { text }: Expression,
  contexts: Contexts,
  status: StatusFunctions | undefined,
): Value {
  try {
    // Only what the expression names is converted: `github.event` may be large.
    const named = CONTEXT_NAMES.map((name) => {
      const used = text.toLowerCase().includes(name)
      return { key: name, value: toData(used ? (contexts[name] ?? null) : null) }
    })
    return fromData(new Evaluator(parse(text), new data.Dictionary(...named), functions(status)).evaluate())
  } catch (error) {
    throw new Error(
      `The expression '${text}' failed: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
  }
}

function parse(text: string): Expr {
  const known = parsed.get(text)
  if (known) return known
  const tree = new Parser(
    new Lexer(text).lex().tokens.map(unescapeQuotes),
    [...CONTEXT_NAMES],
    [...STATUS_FUNCTIONS, HASH_FILES],
  ).parse()
  parsed.set(text, tree)
  return tree
}

/**
 * `'it''s'`: the lexer of @actions/expressions 0.3.61 undoubles only the first pair of quotes of a text, GitHub all of
 * them. What stands after the first quote is still as it was written.
 */
function unescapeQuotes<T extends { lexeme: string; value?: unknown }>(token: T): T {
  if (typeof token.value !== 'string' || !token.lexeme.startsWith("'")) return token
  const after = token.value.indexOf("'") + 1
  if (after === 0) return token
  return { ...token, value: token.value.slice(0, after) + token.value.slice(after).replaceAll("''", "'") }
}

function functions(status: StatusFunctions | undefined): Map<string, FunctionDefinition> {
  const answer = (name: string, value: boolean | undefined): FunctionDefinition => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: (...args) => {
      if (value === undefined) throw new Error(`${name}() can only be asked in a condition`)
      if (args.length > 0) throw new Error(unsupported(`${name}() with the names of jobs`))
      return new data.BooleanData(value)
    },
  })
  const refuseHashFiles = () => {
    throw new Error(unsupported('hashFiles()'))
  }
  return new Map([
    ['always', answer('always', status && true)],
    ['success', answer('success', status?.success)],
    ['failure', answer('failure', status?.failure)],
    ['cancelled', answer('cancelled', status?.cancelled)],
    ['hashfiles', { ...HASH_FILES, call: refuseHashFiles }],
  ])
}

function toData(value: Value): data.ExpressionData {
  if (value === null) return new data.Null()
  if (typeof value === 'string') return new data.StringData(value)
  if (typeof value === 'number') return new data.NumberData(value)
  if (typeof value === 'boolean') return new data.BooleanData(value)
  if (Array.isArray(value)) return new data.Array(...value.map(toData))
  return new data.Dictionary(...Object.entries(value).map(([key, item]) => ({ key, value: toData(item) })))
}

function fromData(value: data.ExpressionData): Value {
  switch (value.kind) {
    case data.Kind.String:
    case data.Kind.Boolean:
    case data.Kind.Number:
      return value.value
    case data.Kind.Array:
      return value.values().map(fromData)
    case data.Kind.Dictionary:
      return Object.fromEntries(value.pairs().map(({ key, value: item }) => [key, fromData(item)]))
    default:
      return null
  }
}
