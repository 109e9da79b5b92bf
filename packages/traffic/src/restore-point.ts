import { z } from 'zod'
import { lazily, weights } from '@deploy-actions/rollout'
import { adminStates } from './router'

/** The whole vector of a router as it was found. */
export const trafficPoint = lazily(() =>
  z.strictObject({
    kind: z.literal('traffic'),
    /** the router by its name in the config */
    router: z.string(),
    weights,
    /** who was not ready, by the router's own names; absent where all were */
    states: z.record(z.string(), z.enum(adminStates)).optional(),
  }),
)
export type TrafficPoint = z.infer<ReturnType<typeof trafficPoint>>
