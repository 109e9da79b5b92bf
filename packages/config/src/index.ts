export {
  checksOf,
  findRegion,
  parseRollout,
  resolveAll,
  resolveRegion,
  type RegionConfig,
  type RegionEntry,
  type RolloutFile,
} from './load'
export * from './target'
export { problemsOf } from './yaml-source'
export * from './stage-plan'
export * from './timing'
export { sections } from './sections'
export type { AnalysisConfig, RolloutConfig, StageConfig } from './schema'
export type { Variables } from './variables'
