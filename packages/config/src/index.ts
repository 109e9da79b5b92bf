export { chosen } from './chosen'
export {
  checksOf,
  findRegion,
  parseRollout,
  resolveAll,
  resolveRegion,
  secretsNamed,
  type NamedSecret,
  type RegionConfig,
  type RegionEntry,
  type RolloutFile,
} from './load'
export * from './hooks'
export {
  infrastructureInWords,
  infrastructureOf,
  infrastructureProblems,
  missingInfrastructure,
  ofRelease,
} from './infrastructure'
export type { Stack } from '@deploy-actions/terraform'
export { missingFiles } from './missing-files'
export * from './target'
export { parseYaml, problemsOf } from './yaml-source'
export * from './share-plan'
export { chanceAlarms } from './chance-alarms'
export { limitProblemsInStages, limitsInWords, valuesOfBaseline, type Measured } from './limits'
export { planStages, stagesOutOfReach, tooFewRequests, type StagePlan } from './stage-plan'
export * from './stage-power'
export * from './timing'
export { sections } from './sections'
export type { AnalysisConfig, RolloutConfig, StageConfig } from './schema'
export { exampleOutputs, listsOutputs, OUTPUT, outputsNamedIn, type Variables } from './variables'
