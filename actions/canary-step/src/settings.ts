import { didYouMean, InputError, providerPorts, type Ports } from '@deploy-actions/action-kit'
import type { NamedChecks } from '@deploy-actions/checks'
import {
  bareTarget,
  checksOf,
  configuredTarget,
  limitProblemsInStages,
  planStages,
  releaseOf,
  scriptVariables,
  sections,
  valuesOfBaseline,
  type AnalysisConfig,
  type Hooks,
  type Measured,
  type StageConfig,
  type StagePlan,
  type Target,
} from '@deploy-actions/config'
import { SAME_FOR_BOTH, type ArmQueries, type SamplerSettings } from '@deploy-actions/metrics'
import type { Subscription } from '@deploy-actions/notifiers'
import { defined, type Arms, type Release, type StagedStep } from '@deploy-actions/rollout'
import type { ConfiguredRouter } from '@deploy-actions/traffic'
import { ANY_TIME, joinTransaction, type Beginning, type JobTransaction } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { ArmHooks } from './stage-hooks'

/** Everything a walk through the stages needs, wherever it came from. */
export interface CanarySettings {
  target: Target
  release: Release
  router: ConfiguredRouter
  arms: readonly [string, string]
  config?: { path: string; digest: string }
  analysis: AnalysisConfig
  /** what is measured beside requests and errors */
  measured: Measured
  stages: StagePlan[]
  /** when it may begin, where it opens a transaction of its own */
  windows: Beginning['windows']
  /** the steps in which a person may take it back, where it opens a transaction of its own */
  staged?: readonly StagedStep[] | undefined
  /** the transaction of this job that it acts in; without one it opens its own */
  transaction?: JobTransaction
  samplerFor(arms: Arms): Promise<SamplerSettings>
  /** the checks of a stage, of the canary arm */
  checksFor(arms: Arms, names: readonly string[], ports: Ports): Promise<NamedChecks>
  /** what is run around the stages, of the canary arm; nothing without rollout.yml */
  hooksFor(arms: Arms, ports: Ports): Promise<ArmHooks>
  subscriptions: Subscription[]
  links: Record<string, string>
}

/** From rollout.yml, or, with `router`, from the inputs alone. @throws InputError with every problem at once */
export async function readSettings(inputs: Inputs, ports: Ports): Promise<CanarySettings> {
  const transaction =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const release = transaction?.record.release ?? releaseOf(inputs)
  const own = await overrides(inputs)
  const known = { ...inputs, ...release, infra: transaction?.settings.infra ?? inputs.infra }
  const read =
    inputs.router === undefined
      ? await fromConfig(known, own, ports)
      : await fromInputs(known, inputs.router, own, ports)
  return { ...read, ...defined({ transaction }), release }
}

type Read = Omit<CanarySettings, 'transaction' | 'release'>
interface Overrides {
  analysis?: AnalysisConfig
  stages?: StageConfig[]
}

async function fromConfig(inputs: Inputs, own: Overrides, ports: Ports): Promise<Read> {
  const target = await configuredTarget(inputs, ports.context)
  const config = await target.config({ secrets: ports.secrets })
  const analysis = own.analysis ?? config.canary.analysis
  const stages = own.stages ?? config.canary.stages
  mustBeKnown(own, Object.keys(config.checks), { stages, analysis, metrics: config.metrics })
  return {
    target,
    router: config.traffic.canary.router,
    arms: config.arms.names,
    config: { path: target.file.path, digest: target.file.digest },
    analysis,
    measured: config.metrics,
    stages: planStages(stages, analysis, config.metrics),
    windows: config.windows,
    staged: config.rollback.staged,
    async samplerFor(arms) {
      const baseline = await target.config({ arm: arms.baseline })
      const canary = await target.config({ arm: arms.canary })
      return toldApart({ baseline: baseline.metrics, canary: canary.metrics }, stages)
    },
    async checksFor(arms, names, ports) {
      if (names.length === 0) return new Map()
      const { checks } = await target.config({ arm: arms.canary })
      const variables = scriptVariables(target, inputs, ports.context, { ...arms, arm: arms.canary })
      const opened = checksOf({ checks }, { checks: names })
      return new Map([...opened].map(([name, check]) => [name, check.open(providerPorts(ports, variables))]))
    },
    async hooksFor(arms, ports) {
      const { hooks } = await target.config({ arm: arms.canary })
      const variables = scriptVariables(target, inputs, ports.context, { ...arms, arm: arms.canary })
      return { hooks: ofStages(hooks), variables }
    },
    subscriptions: config.notifications,
    links: config.evidence.links,
  }
}

