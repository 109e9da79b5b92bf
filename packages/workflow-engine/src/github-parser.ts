import module from 'node:module'
import type { TemplateParseResult } from '@actions/workflow-parser'
import type {
  MappingToken,
  SequenceToken,
  TemplateToken,
} from '@actions/workflow-parser/templates/tokens/index'
import { parseDocument } from 'yaml'
import { Expression, type Template } from './template'
import { unsupported } from './workflow-error'

/** A file as GitHub's parser reads it. */
export interface ParsedFile {
  root: Template
  /** Every error, as `FILE (Line: 3, Col: 5): message`. */
  errors: string[]
  /** @returns `FILE (Line: 3, Col: 5)` of the nearest part of the path that the file has. */
  position(path: readonly (string | number)[]): string
}

/** Which schema a file follows. */
type FileKind = 'workflow' | 'action'

type Library = Awaited<ReturnType<typeof importLibrary>>
let library: Promise<Library> | undefined

/**
 * Reads a file with GitHub's own parser and schema. The text itself is parsed for errors and positions; the values come
 * from a second parse of the same content as JSON, since the parser returns multi-line scalars that hold expressions as
 * raw source, unfolded.
 */
export async function parseFile(kind: FileKind, name: string, text: string): Promise<ParsedFile> {
  library ??= importLibrary()
  const parser = await library
  const written = parser.parse(kind, name, text)
  const position = (path: readonly (string | number)[]) => positionIn(written.value, name, path)
  const errors = await parser.errors(kind, written)
  if (errors.length > 0) return { root: null, errors, position }

  const values = parser.parse(kind, name, JSON.stringify(parseDocument(text).toJS()))
  const refused: string[] = []
  const toTemplate = templateReader(parser.ensureStatusFunction, refused)
  const root = values.value ? toTemplate(values.value) : null
  return { root, errors: refused.map((what) => `${name}: ${what}`), position }
}

async function importLibrary() {
  const removeHook = allowJsonImports()
  try {
    const workflows = await import('@actions/workflow-parser')
    const actions = await import('@actions/workflow-parser/actions/action-parser')
    const { convertActionTemplate } = await import('@actions/workflow-parser/actions/action-template')
    const { ensureStatusFunction } = await import('@actions/workflow-parser/model/converter/if-condition')
    const { ErrorPolicy } = await import('@actions/workflow-parser/model/convert')
    const parse = (kind: FileKind, name: string, content: string): TemplateParseResult =>
      kind === 'workflow'
        ? workflows.parseWorkflow({ name, content }, new workflows.NoOperationTraceWriter())
        : actions.parseAction({ name, content }, new workflows.NoOperationTraceWriter())

    /** Converting finds what the schema alone cannot: unknown needs, cycles, bad conditions. */
    const errors = async (kind: FileKind, { context, value }: TemplateParseResult): Promise<string[]> => {
      const options = { errorPolicy: ErrorPolicy.TryConversion }
      if (value && kind === 'workflow')
        await workflows.convertWorkflowTemplate(context, value, undefined, options)
      if (value && kind === 'action') convertActionTemplate(context, value, options)
      return [...new Set(context.errors.getErrors().map((error) => error.message.trim()))]
    }
    return { parse, errors, ensureStatusFunction }
  } finally {
    removeHook()
  }
}

/**
 * The parser imports its schemas as JSON without attributes, which Node alone refuses. Bundlers turn them into modules;
 * jest reads them itself and throws at the registration of hooks.
 */
function allowJsonImports(): () => void {
  try {
    const hooks = module.registerHooks({
      load: (url, context, next) =>
        next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
    })
    return () => hooks.deregister()
  } catch {
    return () => {}
  }
}

type EnsureStatusFunction = Library['ensureStatusFunction']

function templateReader(ensureStatusFunction: EnsureStatusFunction, refused: string[]) {
  const read = (token: TemplateToken): Template => {
    if (isCondition(token)) return condition(token)
    if (isMapping(token)) return new Map([...token].map(({ key, value }) => [keyText(key), read(value)]))
    if (isSequence(token)) return [...token].map(read)
    const scalar = token as TemplateToken & { expression?: string; value?: string | number | boolean }
    if (scalar.expression !== undefined) return new Expression(scalar.expression)
    return scalar.value ?? null
  }

  const keyText = (key: TemplateToken): string => {
    if (key.isExpression) refused.push(unsupported(`The expression ${key.toString()} as a key`))
    return key.toString()
  }

  /** As GitHub: what does not ask for the status itself also needs `success()`. */
  const condition = (token: TemplateToken): Expression => {
    const { expression, value } = token as TemplateToken & { expression?: string; value?: unknown }
    const text = (expression ?? String(value ?? '')).trim()
    return new Expression(text === '' ? 'success()' : ensureStatusFunction(text, token.definitionInfo))
  }
  return read
}

function isCondition(token: TemplateToken): boolean {
  return token.definition?.key === 'job-if' || token.definition?.key === 'step-if'
}

/** Token kinds by number, TokenType of the parser. */
function isMapping(token: TemplateToken): token is MappingToken {
  return token.templateTokenType === 2
}

function isSequence(token: TemplateToken): token is SequenceToken {
  return token.templateTokenType === 1
}

function positionIn(
  root: TemplateToken | undefined,
  file: string,
  path: readonly (string | number)[],
): string {
  let token = root
  let found = root
  for (const part of path) {
    if (!token) break
    if (isMapping(token)) {
      const pair = [...token].find(({ key }) => key.toString() === part)
      found = pair?.key ?? found
      token = pair?.value
    } else if (isSequence(token)) {
      token = [...token][Number(part)]
      found = token ?? found
    }
  }
  const start = found?.range?.start
  return start ? `${file} (Line: ${start.line}, Col: ${start.column})` : file
}
