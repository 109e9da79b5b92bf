import { defineProviders } from '@deploy-actions/action-kit'

/** Every way in which a release gets onto an arm, by its key in `deploy`. A new one is one file and one line here. */
export const deployers = defineProviders({
  'argo-cd': () => import('./argo-cd'),
  helm: () => import('./helm'),
  kubernetes: () => import('./kubernetes'),
  script: () => import('./script'),
})