const ofStages = (all: Hooks): ArmHooks['hooks'] => ({
  'before-stage': all['before-stage'],
  'during-stage': all['during-stage'],
  'after-stage': all['after-stage'],
})

async function fromInputs(inputs: Inputs, router: string, own: Overrides, ports: Ports): Promise<Read> {
  const { metrics: text } = inputs
  if (text === undefined || own.stages === undefined)
    throw new InputError(
      (['metrics', 'stages'] as const)
        .filter((key) => inputs[key] === undefined)
        .map((key) => ({
          where: `input \`${key}\``,
          message: 'is missing; with `router` it has to be given, too',
        })),
    )
  const target = bareTarget(inputs, ports.context)
  const analysis = own.analysis ?? (await sections.analysis('{}'))
  const metricsOf = (arm: string) => sections.metrics(text, { ...target.variables, arm })
  const { names: arms } = await sections.arms(inputs.arms ?? '{}')
  // Before anything is read or moved: what is wrong with it is wrong for either arm.
  const measured = await metricsOf(arms[0])
  mustBeKnown(own, [], { stages: own.stages, analysis, metrics: measured })
  return {
    target,
    router: await sections.router(router, target.variables),
    arms,
    analysis,
    measured,
    stages: planStages(own.stages, analysis, measured),
    windows: ANY_TIME,
    async samplerFor({ baseline, canary }) {
      return toldApart(
        { baseline: await metricsOf(baseline), canary: await metricsOf(canary) },
        own.stages ?? [],
      )
    },
    checksFor: () => Promise.resolve(new Map()),
    hooksFor: () => Promise.resolve({ hooks: {}, variables: {} }),
    subscriptions: [],
    links: {},
  }
}

/** Stages of an input may name the checks of rollout.yml, and limit what is measured. @throws InputError naming all else */
function mustBeKnown(
  own: Overrides,
  known: readonly string[],
  {
    stages,
    analysis,
    metrics,
  }: { stages: readonly StageConfig[]; analysis: AnalysisConfig; metrics: Measured },
): void {
  const checks = (own.stages ?? []).flatMap(({ checks }, index) =>
    checks
      .filter((name) => !known.includes(name))
      .map((name) => ({
        where: 'input `stages`',
        message: `${index}.checks: no check of rollout.yml is named ${name}; known: ${known.join(', ') || 'none'}.${didYouMean(name, known)}`,
      })),
  )
  const where = own.stages ? 'input `stages`' : 'input `analysis`'
  const limits = limitProblemsInStages(stages, analysis, metrics).map((message) => ({ where, message }))
  const problems = [...checks, ...limits]
  if (problems.length > 0) throw new InputError(problems)
}

/** A value that both arms share cannot be held against the baseline's. @throws InputError naming each */
function toldApart(settings: SamplerSettings, stages: readonly StageConfig[]): SamplerSettings {
  const form = ({ values = {}, sources }: ArmQueries, name: string): string => {
    const asked = values[name]
    return JSON.stringify([asked, asked && sources[asked.source]?.written])
  }
  const same = [...valuesOfBaseline(stages)].filter(
    (name) => form(settings.baseline, name) === form(settings.canary, name),
  )
  if (same.length > 0)
    throw new InputError(same.map((name) => ({ where: `metrics.values.${name}`, message: SAME_FOR_BOTH })))
  return settings
}

async function overrides({ analysis, stages }: Inputs): Promise<Overrides> {
  return defined({
    analysis: analysis === undefined ? undefined : await sections.analysis(analysis),
    stages: stages === undefined ? undefined : await sections.stages(stages),
  })
}
