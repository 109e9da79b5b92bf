import type { z } from 'zod'
import type { Document, LineCounter, Node, Pair, Scalar } from 'yaml'
import { didYouMean, InputError, keysAt, messageOf, schemaAt, type Problem } from '@deploy-actions/action-kit'

/** Parsed YAML, a file or an input, that knows where everything in it stands. */
export interface YamlSource {
  path: string
  document: Document.Parsed
  lines: LineCounter
}

/**
 * The library is loaded where something is parsed: a step whose inputs say all of it starts without.
 * @throws InputError with every mistake in the YAML itself
 */
export async function parseYaml(text: string, path: string): Promise<YamlSource> {
  const { LineCounter, parseDocument, visit } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const source: YamlSource = { path, document, lines }
  if (document.errors.length > 0)
    throw new InputError(
      document.errors.map((error) => ({ where: at(source, error.pos[0]), message: error.message })),
    )
  const lost: Problem[] = []
  visit(document, {
    Pair(_, { key }) {
      const { value, range } = key as Partial<Scalar>
      if (value === '__proto__')
        lost.push({
          where: at(source, range?.[0] ?? 0),
          message: '__proto__ is no name for anything: it would be left out',
        })
    },
  })
  if (lost.length > 0) throw new InputError(lost)
  return source
}

/** What the document says. @throws InputError when an alias has no anchor or there are too many of them */
export function valueOf({ path, document }: { path: string; document: Pick<Document, 'toJS'> }): unknown {
  try {
    return document.toJS() as unknown
  } catch (error) {
    throw new InputError([{ where: path, message: messageOf(error) }])
  }
}

/** `rollout.yml:12:5`. */
function at({ path, lines }: YamlSource, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${path}:${line}:${col}`
}

/** The place of a value, or of the nearest thing around it that exists. */
export function placeOf(source: YamlSource, path: readonly PropertyKey[]): string {
  for (let length = path.length; length >= 0; length--) {
    const node = source.document.getIn(path.slice(0, length) as unknown[], true) as Node | undefined
    if (node?.range) return at(source, node.range[0])
  }
  return source.path
}

function placeOfKey(source: YamlSource, path: readonly PropertyKey[], key: string): string {
  // By their shape: the checks of the library would load it.
  const map = source.document.getIn(path as unknown[], true) as
    { items?: Pair<Partial<Scalar>>[] } | undefined
  const range = map?.items?.find((pair) => pair.key.value === key)?.key.range
  return range ? at(source, range[0]) : placeOf(source, path)
}

/** `stages[2].weight`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part),
    '',
  )
}

/** Every problem of a zod error as `rollout.yml:LINE:COL: path: what is wrong; what is allowed`. */
export function problemsOf(
  source: YamlSource,
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path)
      return issue.keys.map((key) => ({
        where: placeOfKey(source, issue.path, key),
        message: `${formatPath([...issue.path, key])}: unknown key; known here: ${known.join(', ')}.${didYouMean(key, known)}`,
      }))
    }
    // What a name has to be is said by the schema of names.
    if (issue.code === 'invalid_key')
      return problemsOf(
        source,
        schema,
        issue.issues.map((one) => ({ ...one, path: [...issue.path, ...one.path] })),
      )
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const inner = issue.errors.find(isOfThisForm) ?? issue.errors.find((errors) => errors.length > 0)
      if (inner && !issue.discriminator)
        return problemsOf(
          source,
          schema,
          inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] })),
        )
    }
    const missing = issue.code === 'invalid_type' && issue.message.includes('received undefined')
    const path = formatPath(issue.path)
    return [
      {
        where: placeOf(source, issue.path),
        message: missing
          ? `${path}: is missing${expected(schema, issue.path)}`
          : `${path ? `${path}: ` : ''}${issue.message}`,
      },
    ]
  })
}

/** Of what may stand in a place, that which the value has the form of is told of: a map is no line that is wrong. */
const isOfThisForm = (issues: readonly z.core.$ZodIssue[]): boolean =>
  issues.length > 0 && !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0)

function expected(schema: z.ZodType, path: readonly PropertyKey[]): string {
  const description = schemaAt(schema, path)?.description
  return description ? ` (${description})` : ''
}

/** The keys of a value that may be anything; none where it is not an object or a list. */
export const loose = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
