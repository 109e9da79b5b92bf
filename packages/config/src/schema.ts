import { z } from 'zod'
import { didYouMean, type WrittenSettings } from '@deploy-actions/action-kit'
import { FAIL_AFTER, type ConfiguredCheck } from '@deploy-actions/checks'
import { deployers, type ConfiguredDeployer } from '@deploy-actions/deploys'
import type { ConfiguredSource } from '@deploy-actions/metrics'
import { eventKinds, type ConfiguredNotifier, type Subscription } from '@deploy-actions/notifiers'
import { duration, percent, stagedProblems, WHOLE } from '@deploy-actions/rollout'
import { infrastructure } from '@deploy-actions/terraform'
import type { ConfiguredRouter } from '@deploy-actions/traffic'
import { hooks } from './hooks'
import { breaches, limits, units } from './limits'
import { windows } from './windows'
import { loose } from './yaml-source'

/** Names that go into ids, concurrency groups and file names. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'is not a name; use letters, digits and -, at most 63')

const rate = percent.transform((points) => points / WHOLE)

/** The option schemas of the providers that a file may use; the loader passes those that it names, the schema generator all. */
export interface ProviderSchemas {
  router: z.ZodType<ConfiguredRouter>
  source: z.ZodType<ConfiguredSource>
  check: z.ZodType<ConfiguredCheck>
  sink: z.ZodType<ConfiguredNotifier>
  deployer: z.ZodType<ConfiguredDeployer>
}

export const region = z.strictObject({
  name: name.describe('letters, digits and -; stands for the region everywhere'),
  environment: z.string().min(1).max(255).describe('GitHub environment: approvals, wait timer, branch rules'),
  'guard-environment': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('environment without reviewers in which the guard restores; default: the name + -guard'),
  share: percent
    .optional()
    .describe('with traffic.regions: its share of the global traffic; all come to 100%'),
  zone: name
    .optional()
    .describe("with traffic.regions: regions of one zone may take each other's traffic over"),
  priority: z
    .int()
    .min(1)
    .optional()
    .describe(
      'with traffic.regions: of the others, those of the lowest number that serve take a drained share over; default: 1',
    ),
  vars: z
    .record(
      z.string().regex(/^[A-Za-z0-9-]+$/),
      z
        .union([z.string(), z.number(), z.boolean()])
        .transform(String)
        .refine((value) => !value.includes('\0'), 'holds a NUL, which no script can be given'),
    )
    .default({})
    .describe('values for ${vars.NAME}'),
})

export const order = z
  .strictObject({
    kind: z
      .enum(['serial', 'delayed', 'parallel'])
      .default('serial')
      .describe('how regions follow each other'),
    delay: duration.optional().describe('with delayed: how long the region before is watched first'),
    'parallel-needs': z
      .strictObject({
        'delayed-successes': z
          .int()
          .min(1)
          .optional()
          .describe('releases that came to all regions one after the other, watched in between'),
        within: duration.prefault('90d').describe('how long ago the first of them may have begun'),
        'rollback-drill-within': duration
          .optional()
          .describe('how long ago the last drill of the emergency rollback may have begun'),
      })
      .optional()
      .describe('what has to be shown before all regions may be rolled out at once'),
  })
  .refine((order) => (order.kind === 'delayed') === (order.delay !== undefined), {
    message: 'delay belongs to kind: delayed, and kind: delayed needs it',
    path: ['delay'],
  })

/** The sweeper looks seven days back, and begins at most a few hours late. */
const LONGEST_KEEP_OLD_MS = 6 * 24 * 3_600_000

export const arms = z.strictObject({
  names: z
    .tuple([name, name])
    .default(['blue', 'green'])
    .describe('the two places in a region where a version can run'),
  finish: z
    .enum(['swap', 'promote'])
    .default('swap')
    .describe(
      'swap: after 100 % the canary arm is the new baseline; promote: once committed the release is brought onto the old arm, too, and the traffic goes back to that, after which the old release is on neither',
    ),
  'keep-old': duration
    .refine((ms) => ms <= LONGEST_KEEP_OLD_MS, 'is longer than 6d; the sweeper looks seven days back')
    .prefault('24h')
    .describe('how long the old arm stays after the commit before `hooks.decommission` is run'),
})

