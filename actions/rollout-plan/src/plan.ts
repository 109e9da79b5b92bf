import { InputError, providerPorts, withOutputs, type Ports, type Problem } from '@deploy-actions/action-kit'
import {
  chosen,
  correlationOf,
  missingFiles,
  outputsNamedIn,
  ofRelease,
  readRollout,
  resolveAll,
  resolveRegion,
  timingOf,
  variablesOf,
  type RegionConfig,
  type RolloutFile,
  type Variables,
} from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, openLedger, whyOlder, whyTakenBack, type Ledger } from '@deploy-actions/ledger'
import {
  expectedMs,
  formatDuration,
  formatPercent,
  GUARD_LIMIT_MS,
  JOB_LIMIT_MS,
  maxParallel,
  parseDuration,
  place,
  PREPARE_LIMIT_MS,
  selectRegions,
  WHOLE,
  worstCaseMs,
  type OrderKind,
  type PlannedRegion,
  type Release,
  type RolloutPlan,
} from '@deploy-actions/rollout'
import { armsOf, whyNotNow } from '@deploy-actions/transaction'
import { checkEnvironments } from './environments'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { stillToBeShown } from './parallel-earned'
import { summarisePower } from './power-summary'
import { reach } from './reach'
import { summarise, type Numbers } from './report'
import { mustBeCompatible, slowCompatibility } from './schema-compatibility'
import { standing } from './standing'

/** What a run is to do, as rollout.yml and the inputs have it. */
interface Wanted {
  file: RolloutFile
  variables: Variables
  selected: RegionConfig[]
  order: Order
}

/**
 * Reads rollout.yml for this run, checks all that can be checked before anything is written, and gives the plan. A
 * further attempt that cannot be planned names its regions all the same: an earlier one may have left some of them open,
 * and their guards ask the ledger.
 */
export async function plan(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const file = await readRollout(inputs.config, ports.context)
  ports.evidence.about({ service: file.service })
  try {
    return await checked(await wanted(file, inputs, ports), inputs, ports)
  } catch (error) {
    throw ports.context.attempt === 1 ? error : withOutputs(error, toGuard(file, inputs))
  }
}

async function wanted(file: RolloutFile, inputs: Inputs, { context, secrets }: Ports): Promise<Wanted> {
  const variables = variablesOf(inputs, context, correlationOf(inputs, file.service, context))
  const configs = await resolveAll(file, { variables, secrets })
  return { file, variables, selected: select(configs, file, inputs), order: orderOf(configs, inputs) }
}

/** Where a newer release serves: a sentence each. */
async function older(
  due: readonly RegionConfig[],
  { ledger, release }: { ledger: Ledger; release: Release },
  inputs: Inputs,
  { context }: Ports,
): Promise<Problem[]> {
  if (inputs['allow-older']) return []
  const found = await Promise.all(
    due.map(({ region: { environment } }) => whyOlder(ledger, release, environment, context)),
  )
  return found.flatMap((message) => (message === undefined ? [] : [{ where: '', message }]))
}

/** All selected regions, for their guards, which need nothing of the rest of rollout.yml and wait for nobody. */
function toGuard(file: RolloutFile, inputs: Inputs): Partial<Outputs> {
  const { selected } = selectRegions(file.regions, inputs.regions)
  const regions = selected.map((entry, index): PlannedRegion => {
    const { name, environment } = entry
    const alone = { predecessor: '', 'predecessor-environment': '', 'predecessor-guard-environment': '' }
    const parts = {
      soak: false,
      before: false,
      infrastructure: false,
      outputs: false,
      share: false,
      'after-deploy': false,
      'after-rollout': false,
      finished: false,
    }
    return { name, environment, 'guard-environment': entry['guard-environment'], index, ...alone, parts }
  })
  return { service: file.service, regions, 'max-parallel': regions.length }
}

