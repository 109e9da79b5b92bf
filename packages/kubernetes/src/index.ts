export { clusterOf, clusterOptions } from './cluster-options'
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
