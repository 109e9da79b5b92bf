import { z } from 'zod'
import { release } from './release'

/** One region of a plan, as the matrix of rollout.yml takes it; an empty `predecessor` means that there is none. */
export const plannedRegion = z.strictObject({
  name: z.string(),
  environment: z.string(),
  'guard-environment': z.string(),
  index: z.int(),
  predecessor: z.string(),
  'predecessor-environment': z.string(),
  'predecessor-guard-environment': z.string(),
  parts: z.strictObject({
    soak: z.boolean(),
    before: z.boolean(),
    /** what Terraform or OpenTofu plans and applies */
    infrastructure: z.boolean(),
    /** what of it, or of its stacks, the rest of rollout.yml may name */
    outputs: z.boolean(),
    /** its share of the global traffic is drained while the release is put onto it */
    share: z.boolean(),
    'after-deploy': z.boolean(),
    'after-rollout': z.boolean(),
    finished: z.boolean(),
  }),
})
export type PlannedRegion = z.infer<typeof plannedRegion>

/** What a run will do, what it leaves out and why. */
export const rolloutPlan = z.strictObject({
  service: z.string(),
  release,
  order: z.enum(['serial', 'delayed', 'parallel']),
  regions: z.array(plannedRegion),
  skipped: z.array(z.strictObject({ name: z.string(), environment: z.string(), reason: z.string() })),
})
export type RolloutPlan = z.infer<typeof rolloutPlan>
