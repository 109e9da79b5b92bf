import { InputError, type Ports } from '@deploy-actions/action-kit'
import {
  bareTarget,
  configuredTarget,
  planStages,
  releaseOf,
  sections,
  type AnalysisConfig,
  type StageConfig,
  type StagePlan,
  type Target,
} from '@deploy-actions/config'
import type { SamplerSettings } from '@deploy-actions/metrics'
import type { Subscription } from '@deploy-actions/notifiers'
import { defined, type Arms, type Release } from '@deploy-actions/rollout'
import type { ConfiguredRouter } from '@deploy-actions/traffic'
import { joinTransaction, type JobTransaction } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'

/** Everything a walk through the stages needs, wherever it came from. */
export interface CanarySettings {
  target: Target
  release: Release
  router: ConfiguredRouter
  arms: readonly [string, string]
  config?: { path: string; digest: string }
  analysis: AnalysisConfig
  stages: StagePlan[]
  /** the transaction of this job that it acts in; without one it opens its own */
  transaction?: JobTransaction
  samplerFor(arms: Arms): Promise<SamplerSettings>
  subscriptions: Subscription[]
  links: Record<string, string>
}

/** From rollout.yml, or, with `router`, from the inputs alone. @throws InputError with every problem at once */
export async function readSettings(inputs: Inputs, ports: Ports): Promise<CanarySettings> {
  const transaction =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const release = transaction?.record.release ?? releaseOf(inputs)
  const own = await overrides(inputs)
  const read =
    inputs.router === undefined
      ? await fromConfig({ ...inputs, ...release }, own, ports)
      : await fromInputs({ ...inputs, ...release }, inputs.router, own, ports)
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
  return {
    target,
    router: config.traffic.canary.router,
    arms: config.arms.names,
    config: { path: target.file.path, digest: target.file.digest },
    analysis,
    stages: planStages(own.stages ?? config.canary.stages, analysis),
    async samplerFor(arms) {
      const baseline = await target.config({ arm: arms.baseline })
      const canary = await target.config({ arm: arms.canary })
      return { baseline: baseline.metrics, canary: canary.metrics }
    },
    subscriptions: config.notifications,
    links: config.evidence.links,
  }
}

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
  const arms =
    inputs.arms === undefined ? (['blue', 'green'] as const) : (await sections.arms(inputs.arms)).names
  // Before anything is read or moved: what is wrong with it is wrong for either arm.
  await metricsOf(arms[0])
  return {
    target,
    router: await sections.router(router, target.variables),
    arms,
    analysis,
    stages: planStages(own.stages, analysis),
    async samplerFor({ baseline, canary }) {
      return { baseline: await metricsOf(baseline), canary: await metricsOf(canary) }
    },
    subscriptions: [],
    links: {},
  }
}

async function overrides({ analysis, stages }: Inputs): Promise<Overrides> {
  return defined({
    analysis: analysis === undefined ? undefined : await sections.analysis(analysis),
    stages: stages === undefined ? undefined : await sections.stages(stages),
  })
}
