import { z } from 'zod'
import { InputError } from '@deploy-actions/action-kit'
import { parseYaml, problemsOf } from '@deploy-actions/config'
import { duration, percent, WHOLE } from '@deploy-actions/rollout'
import { sharesFor } from './shares'

/** When a fault begins and how long it lasts; all times in scaled milliseconds. */
const timing = {
  region: z.string(),
  /** since the deploy job of the region began */
  from: duration.prefault('0m'),
  /** once the proxy itself shows that weight on the canary arm */
  'at-stage': percent.optional(),
  /** once the job that puts the region back has begun */
  'at-job': z.literal('guard').optional(),
  /** once the deploy job of the region is at the step of that name */
  'at-step': z.string().optional(),
  /** once the workload of the region is in the middle of a change, as a Kubernetes API server shows it */
  'at-workload': z.literal('changing').optional(),
  for: duration.optional(),
}

const share = percent.transform((points) => points / WHOLE)
const addedLatency = z
  .string()
  .regex(/^\+\d+ms$/, 'is written like +300ms')
  .transform((text) => Number(text.slice(1, -2)))

const armFault = z.strictObject({
  ...timing,
  arm: z.enum(['canary', 'baseline']),
  errors: share.optional(),
  latency: addedLatency.optional(),
  'slow-tail': share.optional().describe('take ten times as long'),
  hangs: share.optional(),
  health: z.literal('red').optional(),
  connections: z.literal('refused').optional(),
})
const metricsFault = z.strictObject({ ...timing, metrics: z.enum(['fail', 'empty', 'nan', 'slow']) })
const routerFault = z.strictObject({
  ...timing,
  router: z.enum(['refuse', 'slow', 'lie', 'revert', 'reload']),
})
const loadFault = z.strictObject({ ...timing, load: z.literal('stop') })
const githubFault = z.strictObject({ ...timing, github: z.enum(['down', 'quota-gone']) })
const runFault = z.strictObject({ ...timing, run: z.enum(['cancel', 'force-cancel']) })
/** `away`: it stands still, counts as lost, and goes on after everything else has ended */
const runnerFault = z.strictObject({ ...timing, runner: z.enum(['lost', 'away']) })

/** Somebody runs another workflow meanwhile; `rollout-yml: broken` is what main holds by then. */
const dispatchFault = z.strictObject({
  ...timing,
  dispatch: z.enum(['emergency-rollback', 'steer']),
  inputs: z.record(z.string(), z.string()).default({}),
  'rollout-yml': z.literal('broken').optional(),
})
export type Dispatch = Pick<z.infer<typeof dispatchFault>, 'dispatch' | 'inputs' | 'rollout-yml'>

/** Somebody gives regions shares at the router between them: the others keep theirs in proportion. */
const sharesFault = z.strictObject({ ...timing, shares: z.record(z.string(), percent) })

const kinds = {
  arm: armFault,
  metrics: metricsFault,
  router: routerFault,
  load: loadFault,
  github: githubFault,
  run: runFault,
  runner: runnerFault,
  dispatch: dispatchFault,
  shares: sharesFault,
}
export type ScenarioFault = z.infer<(typeof kinds)[keyof typeof kinds]>

/** Which kind a fault is is told by its key; so its mistakes are told by that kind's schema. */
const fault = z.record(z.string(), z.unknown()).transform((value, context): ScenarioFault => {
  const kind = (Object.keys(kinds) as (keyof typeof kinds)[]).find((key) => Object.hasOwn(value, key))
  if (kind === undefined) {
    context.addIssue({
      code: 'custom',
      message: `is not a fault; it has one of ${Object.keys(kinds).join(', ')}`,
    })
    return z.NEVER
  }
  const parsed = kinds[kind].safeParse(value)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) context.addIssue({ ...issue })
  return z.NEVER
})

const environment = z.strictObject({
  reviewers: z.array(z.string()).optional(),
  'wait-timer': z.int().min(1).optional(),
})