/** `deploy: { script: {...} }`: the deployer's type is the only key, its settings the value. */
export const deploy = (deployer: z.ZodType<ConfiguredDeployer>) =>
  z.record(z.string(), z.unknown()).transform((value, context): ConfiguredDeployer => {
    const written = deployerOf(value)
    if (typeof written === 'string') {
      context.addIssue({ code: 'custom', message: written })
      return z.NEVER
    }
    const parsed = deployer.safeParse(written)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues)
      context.addIssue({ ...issue, path: [written.type, ...issue.path] })
    return z.NEVER
  })

/** The settings of the deployer that `deploy` names, as providers get them; or what is wrong with it. */
export function deployerOf(value: unknown): WrittenSettings | string {
  const entries = Object.entries(loose(value))
  const unknown = entries.map(([key]) => key).filter((key) => !deployers.types.includes(key))
  const known = deployers.types.join(', ')
  if (unknown.length > 0)
    return unknown
      .map((key) => `${key} is an unknown key; known here: ${known}.${didYouMean(key, deployers.types)}`)
      .join(' ')
  const [entry, ...more] = entries
  if (!entry || more.length > 0) return `needs exactly one of ${known}`
  const [type, settings] = entry
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    return `${type}: needs a map of options`
  if ('type' in settings) return `${type}.type is an unknown key; the key ${type} says it already`
  return { ...settings, type }
}

/** What every query has beside what its source asks for. */
export const metricQuery = z.looseObject({
  source: z.string().describe('name of a source'),
  absent: z
    .literal('zero')
    .optional()
    .describe(
      'its series may begin with their first event: until then nothing is counted, and nobody is warned',
    ),
})

const reportOnly = z.boolean().default(false).describe('it is judged and shown, and decides nothing')

/** A histogram: what its buckets are in, its source does not say. */
export const latencyQuery = metricQuery.extend({
  unit: z.enum(['s', 'ms']).default('s').describe('what the bounds of its buckets are in'),
  'report-only': reportOnly,
})

/** What is measured, not counted. */
export const valueQuery = metricQuery.extend({
  unit: z
    .enum(units)
    .optional()
    .describe('what it is in, for limits such as 70% (ratio, percent) or 300ms (s, ms); without it a number'),
  'report-only': reportOnly,
})

/** Other counts than requests: of how many how many failed, or succeeded. */
const ratio = z
  .strictObject({
    of: metricQuery.describe('counter of all'),
    failed: metricQuery.optional().describe('counter of those that failed'),
    succeeded: metricQuery.optional().describe('or of those that succeeded'),
    'report-only': reportOnly,
  })
  .refine(
    ({ failed, succeeded }) => (failed === undefined) !== (succeeded === undefined),
    'give failed or succeeded, one of them',
  )

export const metrics = (source: z.ZodType<ConfiguredSource>) =>
  z.strictObject({
    sources: z
      .record(name, source)
      .describe('named once, used by queries')
      .refine((all) => Object.keys(all).length > 0, 'name at least one source'),
    requests: metricQuery.describe('counter of requests of ${arm}'),
    errors: metricQuery.describe('counter of failed requests of ${arm}'),
    latency: latencyQuery
      .optional()
      .describe(
        'histogram of how long the requests of ${arm} took: the series of its buckets, those with le="+Inf" among them',
      ),
    ratios: z
      .record(name, ratio)
      .default({})
      .describe(
        'other counts, such as payments that failed, by name: compared with the baseline like errors',
      ),
    values: z
      .record(name, valueQuery)
      .default({})
      .describe('anything else, such as the use of CPU, by name: for limits'),
  })

const gateTiming = {
  checks: z.array(z.string()).min(1).describe('names of checks'),
  timeout: duration.prefault('15m').describe('when the gate says no'),
  interval: duration.prefault('15s').describe('between two rounds'),
  'green-for': duration.prefault('0s').describe('how long all must be green without a break'),
}
const failAfter = z.int().min(1)
export const gate = z.strictObject({
  ...gateTiming,
  'fail-after': failAfter
    .optional()
    .describe('red rounds of a check in a row that end it; default: red is waited out until the timeout'),
})
/** A gate under live traffic: what is red there fails people now. */
export const trafficGate = z.strictObject({
  ...gateTiming,
  'fail-after': failAfter.default(FAIL_AFTER).describe('red rounds of a check in a row that end it'),
})

