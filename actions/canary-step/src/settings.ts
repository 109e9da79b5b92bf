import { InputError, type Ports, type Secrets } from '@deploy-actions/action-kit'
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
import type { SamplerSettings, SourceSettings } from '@deploy-actions/metrics'
import type { Subscription } from '@deploy-actions/notifiers'
import { joinTransaction, type JobTransaction } from '@deploy-actions/ledger'
import type { Arms, Release } from '@deploy-actions/rollout'
import type { RouterSettings } from '@deploy-actions/traffic'
import type { Inputs } from './inputs'

/** Everything a walk through the stages needs, wherever it came from. */
export interface CanarySettings {
  target: Target
  release: Release
  router: RouterSettings
  arms: readonly [string, string]
  config?: { path: string; digest: string }
  analysis: AnalysisConfig
  stages: StagePlan[]
  /** the transaction of this job that it acts in; without one it opens its own */
  transaction?: JobTransaction
  samplerFor(arms: Arms): Promise<SamplerSettings>
  subscriptions: Subscription[]
  links: Record<string, string>
  secrets: Secrets
}

/** From rollout.yml, or, with `router`, from the inputs alone. @throws InputError with every problem at once */
export function readSettings(inputs: Inputs, ports: Ports): Promise<CanarySettings> {
  return inputs.router === undefined ? fromConfig(inputs, ports) : fromInputs(inputs, inputs.router, ports)
}

async function fromConfig(inputs: Inputs, ports: Ports): Promise<CanarySettings> {
  const transaction =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const release = transaction?.record.release ?? releaseOf(inputs)
  const target = await configuredTarget({ ...inputs, ...release }, ports.context)
  const config = await target.config({ secrets: inputs.secrets })
  const own = await overrides(inputs)
  const analysis = own.analysis ?? config.canary.analysis
  return {
    target,
    release,
    router: config.traffic.canary.router as RouterSettings,
    arms: config.arms.names,
    config: { path: target.file.path, digest: target.file.digest },
    analysis,
    stages: planStages(own.stages ?? config.canary.stages, analysis),
    ...(transaction ? { transaction } : {}),
    async samplerFor({ baseline, canary }) {
      const [forBaseline, forCanary] = [
        await target.config({ arm: baseline }),
        await target.config({ arm: canary }),
      ]
      return {
        sources: forCanary.metrics.sources as Record<string, SourceSettings>,
        baseline: forBaseline.metrics,
        canary: forCanary.metrics,
      }
    },
    subscriptions: config.notifications,
    links: config.evidence.links,
    secrets: inputs.secrets,
  }
}

async function fromInputs(inputs: Inputs, router: string, ports: Ports): Promise<CanarySettings> {
  const { metrics: text, transaction: id } = inputs
  if (text === undefined || inputs.stages === undefined)
    throw new InputError(
      (['metrics', 'stages'] as const)
        .filter((key) => inputs[key] === undefined)
        .map((key) => ({
          where: `input \`${key}\``,
          message: 'is missing; with `router` it has to be given, too',
        })),
    )
  const transaction = id === undefined ? undefined : await joinTransaction(id, ports.context)
  const release = transaction?.record.release ?? releaseOf(inputs)
  const own = await overrides(inputs)
  const analysis = own.analysis ?? (await sections.analysis('{}'))
  const metricsFor = (arm: string) => sections.metrics(text.replaceAll('${arm}', arm))
  const arms =
    inputs.arms === undefined ? (['blue', 'green'] as const) : (await sections.arms(inputs.arms)).names
  await metricsFor(arms[0])
  return {
    target: bareTarget(inputs, ports.context),
    release,
    router: await sections.router(router),
    arms,
    analysis,
    stages: planStages(own.stages ?? [], analysis),
    ...(transaction ? { transaction } : {}),
    async samplerFor({ baseline, canary }) {
      const [forBaseline, forCanary] = [await metricsFor(baseline), await metricsFor(canary)]
      return {
        sources: forCanary.sources as Record<string, SourceSettings>,
        baseline: forBaseline,
        canary: forCanary,
      }
    },
    subscriptions: [],
    links: {},
    secrets: inputs.secrets,
  }
}

async function overrides(inputs: Inputs): Promise<{ analysis?: AnalysisConfig; stages?: StageConfig[] }> {
  return {
    ...(inputs.analysis === undefined ? {} : { analysis: await sections.analysis(inputs.analysis) }),
    ...(inputs.stages === undefined ? {} : { stages: await sections.stages(inputs.stages) }),
  }
}
