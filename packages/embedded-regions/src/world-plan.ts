import { z } from 'zod'
import { DEFAULT_BACKEND } from './backend'

/** What runs on an arm: a version and the immutable digest of its image. */
export const armRelease = z.strictObject({
  version: z.string().min(1),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hex digits'),
})
export type ArmRelease = z.infer<typeof armRelease>

const port = z.int().min(1).max(65_535)

/** HAProxy's own units: a server's weight is a whole number from 0 to 256. */
const weight = z.int().min(0).max(256)

const regionPlan = z
  .strictObject({
    name: z.string().min(1),
    /** The arm that is configured to serve: weight 100, the other 0. */
    baseline: z.string(),
    arms: z.record(z.string(), armRelease),
    /** What the proxy's backend is called, in its commands and metrics. */
    backend: z.string().min(1).default(DEFAULT_BACKEND),
    /** Weights now, in HAProxy's units; without them the configured ones hold. */
    weights: z.record(z.string(), weight).optional(),
    /** Administrative states other than `ready`. */
    states: z.record(z.string(), z.enum(['ready', 'drain', 'maint'])).optional(),
    /** Where what is written into rollout.yml was to be reached; each is there again unless somebody else has its port. */
    ports: z.strictObject({ runtime: port, metrics: port, admin: port }).optional(),
  })
  .superRefine((region, context) => {
    const arms = Object.keys(region.arms)
    const strangers = [
      region.baseline,
      ...Object.keys(region.weights ?? {}),
      ...Object.keys(region.states ?? {}),
    ]
    if (arms.length !== 2) context.addIssue(`region ${region.name} has ${arms.length} arms; it needs two`)
    for (const name of new Set(strangers.filter((stranger) => !arms.includes(stranger))))
      context.addIssue(`region ${region.name} has no arm ${name}; its arms are ${arms.join(' and ')}`)
  })

/** One region as it is opened and as it is saved. */
export type RegionPlan = z.infer<typeof regionPlan>

const routerPlan = z.strictObject({
  /** The weight of each region now, in HAProxy's units; those that are there when it is opened are the configured ones. */
  weights: z.record(z.string(), weight),
  /** Where its runtime API was to be reached; it is there again unless somebody else has that port. */
  port: port.optional(),
})
/** The router between the regions as it is opened and as it is saved. */
export type RouterPlan = z.infer<typeof routerPlan>

/**
 * A world as it is opened and as it is saved: the same shape, so that a second rehearsal goes on where the
 * first ended.
 */
export const worldPlan = z
  .strictObject({
    v: z.literal(1),
    regions: z.array(regionPlan).min(1),
    /** All visitors come by it; without it each region has its own. */
    router: routerPlan.optional(),
    /** Real requests per second of a busy region; one that is not busy gets a tenth. */
    rps: z.number().min(0),
    /** How much faster than real time the world's own times pass: seconds of its clients, health checks, time-outs. */
    speed: z.number().min(1).default(1),
    /** Makes latencies and errors repeat from world to world. */
    seed: z.int().default(1),
  })
  .refine((plan) => new Set(plan.regions.map((region) => region.name)).size === plan.regions.length, {
    message: 'two regions have the same name',
  })
export type WorldPlan = z.infer<typeof worldPlan>
/** {@link WorldPlan} as it is written by hand: `seed` may be left out. */
export type WorldPlanInput = z.input<typeof worldPlan>