export const stage = z.strictObject({
  weight: percent.describe('share of the traffic that the canary arm gets'),
  watch: duration.describe('how long it is watched at least; the lag of the metrics is added'),
  limits: limits.prefault({}).describe('what the canary must keep'),
  'min-requests': z
    .int()
    .min(1)
    .optional()
    .describe('requests the canary must have had before the stage can pass'),
  checks: z
    .array(z.string())
    .default([])
    .describe('names of checks, looked at with every sample: three red rounds in a row fail the stage'),
  confirm: z
    .strictObject({
      within: duration.prefault('4h').describe('how long the yes is waited for, judged meanwhile'),
      else: z
        .enum(['restore', 'next'])
        .default('restore')
        .describe('what becomes of it when nobody has said yes by then'),
    })
    .optional()
    .describe('the stage waits for the yes of a person once it has passed'),
  'on-fail': z
    .strictObject({
      to: percent
        .refine((points) => points > 0, 'takes all traffic from the canary; leave on-fail out for that')
        .describe('the weight that it steps back to'),
      hold: duration.describe('how long it is watched there before it is restored'),
    })
    .optional()
    .describe('a stage that fails by its metrics or checks steps back first, and is restored then'),
})
export type StageConfig = z.infer<typeof stage>

export const stages = z
  .array(stage)
  .min(1)
  .superRefine((list, context) => {
    list.forEach(({ weight, 'on-fail': onFail }, index) => {
      if (onFail && onFail.to >= weight)
        context.addIssue({
          code: 'custom',
          path: [index, 'on-fail', 'to'],
          message: `steps back to ${onFail.to / 100}%, which is not less than the ${weight / 100}% of the stage`,
        })
      const before = list[index - 1]?.weight ?? 0
      if (weight > before) return
      context.addIssue({
        code: 'custom',
        path: [index, 'weight'],
        message: `stages must rise: ${weight / 100}% does not follow ${before / 100}%`,
      })
    })
    if (list.at(-1)?.weight !== WHOLE)
      context.addIssue({
        code: 'custom',
        path: [list.length - 1, 'weight'],
        message: 'the last stage must be 100%: the rollout ends with all traffic on the canary arm',
      })
  })

export const analysis = z.strictObject({
  judge: z
    .enum(['sequential', 'threshold'])
    .default('sequential')
    .describe(
      'sequential: evidence over all samples, against the baseline and the limits; threshold: each sample against the limits alone, as a runbook says',
    ),
  'fail-after': breaches
    .default(FAIL_AFTER)
    .describe(
      'so many samples in a row that break a limit which each sample is held against fail the stage; `{ total: 5 }`: so many of all samples of the rollout',
    ),
  interval: duration.prefault('10s').describe('between two samples'),
  alpha: rate
    .refine((value) => value > 0 && value < 0.5, 'lies between 0% and 50%')
    .prefault('1%')
    .describe('probability of a false alarm over the whole rollout of a target'),
  margin: z
    .strictObject({ ratio: z.number().min(1).default(1.25), absolute: rate.prefault('0.1%') })
    .prefault({})
    .describe('how much worse than the baseline is harmless'),
  'latency-tolerance': z
    .number()
    .min(1)
    .default(1.1)
    .describe(
      'so many times slower than the baseline is harmless; compared where `metrics.latency` is given',
    ),
  'warm-up': duration
    .prefault('0s')
    .describe(
      'a canary that starts cold is not compared with the baseline for so long from its first traffic on; limits and gross failures count all the same',
    ),
  'last-watch': percent
    .refine((points) => points > 0 && points < WHOLE, 'lies between 0% and 100%')
    .optional()
    .describe(
      'the last stage is watched at this weight, so that a baseline is beside it to the end, and all of the traffic follows once it has passed',
    ),
  'min-requests': z.int().min(1).optional().describe('for stages without their own'),
  'max-watch': duration
    .optional()
    .describe('longest watch of a stage while data are too few; default 3 x watch'),
  'error-timeout': duration
    .prefault('5m')
    .describe('without a good sample for this long the stage is an error'),
  'expect-share': z
    .boolean()
    .default(true)
    .describe(
      'a stage does not pass while the canary is counted less than half the requests that its weight gives it; `false` where the metrics of an arm count requests that do not come by the router',
    ),
  'on-fail': z.enum(['rollback', 'report']).default('rollback'),
  'on-error': z.enum(['rollback', 'hold']).default('rollback'),
  'on-inconclusive': z.enum(['rollback', 'promote']).default('rollback'),
})
export type AnalysisConfig = z.infer<typeof analysis>

/** 10/25/50/75 % for five minutes each, then 100 % for half an hour. */
const defaultStages = [
  ...['10%', '25%', '50%', '75%'].map((weight) => ({ weight, watch: '5m' })),
  { weight: '100%', watch: '30m' },
]