async function checked(
  { file, variables, selected, order }: Wanted,
  inputs: Inputs,
  ports: Ports,
): Promise<Outputs> {
  const ledger = openLedger(inputs.ledger, file.service, ports, { patienceMs: LEDGER_PATIENCE_MS.plan })

  const standings = await Promise.all(
    selected.map((config) => standing(ledger, config, inputs.digest, ports.context.runId)),
  )
  const release = { version: inputs.version, digest: inputs.digest }
  const takenBack = inputs.again ? undefined : await whyTakenBack(ledger, release)
  const due = selected.filter((_, index) => standings[index]?.skip === undefined)
  const regions = planned(selected, due, order.kind)
  const estimatedMs = estimateMs(due, regions, order)
  const problems: Problem[] = [
    ...(takenBack === undefined ? [] : [{ where: '', message: takenBack }]),
    ...(await older(due, { ledger, release }, inputs, ports)),
    ...standings.flatMap(({ held }) => (held === undefined ? [] : [{ where: '', message: held }])),
    ...due.flatMap((config) => tooLong(config, order)),
    ...drainedAtOnce(due, order),
    ...nothingToReturnTo(due, order),
    ...due.flatMap((config) => tooSlow(config, ports)),
    ...due.flatMap((config) => cannotSplit(config, ports)),
    ...slowCompatibility(due),
    ...(await unearned(file, due, order.kind, ledger, ports)),
    ...(await notNow(due, { ledger, estimatedMs, kind: order.kind }, inputs, ports)),
    ...(await missingFiles(due, ports.context.workspace)),
    ...(await checkEnvironments(due, inputs['require-protection'], ports)),
  ]
  if (problems.length > 0) throw new InputError(problems)
  const forArm = (name: string, arm: string) =>
    resolveRegion(file, name, { variables: { ...variables, arm } })
  const leftOpen = new Map(
    selected.flatMap((config, index) => {
      const arms = standings[index]?.leftOpen && armsOf(standings[index].leftOpen)
      return arms ? [[config.region.name, arms] as const] : []
    }),
  )
  const isKnown = outputsNamedIn(file, ['traffic', 'metrics']).length === 0
  if (!isKnown)
    ports.log.info(
      'routers and metrics are looked at once the infrastructure of their region was planned: they stand on what it gives',
    )
  const reached = await reach(isKnown ? due : [], { forArm, leftOpen }, ports)
  if (reached.problems.length > 0) throw new InputError(reached.problems)
  await mustBeCompatible(due, file, inputs, ports)

  const skipped = selected.flatMap((config, index) => {
    const reason = standings[index]?.skip
    return reason === undefined
      ? []
      : [{ name: config.region.name, environment: config.region.environment, reason }]
  })
  const rollout: RolloutPlan = {
    service: file.service,
    release,
    order: order.kind,
    regions,
    skipped,
  }
  return {
    ...conclude(
      rollout,
      due,
      { ...order, estimatedMs, power: await summarisePower(reached.seen) },
      file,
      ports,
    ),
    proven: ledger.proven().join(' '),
  }
}

function select(configs: RegionConfig[], file: RolloutFile, { regions }: Inputs): RegionConfig[] {
  const wanted = chosen(file.regions, regions, { input: 'regions', noun: 'region', path: file.path })
  return configs.filter((config) => wanted.some(({ name }) => name === config.region.name))
}

/** What keeps all regions from being rolled out at once. */
async function unearned(
  file: RolloutFile,
  due: readonly RegionConfig[],
  kind: OrderKind,
  ledger: Ledger,
  { clock }: Ports,
): Promise<Problem[]> {
  const needs = due[0]?.order['parallel-needs']
  if (kind !== 'parallel' || due.length < 2 || !needs) return []
  const missing = await stillToBeShown(needs, file, ledger, clock.now())
  return missing.map((what) => ({
    where: 'order',
    message: `parallel is not earned yet: ${what}. Until then roll out with order: delayed or serial`,
  }))
}

/** Where a region may not begin now; those that begin later are asked then, unless the whole has to lie in a window. */
async function notNow(
  due: readonly RegionConfig[],
  { ledger, estimatedMs: needMs, kind }: { ledger: Ledger; estimatedMs: number; kind: OrderKind },
  inputs: Inputs,
  ports: Ports,
): Promise<Problem[]> {
  const asked = due.filter(
    ({ windows }, index) => index === 0 || kind === 'parallel' || windows.cover === 'rollout',
  )
  const whys = await Promise.all(
    asked.map(({ region: { environment }, windows }) =>
      whyNotNow(ledger, { environment, windows, needMs, override: inputs['override-window'] }, ports),
    ),
  )
  return whys.flatMap((message) => (message === undefined ? [] : [{ where: '', message }]))
}

