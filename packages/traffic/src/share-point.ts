import { z } from 'zod'
import { lazily, weights } from '@deploy-actions/rollout'

/** The router between the regions, by its name in the config. */
export const REGIONS = 'regions' as const

/** The share of one region in the router between them. */
export const sharePoint = lazily(() =>
  z.strictObject({
    kind: z.literal('share'),
    router: z.literal(REGIONS),
    /** whose share is put back; those of the others are theirs */
    region: z.string(),
    /** the whole vector as it was found */
    before: weights,
    /** what the router holds once the share is drained, where nobody else writes meanwhile */
    left: weights.optional(),
  }),
)
export type SharePoint = z.infer<ReturnType<typeof sharePoint>>
