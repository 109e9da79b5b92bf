export {
  inspectCaller,
  WorkflowError,
  type InspectedCaller,
  type SuiteCall,
  type SuiteFolders,
} from '@deploy-actions/workflow-engine'
export { examples, type Example } from './examples'
export { folderFor } from './given-files'
export { canRedraw, liveView } from './live-view'
export { rehearse } from './rehearse'
export { exampleBase } from './rehearsed-repository'
export { repositoryOf } from './repository-files'
export type { RegionResult, RehearsalResult } from './result'
export { namedScenario, parseScenario, scenarioNames, type Scenario } from './scenario'
export { plainView } from './plain-view'
export type { EmergencyRequest, RehearsalOptions } from './setup'
export type { View } from './view'
