export { createEngine, type Engine } from './engine'
export type {
  BuiltIn,
  BuiltInContext,
  CancellationTimes,
  EngineOptions,
  RunHandle,
  StartRequest,
} from './engine-options'
export { inspectCaller, type InspectedCaller, type SuiteCall, type SuiteFolders } from './inspect-caller'
export type {
  Annotation,
  Approval,
  ApprovalRequest,
  Conclusion,
  EngineEvent,
  JobView,
  Permissions,
  RunView,
  Status,
  StepView,
} from './run-view'
export { checkout } from './runner/built-ins'
export { tempFolder } from './runner/job-folders'
export { WorkflowError } from './workflow-error'
