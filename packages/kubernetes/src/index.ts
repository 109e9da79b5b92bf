export { clusterOf, clusterOptions, kubeconfigIn, namespacedOptions, objectName } from './cluster-options'
export { configurationOf, whatChanged } from './configuration'
export {
  ClusterRefused,
  kubernetesObject,
  openCluster,
  withoutValues,
  type Cluster,
  type Kind,
  type KubernetesObject,
  type ObjectRef,
  type PatchStep,
  type Resource,
} from './cluster'
export {
  DEFAULT_LIMITS,
  diagnose,
  diagnoseTask,
  type Diagnosis,
  type DiagnosisLimits,
  type WorkloadFailure,
} from './diagnosis'
export { runningImages, type RunningImage } from './digests'
export { differencesFrom, inTurns, type Difference } from './live'
export { containersOf, objectsIn, titleOf, workloadsIn, type ManifestContainer } from './manifest'
export { manifestDiff, type ObjectChange } from './manifest-diff'
export { podsOf, type WorkloadPods } from './pods'
export { currentRevision, revisionsOf, type Revision } from './revisions'
export {
  awaitRollout,
  awaitRollouts,
  mustBeDone,
  rolloutOf,
  type RolloutState,
  type RolloutWait,
} from './rollout'
export {
  isReadyPod,
  isWorkload,
  nameOfWorkload,
  podObject,
  refOf,
  readWorkload,
  workloadObject,
  type Workload,
  type WorkloadObject,
} from './workloads'
