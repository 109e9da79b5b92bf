import { defineProviders } from '@deploy-actions/action-kit'

/** Every metric source by its `type`. A new one is one file and one line here. */
export const sources = defineProviders({
  scrape: () => import('./scrape'),
})