export const scenario = z.strictObject({
  /** requests per second and region, in scaled time */
  traffic: z.strictObject({ rps: z.number().min(1).default(20) }).prefault({}),
  /** what the reviewers say; otherwise they approve at once */
  approvals: z
    .record(z.string(), z.strictObject({ reject: z.string().optional(), after: duration.optional() }))
    .default({}),
  /** settings of environments in the emulated repository, instead of the proper ones */
  environments: z.record(z.string(), environment).default({}),
  faults: z.array(fault).default([]),
  /**
   * what follows when the run has ended: the same run again, one with the next release, or the sweeper, which GitHub starts
   * then; nothing strikes in it
   */
  then: z.enum(['re-run', 'next-release', 'sweep']).optional(),
  /** a person has it taken back so long after the end, while what follows may be under way */
  regret: z
    .strictObject({
      after: duration.prefault('2h'),
      inputs: z.record(z.string(), z.string()).default({}),
    })
    .optional(),
  /** what is written into rollout.yml, by paths such as `windows.freeze` */
  set: z.record(z.string(), z.unknown()).default({}),
  /** a second service, rolled out by the same run over the regions of that name */
  beside: z.strictObject({ service: z.string(), regions: z.array(z.string()).min(1) }).optional(),
})
export type Scenario = z.infer<typeof scenario>

/** A person speaks to the rollout of a region, that long after its proxy showed a weight. */
const says = (region: string, say: string, at: string, from = '0m', more: Record<string, string> = {}) => ({
  ...{ region, dispatch: 'steer' as const, 'at-stage': at, from },
  inputs: { region, say, reason: 'a scenario', ...more },
})
/** Three stages that are long enough for a word to be said and heard, with more in the first. */
const stagesWith = (more: Record<string, unknown> = {}) => ({
  'canary.stages': [
    { weight: '25%', watch: '5m', ...more },
    { weight: '50%', watch: '1m' },
    { weight: '100%', watch: '1m' },
  ],
})

const ARMS = ['canary', 'baseline'] as const
const LONG_FIRST = [
  { weight: '10%', watch: '3m' },
  { weight: '50%', watch: '2m' },
  { weight: '100%', watch: '1m' },
]
/** Stages without limits of their own, of which one is long enough for what comes late in it, or ends. */
const LONG_MIDDLE = {
  'canary.stages': [
    { weight: '25%', watch: '2m' },
    { weight: '50%', watch: '8m' },
    { weight: '100%', watch: '1m' },
  ],
}
/** About 1 % on average, each arm by itself, by half of that up and down: what real services do from minute to minute. */
const WANDERING = {
  canary: [
    '1.5%',
    '0.5%',
    '1.6%',
    '0.7%',
    '1.4%',
    '0.4%',
    '1.5%',
    '0.6%',
    '1.3%',
    '0.5%',
    '1.6%',
    '0.9%',
    '1.4%',
  ],
  baseline: [
    '0.6%',
    '1.5%',
    '0.5%',
    '1.3%',
    '0.7%',
    '1.6%',
    '0.4%',
    '1.4%',
    '0.6%',
    '1.5%',
    '0.5%',
    '1.2%',
    '0.8%',
  ],
}

/** What a scenario knows of the regions that it is made for. */
type Sharing = Parameters<typeof sharesFor>[0]
type Make = (region: string, environment: string, last: string, regions: Sharing) => z.input<typeof scenario>

