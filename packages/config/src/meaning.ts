import { deployVariables, didYouMean, type Problem } from '@deploy-actions/action-kit'
import { SAME_FOR_BOTH, type SourceQuery } from '@deploy-actions/metrics'
import { formatDuration } from '@deploy-actions/rollout'
import { locatingSettings } from '@deploy-actions/terraform'
import { formatPath, loose, placeOf, valueOf, type YamlSource } from './yaml-source'
import type { RolloutConfig } from './schema'
import { stageLimitProblems, valuesOfBaseline } from './limits'
import { lastWatchTooLow } from './stage-plan'
import { checkShares } from './share-meaning'
import { exampleOutputs, outputsIn } from './variables'

type Path = (string | number)[]
type Report = (path: Path, message: string) => void

/** What no schema can see: names that must exist, and things that must differ. */
export function checkMeaning(source: YamlSource, config: RolloutConfig): Problem[] {
  const problems: Problem[] = []
  const report = reporting(source, problems)
  checkNames(config, report)
  checkEnvironments(config, report)
  checkShares(config, report)
  checkArms(config, report)
  checkKeepOld(source, config, report)
  checkGates(source, config, report)
  checkStages(config, report)
  checkHooks(source, report)
  checkInfrastructure(source, config, report)
  checkOutputs(source, report)
  checkQueries(config, report)
  checkMetricNames(config, report)
  checkArmsApart(source, config, report)
  checkDeployApart(source, config, report)
  return problems
}

/** The same of the infrastructures of regions alone, whatever the rest of a file says, and whatever releases ask of it. */
export function checkInfrastructures(source: YamlSource, of: Pick<RolloutConfig, 'regions'>): Problem[] {
  const problems: Problem[] = []
  const report = reporting(source, problems)
  checkNames(of, report)
  checkInfrastructure(source, of, report)
  return problems
}

const reporting =
  (source: YamlSource, problems: Problem[]): Report =>
  (path, message) =>
    void problems.push({ where: placeOf(source, path), message: `${formatPath(path)}: ${message}` })

function checkNames({ regions }: Pick<RolloutConfig, 'regions'>, report: Report): void {
  regions.forEach((region, index) => {
    if (regions.slice(0, index).some(({ name }) => name === region.name))
      report(['regions', index, 'name'], `${region.name} is there twice`)
  })
}

function checkEnvironments({ regions }: Pick<RolloutConfig, 'regions'>, report: Report): void {
  regions.forEach((region, index) => {
    const sharing = regions
      .slice(0, index)
      .find(({ environment }) => environment.toLowerCase() === region.environment.toLowerCase())
    if (sharing)
      report(
        ['regions', index, 'environment'],
        `${sharing.name} already has the environment ${region.environment}; approvals and the ledger need one per region`,
      )
    if (region['guard-environment']?.toLowerCase() === region.environment.toLowerCase())
      report(
        ['regions', index, 'guard-environment'],
        'is the environment itself; the guard must not wait for its reviewers',
      )
  })
}

function checkArms({ arms: { names }, traffic, checks }: RolloutConfig, report: Report): void {
  if (names[0] === names[1]) report(['arms', 'names'], 'the two arms must differ')
  const known = names.toSorted().join(', ')
  const hold = (path: Path, said: readonly string[] | undefined): void => {
    if (said !== undefined && said.toSorted().join(', ') !== known)
      report(
        path,
        `names the arms ${said.join(', ')}, and arms.names ${names.join(', ')}: say the same in both`,
      )
  }
  hold(['traffic', 'canary', 'router'], traffic.canary.router.arms)
  for (const [name, { arms }] of Object.entries(checks)) hold(['checks', name, 'arms'], arms)
}

/** While a region waits for its turn, the one before it must be able to go back. */
function checkKeepOld(
  source: YamlSource,
  { arms, hooks, order: { delay = 0 } }: RolloutConfig,
  report: Report,
): void {
  const keepMs = arms['keep-old']
  const isWritten = loose(loose(valueOf(source))['arms'])['keep-old'] !== undefined
  if (keepMs >= delay || !(isWritten || hooks.decommission)) return
  const [kept, waits] = [formatDuration(keepMs), formatDuration(delay)]
  const then = 'the old arm would go before the next region begins'
  if (isWritten) report(['arms', 'keep-old'], `is ${kept}, shorter than order.delay (${waits}): ${then}`)
  else report(['order', 'delay'], `is ${waits}, longer than arms.keep-old (${kept}): ${then}`)
}

