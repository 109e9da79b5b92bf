/** A ready config of the example's repository. */
export interface Example {
  /** path in the repository */
  config: string
  /** what it is told of in a list */
  about: string
  /** it needs a cluster on this machine, with what stands there before: manifests for the namespace of each region */
  cluster?: { objects: string }
}

/** By their names; the first is what is rehearsed where nobody names one. */
export const examples: Readonly<Record<string, Example>> = {
  haproxy: { config: 'rollout.yml', about: 'scripts behind HAProxy; needs nothing but this suite' },
  helm: {
    config: 'helm/rollout.yml',
    about: 'Helm on a Kubernetes API server of this machine, whose traffic Istio splits',
    cluster: { objects: 'helm/cluster.yaml' },
  },
  infrastructure: {
    config: 'infrastructure/rollout.yml',
    about: 'an infrastructure of each region, by OpenTofu or Terraform of this machine, before its release',
  },
  'blue-green': {
    config: 'blue-green/rollout.yml',
    about: 'Helm on such a server, switched by the selector of a Service',
    cluster: { objects: 'blue-green/cluster.yaml' },
  },
}
