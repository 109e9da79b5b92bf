import { z } from 'zod'
import { InputError, type Problem } from '@deploy-actions/action-kit'
import { checks } from '@deploy-actions/checks'
import { sources } from '@deploy-actions/metrics'
import { notifiers } from '@deploy-actions/notifiers'
import { routers } from '@deploy-actions/traffic'
import { checkMetricNames, checkQueries } from './meaning'
import { analysis, arms, metrics, notification, stages } from './schema'
import { eachOf, scriptLines, type ProviderPlace } from './script-lines'
import { fillDocument, type Variables } from './variables'
import { loose, parseYaml, problemsOf } from './yaml-source'

/**
 * Parses the YAML of an input that holds a section of rollout.yml, variables filled; places are counted within the
 * input.
 */
async function parseSection<T>(
  input: string,
  text: string,
  variables: Variables,
  schemaFor: (value: unknown) => z.ZodType<T> | Promise<z.ZodType<T>>,
  {
    check = () => [],
    places = () => [],
  }: { check?: (value: T) => Problem[]; places?: (value: unknown) => ProviderPlace[] } = {},
): Promise<T> {
  const source = await parseYaml(text, `input \`${input}\``)
  const isLine = await scriptLines(places(fillDocument(source, variables).value))
  const { value, problems } = fillDocument(source, variables, isLine)
  const schema = await schemaFor(value)
  const parsed = schema.safeParse(value)
  const all = [
    ...problems,
    ...(parsed.success ? check(parsed.data) : problemsOf(source, schema, parsed.error.issues)),
  ]
  if (all.length > 0 || !parsed.success) throw new InputError(all)
  return parsed.data
}

/** The sections of rollout.yml that an action takes as an input of its own. @throws InputError */
export const sections = {
  router: (text: string, variables: Variables = {}) =>
    parseSection('router', text, variables, (value) => routers.schemaFor([value]), {
      places: (settings) => [{ path: [], providers: routers, settings }],
    }),
  arms: (text: string) => parseSection('arms', text, {}, () => arms),
  stages: (text: string) => parseSection('stages', text, {}, () => stages),
  analysis: (text: string) => parseSection('analysis', text, {}, () => analysis),
  metrics: (text: string, variables: Variables = {}) =>
    parseSection(
      'metrics',
      text,
      variables,
      async (value) => metrics(await sources.schemaFor(Object.values(loose(loose(value)['sources'])))),
      {
        check(value) {
          const problems: Problem[] = []
          for (const check of [checkQueries, checkMetricNames])
            check({ metrics: value }, (path, message) =>
              problems.push({ where: 'input `metrics`', message: `${path.slice(1).join('.')}: ${message}` }),
            )
          return problems
        },
        places: (value) => eachOf(['sources'], sources, loose(value)['sources']),
      },
    ),
  checks: (text: string, variables: Variables = {}) =>
    parseSection(
      'checks',
      text,
      variables,
      async (value) => z.record(z.string(), await checks.schemaFor(Object.values(loose(value)))),
      { places: (value) => eachOf([], checks, value) },
    ),
  sinks: (text: string, variables: Variables = {}) =>
    parseSection(
      'sinks',
      text,
      variables,
      async (value) => z.array(notification(await notifiers.schemaFor(Object.values(loose(value))))),
      { places: (value) => eachOf([], notifiers, value) },
    ),
}