/** How long a rollout takes when all goes well: the soak of a delayed one comes before each region but the first. */
function estimateMs(
  due: readonly RegionConfig[],
  regions: readonly PlannedRegion[],
  { kind, delayMs }: Order,
): number {
  const each = due.map((config) => expectedMs(timingOf(config)))
  if (kind === 'parallel') return Math.max(0, ...each)
  return each.reduce((sum, ms) => sum + ms, 0) + regions.filter(({ parts }) => parts.soak).length * delayMs
}

interface Order {
  kind: OrderKind
  delayMs: number
}

function orderOf([first]: RegionConfig[], inputs: Inputs): Order {
  const kind = inputs.order ?? first?.order.kind ?? 'serial'
  const delayMs = inputs.delay ?? first?.order.delay ?? 0
  if (kind === 'delayed' && delayMs === 0)
    throw new InputError([
      {
        where: 'input `delay`',
        message: 'is missing; order: delayed needs a delay here or in rollout.yml, for example 90m',
      },
    ])
  return { kind, delayMs: kind === 'delayed' ? delayMs : 0 }
}

/** The predecessor of a region is the one before it in the run, also when that one is skipped: it is proven like any other. */
function planned(selected: RegionConfig[], due: RegionConfig[], kind: OrderKind): PlannedRegion[] {
  return place(selected, kind)
    .filter(({ region }) => due.includes(region))
    .map(({ region: { region, gates, hooks, infrastructure, traffic }, index, predecessor }) => ({
      name: region.name,
      environment: region.environment,
      'guard-environment': region['guard-environment'],
      index,
      predecessor: predecessor?.region.name ?? '',
      'predecessor-environment': predecessor?.region.environment ?? '',
      'predecessor-guard-environment': predecessor?.region['guard-environment'] ?? '',
      parts: {
        soak: kind === 'delayed' && predecessor !== undefined,
        before: gates.before !== undefined,
        infrastructure: ofRelease(infrastructure) !== undefined,
        outputs: (infrastructure ?? []).some(({ outputs }) => Object.keys(outputs).length > 0),
        share: traffic.regions !== undefined,
        'after-deploy': gates['after-deploy'] !== undefined,
        'after-rollout': gates['after-rollout'] !== undefined,
        finished: hooks.finished !== undefined,
      },
    }))
}

/** A region that goes red while it is watched is taken back, which needs its old arm. */
const nothingToReturnTo = (due: readonly RegionConfig[], { kind }: Order): Problem[] =>
  kind === 'delayed' && due.some(({ arms }) => arms.finish === 'promote')
    ? [
        {
          where: 'order',
          message:
            'delayed takes the region before back when it goes red while it is watched, and with arms.finish: promote nothing of its old release is left: use finish: swap, or order: serial',
        },
      ]
    : []

/** A region's share can only be taken over by regions that keep theirs. */
const drainedAtOnce = (due: readonly RegionConfig[], { kind }: Order): Problem[] =>
  kind === 'parallel' && due.some(({ traffic }) => traffic.regions)
    ? [
        {
          where: 'order',
          message:
            'parallel would drain all regions at once, and nobody could take their traffic over: with traffic.regions, roll out with order: serial or delayed',
        },
      ]
    : []

/** Our own part of a rollback, one write and one reading: measured in rehearsals to be less. */
const OURS_MS = 2_000

/** A router that cannot keep what rollout.yml promises, and a stage that is not to be put back so soon. */
function tooSlow({ region, traffic, arms, canary, rollback }: RegionConfig, ports: Ports): Problem[] {
  const { within } = rollback
  if (within === undefined) return []
  const where = `rollback.within of ${region.name}`
  const { router } = traffic.canary
  const { effectWithin } = router.open(providerPorts(ports), arms.names).capabilities
  const slow = OURS_MS + (parseDuration(effectWithin) ?? Infinity) > within
  const held = canary.stages.filter((stage) => (stage['on-fail']?.hold ?? 0) > within)
  return [
    ...(slow
      ? [
          {
            where,
            message: `promises ${formatDuration(within)}, and a write of ${router.written.type} takes effect within ${effectWithin}, after at most ${formatDuration(OURS_MS)} of ours: promise more, or steer the traffic by another router`,
          },
        ]
      : []),
    ...held.map(({ weight }) => ({
      where,
      message: `promises ${formatDuration(within)}, and the stage of ${formatPercent(weight)} is watched for longer when it has failed (on-fail.hold): promise more, or take that out`,
    })),
  ]
}