const scenarios: Record<string, Make> = {
  healthy: () => ({}),
  'bad-in-eu': (region) => ({ faults: [{ region, arm: 'canary', errors: '5%' }] }),
  'no-traffic': (region) => ({ faults: [{ region, load: 'stop', 'at-stage': '10%' }] }),
  'flaky-metrics': (region) => ({ faults: [{ region, metrics: 'fail', 'at-stage': '25%', for: '90s' }] }),
  'reject-approval': (_, environment) => ({ approvals: { [environment]: { reject: 'not today' } } }),
  'cancel-at-25': (region) => ({ faults: [{ region, run: 'cancel', 'at-stage': '25%' }] }),
  'runner-lost-at-50': (region) => ({ faults: [{ region, runner: 'lost', 'at-stage': '50%' }] }),
  'red-after-rollout': (region) => ({
    faults: [{ region, arm: 'canary', health: 'red', 'at-stage': '100%' }],
  }),
  'lost-before-commit': (region) => ({
    faults: [{ region, runner: 'lost', 'at-step': 'Gate after the rollout' }],
  }),
  'lost-in-upgrade': (region) => ({
    faults: [{ region, runner: 'lost', 'at-workload': 'changing' }],
  }),
  'router-down': (region) => ({
    faults: [
      { region, arm: 'canary', errors: '60%', 'at-stage': '25%' },
      { region, router: 'refuse', 'at-stage': '25%', for: '2m' },
    ],
  }),
  'dead-canary': (region) => ({
    faults: [{ region, arm: 'canary', connections: 'refused', 'at-stage': '50%' }],
  }),
  'dead-canary-at-100': (region) => ({
    faults: [{ region, arm: 'canary', connections: 'refused', 'at-stage': '100%' }],
  }),
  slow: (region) => ({ faults: [{ region, arm: 'canary', latency: '+300ms' }] }),
  'slow-tail': (region) => ({
    faults: [{ region, arm: 'canary', 'slow-tail': '2%' }],
    // At the traffic of a rehearsal, one request in fifty takes minutes to tell from chance.
    set: { 'canary.stages': ['10%', '25%', '50%', '100%'].map((weight) => ({ weight, watch: '12m' })) },
  }),
  'late-fault': (region) => ({
    faults: [{ region, arm: 'canary', errors: '5%', 'at-stage': '50%', from: '3m' }],
    set: LONG_MIDDLE,
  }),
  'after-blip': (region) => ({
    faults: [
      ...ARMS.map((arm) => ({ region, arm, errors: '20%', 'at-stage': '25%', from: '30s', for: '1m' })),
      { region, arm: 'canary', errors: '5%', 'at-stage': '50%', from: '1m' },
    ],
    set: LONG_MIDDLE,
  }),
  'both-arms-blip': (region) => ({
    faults: ARMS.map((arm) => ({ region, arm, errors: '60%', 'at-stage': '50%', from: '1m', for: '2m' })),
    set: LONG_MIDDLE,
  }),
  'cold-start': (region) => ({
    faults: [{ region, arm: 'canary', latency: '+200ms', 'at-stage': '10%', for: '40s' }],
    set: { 'canary.analysis.warm-up': '1m', 'canary.stages': LONG_FIRST },
  }),
  wobble: (region) => ({
    faults: ARMS.flatMap((arm) =>
      WANDERING[arm].map((errors, minute) => ({
        ...{ region, arm, errors, for: '1m' },
        from: `${minute + 1}m`,
      })),
    ),
    set: LONG_MIDDLE,
  }),
  'hanging-canary': (region) => ({ faults: [{ region, arm: 'canary', hangs: '30%' }] }),
  'both-arms-down': (region) => ({
    faults: ARMS.map((arm) => ({
      ...{ region, arm, connections: 'refused' as const },
      ...{ 'at-stage': '50%', for: '2m' },
    })),
  }),
  'old-arm-dead': (region) => ({
    faults: [{ region, arm: 'baseline', connections: 'refused', 'at-stage': '50%' }],
  }),
  'github-down': (region) => ({
    faults: [
      { region, github: 'down', 'at-stage': '50%', for: '3m' },
      { region, runner: 'lost', 'at-stage': '100%' },
      { region, github: 'down', 'at-job': 'guard', for: '3m' },
    ],
  }),
  'two-services': (_, __, last) => ({ beside: { service: 'cart', regions: [last] } }),
  'quota-gone': (region) => ({ faults: [{ region, github: 'quota-gone', 'at-stage': '25%', for: '20m' }] }),
  'back-from-the-dead': (region) => ({
    faults: [{ region, runner: 'away', 'at-stage': '50%' }],
    then: 'next-release',
  }),
  'force-cancel-and-re-run': (region) => ({
    faults: [{ region, run: 'force-cancel', 'at-stage': '50%' }],
    then: 're-run',
  }),
  'force-cancel-and-sweep': (region) => ({
    faults: [{ region, run: 'force-cancel', 'at-stage': '50%' }],
    then: 'sweep',
  }),
  'window-closed': () => ({
    set: { 'windows.freeze': [{ from: '2000-01-01', to: '2999-12-31', reason: 'a scenario' }] },
  }),
  'parallel-not-earned': () => ({
    set: { order: { kind: 'parallel', 'parallel-needs': { 'delayed-successes': 3 } } },
  }),
  'parallel-one-bad': (region) => ({
    set: { order: { kind: 'parallel' } },
    faults: [{ region, arm: 'canary', errors: '5%' }],
  }),
  promote: () => ({
    set: { 'arms.finish': 'promote', order: { kind: 'serial' } },
    regret: { after: '5m', inputs: { region: 'all', reason: 'orders are lost' } },
  }),
  'promote-fails': (region) => ({
    set: { 'arms.finish': 'promote', order: { kind: 'serial' } },
    faults: [{ region, arm: 'baseline', health: 'red', 'at-step': 'Gate after the switch' }],
  }),
  'failing-hooks': (region, _, last) => ({
    set: {
      hooks: {
        'schema-compatibility': 'ops/hook.mjs schema-compatibility',
        'before-stage': 'ops/hook.mjs before-stage',
        'during-stage': `ops/hook.mjs during-stage ${last}:25`,
        'after-stage': 'ops/hook.mjs after-stage',
        finished: `ops/hook.mjs finished ${region}`,
      },
    },
  }),
  'taken-back-digest': (region) => ({
    faults: [
      {
        ...{ region, dispatch: 'emergency-rollback', 'at-stage': '50%' },
        inputs: { region, reason: 'checkout fails', freeze: '4h' },
      },
    ],
    then: 're-run',
  }),
  reload: (region) => ({
    faults: [
      { region, router: 'reload', 'at-stage': '50%', from: '20s', for: '30s' },
      { region, router: 'reload', 'at-step': 'Gate after the rollout' },
    ],
  }),
  emergency: (region) => ({
    faults: [
      {
        region,
        dispatch: 'emergency-rollback',
        inputs: { region, reason: 'checkout fails' },
        'at-stage': '50%',
      },
    ],
  }),
  'old-arm-removed': () => ({
    set: {
      order: { kind: 'serial' },
      'arms.keep-old': '10s',
      hooks: { decommission: 'ops/hook.mjs decommission' },
    },
    then: 'sweep',
    regret: { after: '5m', inputs: { region: 'all', reason: 'orders are lost' } },
  }),
  'emergency-later': () => ({ regret: { inputs: { region: 'all', reason: 'orders are lost' } } }),
  staged: () => ({
    set: {
      'rollback.staged': [{ weight: '75%', watch: '5m' }, { weight: '50%', watch: '5m' }, { weight: '0%' }],
    },
    regret: { inputs: { region: 'all', reason: 'orders are lost', staged: 'true' } },
  }),
  'emergency-beside': (region, environment) => ({
    then: 'next-release',
    approvals: { [environment]: { after: '10m' } },
    regret: { after: '8m', inputs: { region, reason: 'orders are lost' } },
  }),
  'regional-share': (region, _, last, regions) => ({
    traffic: { rps: 10 },
    set: sharesFor(regions),
    faults: [
      { region, arm: 'canary', health: 'red' },
      {
        ...{ region, 'at-step': 'Gate after the deploy' },
        shares: { [last === region ? (regions[0]?.name ?? last) : last]: '5%' },
      },
    ],
  }),
  hold: (region) => ({
    set: stagesWith(),
    faults: [says(region, 'hold', '25%'), says(region, 'release', '25%', '10m')],
  }),
  'hold-forgotten': (region) => ({ set: stagesWith(), faults: [says(region, 'hold', '25%')] }),
  confirm: (region) => ({
    set: stagesWith({ confirm: { within: '1h' } }),
    faults: [says(region, 'confirm', '25%', '8m', { stage: '25%' })],
  }),
  'confirm-missed': () => ({ set: stagesWith({ confirm: { within: '10m' } }) }),
  hotfix: (region) => ({ set: stagesWith(), faults: [says(region, 'skip', '25%')] }),
  abort: (region) => ({ set: stagesWith(), faults: [says(region, 'abort', '25%')] }),
  'step-back': (region) => ({
    set: stagesWith({ 'on-fail': { to: '10%', hold: '2m' } }),
    faults: [{ region, arm: 'canary', errors: '20%', 'at-stage': '25%' }],
  }),
  'red-in-soak': (region) => ({
    faults: [{ region, arm: 'canary', health: 'red', 'at-step': 'Tell that it was promoted' }],
  }),
}

