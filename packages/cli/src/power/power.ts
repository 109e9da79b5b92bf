import { InputError, type Ports } from '@deploy-actions/action-kit'
import {
  judgedCanary,
  judgeSettings,
  limitProblemsInStages,
  outputsNamedIn,
  planStages,
  powerOf,
  powerWarnings,
  type AnalysisConfig,
  type JudgedCanary,
  type Measured as MeasuredMetrics,
  type RegionConfig,
  type RolloutFile,
  type StageConfig,
  type Traffic,
  type WatchedStage,
} from '@deploy-actions/config'
import { liveBaseline, type Measured } from './live-baseline'

/** What the stages of some regions find. */
export interface RegionsPower {
  /** their names; none where stages were given alone */
  regions: string[]
  traffic: Traffic
  /** where nobody has said what the traffic is */
  measured?: Measured
  stages: WatchedStage[]
  /** what is wrong with the stages at this traffic */
  warnings: string[]
}

/** What was found out, and of which regions nothing could be. */
export interface PowerReport {
  found: RegionsPower[]
  unknown: { region: string; why: string }[]
}

/** A canary, and the traffic that it meets where it is known. */
interface Asked {
  regions: string[]
  canary: JudgedCanary
  traffic: Traffic
  measured?: Measured
}

/** What is tried may limit what nobody measures. @throws InputError */
function mustBeJudged(
  stages: readonly StageConfig[],
  analysis: AnalysisConfig,
  measured: MeasuredMetrics,
): void {
  const problems = limitProblemsInStages(stages, analysis, measured)
  if (problems.length > 0) throw new InputError(problems.map((message) => ({ where: '--stages', message })))
}

/** Of stages without a rollout.yml. */
export async function powerOfStages(
  stages: readonly StageConfig[],
  analysis: AnalysisConfig,
  traffic: Traffic,
): Promise<PowerReport> {
  // Nobody says what is measured: what has limits is.
  const timed = stages.some(({ limits }) => Object.keys(limits).some((name) => name.startsWith('latency-')))
  const measured = timed ? { latency: {} } : {}
  mustBeJudged(stages, analysis, measured)
  const canary = {
    ...{ analysis, stages: planStages(stages, analysis, measured) },
    judge: judgeSettings(analysis, measured),
  }
  return { found: [await answer({ regions: [], canary, traffic })], unknown: [] }
}

/**
 * Of regions of a rollout.yml: at the traffic that is given, or at the one that each of their baselines has now. Regions that have
 * the same stages and the same traffic are one answer.
 * @param own what is tried instead of what the file says
 * @throws InputError where the traffic cannot be measured
 */
export async function powerOfRegions(
  { file, configs }: { file: RolloutFile; configs: readonly RegionConfig[] },
  { traffic, ...own }: { stages?: StageConfig[]; analysis?: AnalysisConfig; traffic?: Traffic },
  ports: Ports,
): Promise<PowerReport> {
  if (!traffic) mustBeReachable(file)
  const unknown: PowerReport['unknown'] = []
  const asked = await Promise.all(
    configs.map(async (config): Promise<Asked | undefined> => {
      const { region, metrics, canary: written } = config
      mustBeJudged(own.stages ?? written.stages, own.analysis ?? written.analysis, metrics)
      const canary = judgedCanary({ metrics, canary: { ...written, ...own } })
      if (traffic) return { regions: [region.name], canary, traffic }
      const live = await liveBaseline(file, config, ports)
      if (!('why' in live)) return { regions: [region.name], canary, ...live }
      unknown.push({ region: region.name, why: live.why })
      return undefined
    }),
  )
  const found = await Promise.all(alike(asked.filter((one) => one !== undefined)).map(answer))
  return { found, unknown }
}

/** What the infrastructure gives is known while it is planned or applied, and not here. */
function mustBeReachable(file: RolloutFile): void {
  const named = outputsNamedIn(file, ['traffic', 'metrics'])
  if (named.length === 0) return
  throw new InputError(
    ['--rps', '--baseline-errors'].map((where) => ({
      where,
      message: `is missing; the live baseline cannot be asked, since traffic or metrics of ${file.path} stand on outputs of the infrastructure`,
    })),
  )
}

/** Those with the same canary and traffic as one. */
function alike(all: readonly Asked[]): Asked[] {
  const byWhat = new Map<string, Asked>()
  for (const one of all) {
    const what = JSON.stringify([one.canary, one.traffic, one.measured])
    const known = byWhat.get(what)
    byWhat.set(what, known ? { ...known, regions: [...known.regions, ...one.regions] } : one)
  }
  return [...byWhat.values()]
}

async function answer({ regions, canary, traffic, measured }: Asked): Promise<RegionsPower> {
  const stages = await powerOf(canary, traffic)
  const warnings = powerWarnings(canary.stages, stages, traffic)
  return { regions, traffic, ...(measured && { measured }), stages, warnings }
}
