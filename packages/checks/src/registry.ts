import { defineProviders } from '@deploy-actions/action-kit'

/** Every kind of check by its `type`. A new one is one file and one line here. */
export const checks = defineProviders({
  http: () => import('./http'),
  script: () => import('./script'),
  'weights-held': () => import('./weights-held'),
})