/** Names of the ready scenarios; they strike in the second region. */
export const scenarioNames = Object.keys(scenarios)

/** A ready scenario for these regions, or undefined when none has that name. */
export function namedScenario(
  name: string,
  regions: readonly { name: string; environment: string; share?: number | undefined }[],
): Scenario | undefined {
  const struck = regions[1] ?? regions[0]
  const make = scenarios[name]
  return make && struck
    ? scenario.parse(make(struck.name, struck.environment, regions.at(-1)?.name ?? struck.name, regions))
    : undefined
}

/** Reads a scenario file. @throws InputError with line and column of every problem, unknown regions among them */
export async function parseScenario(
  text: string,
  path: string,
  regions: readonly { name: string; environment: string; 'guard-environment': string }[],
): Promise<Scenario> {
  const source = await parseYaml(text, path)
  const parsed = scenario.safeParse(source.document.toJS() ?? {})
  if (!parsed.success) throw new InputError(problemsOf(source, scenario, parsed.error.issues))
  const known = regions.map(({ name }) => name)
  const environments = regions.flatMap((region) => [region.environment, region['guard-environment']])
  const { faults, approvals, environments: settings, beside } = parsed.data
  const problems = [
    ...faults
      .filter((fault) => !known.includes(fault.region))
      .map((fault) => `no region is named ${fault.region}; known: ${known.join(', ')}`),
    ...faults
      .flatMap((fault) => ('shares' in fault ? Object.keys(fault.shares) : []))
      .filter((name) => !known.includes(name))
      .map((name) => `no region is named ${name}; known: ${known.join(', ')}`),
    ...(beside?.regions ?? [])
      .filter((name) => !known.includes(name))
      .map((name) => `no region is named ${name}; known: ${known.join(', ')}`),
    ...[...Object.keys(approvals), ...Object.keys(settings)]
      .filter((name) => !environments.includes(name))
      .map((name) => `no environment is named ${name}; known: ${environments.join(', ')}`),
    ...faults
      .filter(
        (fault) =>
          'arm' in fault &&
          [
            fault.errors,
            fault.latency,
            fault['slow-tail'],
            fault.hangs,
            fault.health,
            fault.connections,
          ].every((effect) => effect === undefined),
      )
      .map(
        (fault) =>
          `the fault of an arm in ${fault.region} does nothing; give it errors, latency, slow-tail, hangs, health or connections`,
      ),
  ]
  if (problems.length > 0) throw new InputError(problems.map((message) => ({ where: path, message })))
  return parsed.data
}
