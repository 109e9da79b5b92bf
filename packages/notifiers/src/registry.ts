import { defineProviders } from '@deploy-actions/action-kit'

/** Every sink by its `type`. A new one is one file and one line here. */
export const notifiers = defineProviders({
  webhook: () => import('./webhook'),
})
