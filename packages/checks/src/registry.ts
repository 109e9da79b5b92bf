import { defineProviders } from '@deploy-actions/action-kit'
import type { CheckExports, ConfiguredCheck } from './check'

/** Every kind of check by its `type`. A new one is one file and one line here. */
export const checks = defineProviders<ConfiguredCheck, CheckExports>({
  http: () => import('./http'),
  script: () => import('./script'),
  'weights-held': () => import('./weights-held'),
})
