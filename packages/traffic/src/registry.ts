import { defineProviders } from '@deploy-actions/action-kit'

/** Every router by its `type`. A new one is one file and one line here. */
export const routers = defineProviders({
  haproxy: () => import('./haproxy'),
})