export const canary = z.strictObject({
  analysis: analysis.prefault({}),
  stages: stages.prefault(defaultStages).describe('in order; the weights rise to 100%'),
})

const regionalTraffic = (router: z.ZodType<ConfiguredRouter>) =>
  z.strictObject({
    router: router.describe('what splits the traffic; its members are the regions'),
    'while-deploying': percent
      .prefault('10%')
      .describe(
        'share left to a region while a release is put onto it; the rest goes to the others by their shares',
      ),
    'keep-within-zone': z
      .boolean()
      .default(false)
      .describe('a drained share only moves to regions of the same zone'),
  })

const staged = z
  .array(
    z
      .strictObject({
        weight: percent.describe('share of the traffic that the arm which is taken back still carries'),
        watch: duration
          .optional()
          .describe('how long the router is watched before the next step; the last has none'),
      })
      .transform(({ weight, watch }) => ({ weight, watchMs: watch })),
  )
  .superRefine((steps, context) => {
    for (const { index, key, message } of stagedProblems(steps))
      context.addIssue({ code: 'custom', path: [index, key].filter((part) => part !== undefined), message })
  })

/** The guard has fifty minutes for what comes after the traffic. */
const LONGEST_KEEP_MS = 30 * 60_000

export const rollback = z.strictObject({
  within: duration
    .optional()
    .describe(
      'how soon after the sample that breaches a limit the traffic has to be back: the plan refuses a router that takes longer to take effect',
    ),
  'keep-canary': duration
    .refine((ms) => ms <= LONGEST_KEEP_MS, 'is longer than 30m, which the guard would not have left')
    .prefault('0s')
    .describe(
      'how long a bad release is left running once no traffic reaches it, before its workload is put back',
    ),
  staged: staged
    .optional()
    .describe(
      'the steps in which a person may take a committed release back (`staged` of the emergency rollback), at most ten, watched for at most an hour in all; everything else goes back at once',
    ),
})

export const notification = (sink: z.ZodType<ConfiguredNotifier>) =>
  z
    .looseObject({ type: z.string(), on: z.array(z.enum(eventKinds)).min(1).optional() })
    .transform(({ on, ...rest }, context): Subscription => {
      const parsed = sink.safeParse(rest)
      if (parsed.success) return { on, sink: parsed.data }
      for (const issue of parsed.error.issues) context.addIssue({ ...issue })
      return z.NEVER
    })

/** rollout.yml. The schema holds only what works. */
export const rolloutSchema = ({ router, source, check, sink, deployer }: ProviderSchemas) =>
  z.strictObject({
    version: z.literal(1).describe('format of this file'),
    service: name.describe('name of the service; letters, digits and -'),
    regions: z.array(region).min(1).describe('in order'),
    order: order.prefault({}).describe('how regions follow each other'),
    windows: windows
      .prefault({})
      .describe('when rollouts may begin; nothing keeps a region from being put back'),
    infrastructure: infrastructure
      .optional()
      .describe('what Terraform or OpenTofu plans for each region before its approval, and applies after it'),
    arms: arms.prefault({}).describe('where versions run'),
    deploy: deploy(deployer).describe('how a release gets onto an arm'),
    hooks: hooks.prefault({}).describe('scripts that are run at moments of a rollout'),
    traffic: z
      .strictObject({
        canary: z
          .strictObject({ router: router.describe('what splits the traffic') })
          .describe('between the two arms of a region'),
        regions: regionalTraffic(router).optional().describe('between the regions'),
      })
      .describe('how traffic is steered'),
    metrics: metrics(source).describe('what is counted, for each arm'),
    checks: z.record(name, check).default({}).describe('named once, used by gates'),
    gates: z
      .strictObject({
        before: gate.optional().describe('nothing is touched until green'),
        'after-deploy': gate.optional().describe('the new release on its arm, before it gets traffic'),
        'after-rollout': trafficGate
          .optional()
          .describe('with all traffic on the new release, before the commit; watched during a delay'),
      })
      .prefault({}),
    canary: canary.prefault({}).describe('how the traffic is shifted and judged'),
    rollback: rollback.prefault({}).describe('how a release is taken back'),
    notifications: z.array(notification(sink)).default([]).describe('who is told of what'),
    evidence: z
      .strictObject({
        links: z.record(z.string(), z.string()).default({}).describe('shown on cards and in reports'),
      })
      .prefault({}),
  })
export type RolloutConfig = z.infer<ReturnType<typeof rolloutSchema>>
