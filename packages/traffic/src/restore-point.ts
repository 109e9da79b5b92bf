import { z } from 'zod'
import { lazily, weights } from '@deploy-actions/rollout'

/** The whole vector of a router as it was found. */
export const trafficPoint = lazily(() =>
  z.strictObject({
    kind: z.literal('traffic'),
    /** the router by its name in the config */
    router: z.string(),
    weights,
  }),
)
export type TrafficPoint = z.infer<ReturnType<typeof trafficPoint>>
