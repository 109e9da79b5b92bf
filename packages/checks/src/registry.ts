import { defineProviders } from '@deploy-actions/action-kit'
import type { CheckExports, ConfiguredCheck } from './check'

/** Every kind of check by its `type`. A new one is one file and one line here. */
export const checks = defineProviders<ConfiguredCheck, CheckExports>({
  flagger: () => import('./flagger'),
  http: () => import('./http'),
  kubernetes: () => import('./kubernetes'),
  script: () => import('./script'),
  'weights-held': () => import('./weights-held'),
})