function checkGates(source: YamlSource, { gates, checks }: RolloutConfig, report: Report): void {
  const known = Object.keys(checks)
  const asWritten = (source.document.toJS() as { checks?: Record<string, unknown> }).checks ?? {}
  for (const [name, gate] of Object.entries(gates)) {
    gate?.checks.forEach((check, index) => {
      const path = ['gates', name, 'checks', index]
      if (!known.includes(check)) return report(path, noSuchCheck(check, known))
      // Before the transaction begins nobody knows which arm is which.
      if (name === 'before' && JSON.stringify(asWritten[check]).includes('${arm}'))
        report(path, `${check} uses \${arm}, which does not exist before the transaction begins`)
    })
  }
}

const noSuchCheck = (name: string, known: readonly string[]): string =>
  `no check is named ${name}; known: ${known.join(', ') || 'none'}.${didYouMean(name, known)}`

function checkStages({ canary, checks, metrics }: RolloutConfig, report: Report): void {
  const known = Object.keys(checks)
  for (const { stage, name, message } of stageLimitProblems(canary.stages, canary.analysis, metrics))
    report(['canary', 'stages', stage, 'limits', ...(name === undefined ? [] : [name])], message)
  const low = lastWatchTooLow(canary.stages, canary.analysis)
  if (low !== undefined) report(['canary', 'analysis', 'last-watch'], low)
  canary.stages.forEach((stage, index) =>
    stage.checks.forEach((check, place) => {
      if (!known.includes(check))
        report(['canary', 'stages', index, 'checks', place], noSuchCheck(check, known))
    }),
  )
}

/** Before the transaction begins nobody knows which arm is which. */
function checkHooks(source: YamlSource, report: Report): void {
  const asWritten = loose(loose(valueOf(source))['hooks'])
  if (JSON.stringify(asWritten['schema-compatibility'] ?? '').includes('${arm}'))
    report(
      ['hooks', 'schema-compatibility'],
      'uses ${arm}, which does not exist before the transaction begins',
    )
}

/** It is planned and looked at for a region, whatever is released there. */
function checkInfrastructure(
  source: YamlSource,
  { regions }: Pick<RolloutConfig, 'regions'>,
  report: Report,
): void {
  const written = loose(loose(valueOf(source))['infrastructure'])
  for (const [key, value] of Object.entries(written)) {
    const named = /(?<!\$)\$\{(version|digest|image|arm|run-id|correlation-id)\}/.exec(JSON.stringify(value))
    if (named)
      report(['infrastructure', key], `uses ${named[0]}, and the infrastructure of a region is of no release`)
  }
  if (regions.length < 2 || Object.keys(written).length === 0) return
  const { stacks, ...shared } = written
  const all: [(string | number)[], object][] =
    stacks === undefined
      ? [[['infrastructure'], shared]]
      : Object.entries(loose(stacks)).map(([name, own]) => [
          ['infrastructure', 'stacks', name],
          stateOf(shared, loose(own)),
        ])
  for (const [path, stack] of all) {
    const [one, other] = sharingState(stack, regions)
    if (one && other)
      report(
        path,
        `has one state for ${one.name} and ${other.name}, so the plan of each would undo what is of the other: write \${region} into backend-config, such as key: tfstate/prod/\${region}/infra.tfstate, or into path or workspace`,
      )
  }
}

/** The first two regions of which a stack, as it is written, has one state. */
function sharingState(
  stack: object,
  regions: RolloutConfig['regions'],
): [] | [RolloutConfig['regions'][number], RolloutConfig['regions'][number]] {
  const { 'backend-config': backend, ...of } = loose(stack)
  const places = [...STATE_PLACES.map((key) => of[key]), locatingSettings(loose(backend))]
  const written = JSON.stringify(places)
  const firsts = new Map<string, RolloutConfig['regions'][number]>()
  for (const region of regions) {
    // What has no value is told as that; of two of one name it is told that they are.
    const place = written.replace(OF_REGION, (_, name: string) => {
      const value = name.startsWith('vars.') ? region.vars[name.slice('vars.'.length)] : undefined
      return name === 'environment' ? region.environment : (value ?? region.name)
    })
    const first = firsts.get(place)
    if (first && first.name !== region.name) return [first, region]
    firsts.set(place, region)
  }
  return []
}

/** What is done in a region once its infrastructure was planned, and by no one before. */
const MAY_NAME_OUTPUTS = ['traffic', 'deploy', 'metrics', 'checks', 'hooks']

