import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { InputError, type Problem } from '@deploy-actions/action-kit'
import { checks } from '@deploy-actions/checks'
import { sources } from '@deploy-actions/metrics'
import { notifiers } from '@deploy-actions/notifiers'
import { routers } from '@deploy-actions/traffic'
import { providerSchema } from './load'
import { checkQueries } from './meaning'
import { problemsOf, valueOf, type Source } from './place'
import { analysis, arms, metrics, notification, stages } from './schema'

/** Parses the YAML of an input that holds a section of rollout.yml; places are counted within the input. */
async function parseSection<T>(
  input: string,
  text: string,
  schemaFor: (value: unknown) => z.ZodType<T> | Promise<z.ZodType<T>>,
  check?: (value: T) => Promise<Problem[]>,
): Promise<T> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const source: Source = { path: `input \`${input}\``, document, lines }
  if (document.errors.length > 0)
    throw new InputError(document.errors.map(({ message }) => ({ where: source.path, message })))
  const value = valueOf(source)
  const schema = await schemaFor(value)
  const parsed = schema.safeParse(value)
  const problems = parsed.success
    ? ((await check?.(parsed.data)) ?? [])
    : problemsOf(source, schema, parsed.error.issues)
  if (problems.length > 0 || !parsed.success) throw new InputError(problems)
  return parsed.data
}

const values = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

export type RouterInput = { type: keyof typeof routers; [option: string]: unknown }

/** The sections of rollout.yml that an action takes as an input of its own. @throws InputError */
export const sections = {
  router: (text: string) =>
    parseSection(
      'router',
      text,
      async (value) => (await providerSchema(routers, [value])) as z.ZodType<RouterInput>,
    ),
  arms: (text: string) => parseSection('arms', text, () => arms),
  stages: (text: string) => parseSection('stages', text, () => stages),
  analysis: (text: string) => parseSection('analysis', text, () => analysis),
  metrics: (text: string) =>
    parseSection(
      'metrics',
      text,
      async (value) =>
        metrics(await providerSchema(sources, values((value as { sources?: unknown } | null)?.sources))),
      async (value) => {
        const problems: Problem[] = []
        await checkQueries({ metrics: value }, (path, message) =>
          problems.push({ where: 'input `metrics`', message: `${path.slice(1).join('.')}: ${message}` }),
        )
        return problems
      },
    ),
  checks: (text: string) =>
    parseSection('checks', text, async (value) =>
      z.record(
        z.string(),
        (await providerSchema(checks, values(value))) as z.ZodType<{
          type: keyof typeof checks
          [option: string]: unknown
        }>,
      ),
    ),
  sinks: (text: string) =>
    parseSection('sinks', text, async (value) =>
      z.array(notification(await providerSchema(notifiers, Array.isArray(value) ? value : []))),
    ),
}
