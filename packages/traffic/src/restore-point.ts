import { z } from 'zod'
import { weights } from '@deploy-actions/rollout'

/** The whole vector of a router as it was found. */
export const trafficPoint = z.strictObject({
  kind: z.literal('traffic'),
  /** the router by its name in the config */
  router: z.string(),
  weights,
})
export type TrafficPoint = z.infer<typeof trafficPoint>