function checkOutputs(source: YamlSource, report: Report): void {
  const written = loose(valueOf(source))
  const { 'schema-compatibility': early } = loose(written['hooks'])
  const places: [Path, unknown][] = Object.entries(written)
    .filter(([part]) => !MAY_NAME_OUTPUTS.includes(part))
    .map(([part, value]) => [[part], value])
  for (const [path, value] of [...places, [['hooks', 'schema-compatibility'], early] as [Path, unknown]]) {
    const [named] = outputsIn(value)
    if (named !== undefined)
      report(
        path,
        `uses \${infra.${named}}, which is known once the infrastructure of the region was planned: ${MAY_NAME_OUTPUTS.join(', ')} may use it`,
      )
  }
  const variables = new Map<string, string>()
  for (const [name, example] of Object.entries(exampleOutputs(source))) {
    if (example.includes('${'))
      report(['infrastructure'], `the example of the output ${name} is not a plain text: ${example}`)
    const [variable = ''] = Object.keys(deployVariables({ [`infra-${name}`]: '' }))
    const twin = variables.get(variable)
    if (twin !== undefined)
      report(['infrastructure'], `the outputs ${twin} and ${name} would both be ${variable} for scripts`)
    variables.set(variable, name)
  }
}

/** Where a state is follows from these, and from backend-config. */
const STATE_PLACES = ['path', 'workspace', 'backend-config-files']

/** A stack as it is written, with what it takes from what all share. */
const stateOf = (shared: Record<string, unknown>, own: Record<string, unknown>): object => ({
  ...shared,
  ...own,
  'backend-config': { ...loose(shared['backend-config']), ...loose(own['backend-config']) },
})

/** What stands for another text in each region. */
const OF_REGION = /(?<!\$)\$\{(region|environment|vars\.[^}]+)\}/g

const namesArm = (value: unknown): boolean => /(?<!\$)\$\{arm\}/.test(JSON.stringify(value ?? ''))

/** What is deployed onto the same place for both arms is deployed over what serves. */
function checkDeployApart(
  source: YamlSource,
  { deploy: { place, written } }: RolloutConfig,
  report: Report,
): void {
  const asWritten = loose(loose(loose(valueOf(source))['deploy'])[written.type])
  const [first] = place
  if (first === undefined || place.some((key) => namesArm(asWritten[key]))) return
  report(
    ['deploy', written.type, first],
    `is the same for both arms, so a release would be deployed over the one that serves: write \${arm} into ${place.join(' or ')}`,
  )
}

/** A query that asks the same of both arms compares the canary with itself; a value is only compared where a limit says so. */
function checkArmsApart(source: YamlSource, { metrics, canary }: RolloutConfig, report: Report): void {
  const written = loose(loose(valueOf(source))['metrics'])
  const compared = valuesOfBaseline(canary.stages)
  for (const path of queriesIn(metrics)) {
    const query = path.reduce<unknown>((part, key) => loose(part)[key], written)
    if (path[0] === 'values' && !compared.has(path[1] ?? '')) continue
    if (!namesArm(query) && !namesArm(loose(written['sources'])[String(loose(query)['source'])]))
      report(['metrics', ...path], SAME_FOR_BOTH)
  }
}

/** Where the queries of a config stand in its metrics. */
function queriesIn({ latency, ratios, values }: RolloutConfig['metrics']): string[][] {
  return [
    ['requests'],
    ['errors'],
    ...(latency ? [['latency']] : []),
    ...Object.entries(ratios).flatMap(([name, queries]) =>
      (['of', 'failed', 'succeeded'] as const).flatMap((part) =>
        queries[part] === undefined ? [] : [['ratios', name, part]],
      ),
    ),
    ...Object.keys(values).map((name) => ['values', name]),
  ]
}

/** Every query names a source, and has the form that this source asks for. */
export function checkQueries({ metrics }: Pick<RolloutConfig, 'metrics'>, report: Report): void {
  const known = Object.keys(metrics.sources)
  for (const path of queriesIn(metrics)) {
    const asked = path.reduce<unknown>((part, key) => loose(part)[key], metrics)
    const { source, absent: _, unit: __, 'report-only': ___, ...query } = asked as SourceQuery
    const configured = known.includes(source) ? metrics.sources[source] : undefined
    if (!configured) {
      report(
        ['metrics', ...path, 'source'],
        `no source is named ${source}; known: ${known.join(', ')}.${didYouMean(source, known)}`,
      )
      continue
    }
    const { type } = configured.written
    for (const issue of configured.query.safeParse(query).error?.issues ?? [])
      report(
        ['metrics', ...path, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))],
        `${issue.message} (source ${source} is of type ${type})`,
      )
  }
}

const RESERVED = ['requests', 'errors', 'latency', 'error-rate']

/** Limits are found by name: each name is one thing. */
export function checkMetricNames({ metrics }: Pick<RolloutConfig, 'metrics'>, report: Report): void {
  for (const kind of ['ratios', 'values'] as const)
    for (const name of Object.keys(metrics[kind])) {
      if (RESERVED.includes(name) || name.startsWith('latency-'))
        report(['metrics', kind, name], `${name} is the name of something else; choose another`)
      else if (kind === 'values' && Object.hasOwn(metrics.ratios, name))
        report(['metrics', kind, name], `${name} is the name of a ratio, too; choose another`)
    }
}