/** Shares that a router cannot give, since it gives all the traffic to one arm. */
function cannotSplit({ region, traffic, arms, canary, rollback }: RegionConfig, ports: Ports): Problem[] {
  const { router } = traffic.canary
  const { capabilities } = router.open(providerPorts(ports), arms.names)
  if (capabilities.only !== 'all-or-nothing') return []
  const shares: [string, number | undefined][] = [
    ...canary.stages.flatMap((stage, index): [string, number | undefined][] => [
      [`canary.stages[${index}].weight`, stage.weight],
      [`canary.stages[${index}].on-fail.to`, stage['on-fail']?.to],
    ]),
    ...(rollback.staged ?? []).map(({ weight }, index): [string, number] => [
      `rollback.staged[${index}].weight`,
      weight,
    ]),
  ]
  return shares.flatMap(([where, share]) =>
    share === undefined || share === 0 || share === WHOLE
      ? []
      : [
          {
            where: `${where} of ${region.name}`,
            message: `asks for ${formatPercent(share)}, and ${router.written.type} gives all the traffic to one arm: write 100%, or steer the traffic by a router that splits`,
          },
        ],
  )
}

/** What the jobs of region.yml cannot finish within their `timeout-minutes`, and a delay in which nothing is watched. */
function tooLong(config: RegionConfig, { delayMs }: Order): Problem[] {
  const { region, gates, deploy, arms, hooks } = config
  const timing = timingOf(config)
  const worst = worstCaseMs(timing)
  const { restoreMs } = timing.deploy
  const said: [boolean, string][] = [
    [
      worst > JOB_LIMIT_MS,
      `the deploy job could take ${formatDuration(worst)} at worst, and a hosted job is ended after 6h (${formatDuration(JOB_LIMIT_MS)} are planned with): shorten max-watch, or the timeouts of infrastructure, gates, hooks and the deploy`,
    ],
    [
      delayMs > JOB_LIMIT_MS,
      `a delay of ${formatDuration(delayMs)} does not fit into the soak job (${formatDuration(JOB_LIMIT_MS)}): shorten it, or use a wait timer of the environment`,
    ],
    [
      (gates.before?.timeout ?? 0) > PREPARE_LIMIT_MS,
      `gates.before may take at most ${formatDuration(PREPARE_LIMIT_MS)}: the prepare job is ended after 2h`,
    ],
    [
      restoreMs > GUARD_LIMIT_MS,
      `putting a deploy back could take ${formatDuration(restoreMs)} (deploy.${deploy.written.type}), and may take at most ${formatDuration(GUARD_LIMIT_MS)}: the guard restores within an hour`,
    ],
    [
      delayMs > 0 && gates['after-rollout'] === undefined,
      'order: delayed watches the checks of gates.after-rollout, and there are none: nothing would be watched in the delay',
    ],
    [
      hooks.decommission !== undefined && delayMs > arms['keep-old'],
      `a delay of ${formatDuration(delayMs)} is longer than arms.keep-old (${formatDuration(arms['keep-old'])}): the old arm would go while it is watched whether the region has to go back to it`,
    ],
  ]
  return said.flatMap(([wrong, message]) => (wrong ? [{ where: region.name, message }] : []))
}

function conclude(
  rollout: RolloutPlan,
  due: RegionConfig[],
  { kind, ...numbers }: Order & Omit<Numbers, 'reason'>,
  file: RolloutFile,
  ports: Ports,
): Outputs {
  const { service, release, regions, skipped } = rollout
  const reason =
    regions.length === 0
      ? `all regions already run ${release.version}: ${skipped.map(({ name }) => name).join(', ')}`
      : `${release.version} goes to ${regions.map(({ name }) => name).join(', then ')}${skipped.length > 0 ? `; skipped: ${skipped.map(({ name }) => name).join(', ')}` : ''}`
  ports.log.info(`${service}: ${reason}`)
  for (const { name, reason } of skipped) ports.log.info(`${name} is skipped: ${reason}`)
  const { estimatedMs, delayMs } = numbers
  ports.evidence.facts({ plan: rollout, configDigest: file.digest, estimatedMs })
  ports.summary.add(summarise(rollout, due, { reason, ...numbers }))
  return {
    outcome: 'planned',
    reason,
    service,
    regions,
    order: kind,
    'max-parallel': maxParallel(kind, regions.length),
    delay: formatDuration(delayMs),
    'delay-minutes': Math.ceil(delayMs / 60_000),
    'config-digest': file.digest,
    plan: rollout,
    'estimated-duration': formatDuration(estimatedMs),
  }
}
