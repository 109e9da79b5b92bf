import { InputError, withOutputs, type Ports, type Problem } from '@deploy-actions/action-kit'
import {
  correlationOf,
  readRollout,
  resolveAll,
  resolveRegion,
  timingOf,
  variablesOf,
  type RegionConfig,
  type RolloutFile,
  type Variables,
} from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import {
  expectedMs,
  formatDuration,
  GUARD_LIMIT_MS,
  JOB_LIMIT_MS,
  maxParallel,
  place,
  PREPARE_LIMIT_MS,
  selectRegions,
  worstCaseMs,
  type OrderKind,
  type PlannedRegion,
  type RolloutPlan,
} from '@deploy-actions/rollout'
import { armsOf } from '@deploy-actions/transaction'
import { checkEnvironments } from './environments'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { reachProblems } from './reach'
import { summarise } from './report'
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
  const correlationId = correlationOf(inputs, file.service, ports.context)
  const variables = variablesOf(inputs, ports.context, correlationId)
  const configs = await resolveAll(file, { variables, secrets: ports.secrets })
  const wanted = { file, variables, selected: select(configs, file, inputs), order: orderOf(configs, inputs) }
  try {
    return await checked(wanted, inputs, ports)
  } catch (error) {
    throw ports.context.attempt === 1 ? error : withOutputs(error, toGuard(wanted))
  }
}

/** All selected regions, for their guards. */
function toGuard({ file, selected, order: { kind } }: Wanted): Partial<Outputs> {
  const regions = planned(selected, selected, kind)
  return { service: file.service, regions, 'max-parallel': maxParallel(kind, regions.length) }
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
  const due = selected.filter((_, index) => standings[index]?.skip === undefined)
  const problems: Problem[] = [
    ...standings.flatMap(({ held }) => (held === undefined ? [] : [{ where: '', message: held }])),
    ...due.flatMap((config) => tooLong(config, order)),
    ...(await missingForDeploy(due, ports)),
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
  const unreachable = await reachProblems(due, { forArm, leftOpen }, ports)
  if (unreachable.length > 0) throw new InputError(unreachable)

  const skipped = selected.flatMap((config, index) => {
    const reason = standings[index]?.skip
    return reason === undefined
      ? []
      : [{ name: config.region.name, environment: config.region.environment, reason }]
  })
  const regions = planned(selected, due, order.kind)
  const rollout: RolloutPlan = {
    service: file.service,
    release: { version: inputs.version, digest: inputs.digest },
    order: order.kind,
    regions,
    skipped,
  }
  return { ...conclude(rollout, due, order, file, ports), proven: ledger.proven().join(' ') }
}

/** What the deployers see to be missing; regions may have their own, most share theirs, and each is said once. */
async function missingForDeploy(due: readonly RegionConfig[], { context }: Ports): Promise<Problem[]> {
  const problems = (await Promise.all(due.map(({ deploy }) => deploy.missing(context.workspace)))).flat()
  return [...new Map(problems.map((problem) => [`${problem.where} ${problem.message}`, problem])).values()]
}

function select(configs: RegionConfig[], file: RolloutFile, { regions }: Inputs): RegionConfig[] {
  const { selected, unknown } = selectRegions(file.regions, regions)
  const known = file.regions.map(({ name }) => name).join(', ')
  if (unknown.length > 0)
    throw new InputError(
      unknown.map((name) => ({
        where: 'input `regions`',
        message: `no region is named ${name}; known in ${file.path}: ${known}`,
      })),
    )
  if (selected.length === 0)
    throw new InputError([
      { where: 'input `regions`', message: `names no region; write all or some of ${known}` },
    ])
  return configs.filter((config) => selected.some(({ name }) => name === config.region.name))
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
    .map(({ region: { region, gates }, index, predecessor }) => ({
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
        'after-deploy': gates['after-deploy'] !== undefined,
        'after-rollout': gates['after-rollout'] !== undefined,
      },
    }))
}

/** What the jobs of region.yml cannot finish within their `timeout-minutes`, and a delay in which nothing is watched. */
function tooLong(config: RegionConfig, { delayMs }: Order): Problem[] {
  const { region, gates, deploy } = config
  const worst = worstCaseMs(timingOf(config))
  const { restoreMs } = deploy.worstCase()
  const said: [boolean, string][] = [
    [
      worst > JOB_LIMIT_MS,
      `the deploy job could take ${formatDuration(worst)} at worst, and a hosted job is ended after 6h (${formatDuration(JOB_LIMIT_MS)} are planned with): shorten max-watch, the gates' timeouts or that of the deploy`,
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
  ]
  return said.flatMap(([wrong, message]) => (wrong ? [{ where: region.name, message }] : []))
}

function conclude(
  rollout: RolloutPlan,
  due: RegionConfig[],
  { kind, delayMs }: Order,
  file: RolloutFile,
  ports: Ports,
): Outputs {
  const each = due.map((config) => expectedMs(timingOf(config)))
  const soaks = rollout.regions.filter(({ parts }) => parts.soak).length
  const estimated =
    kind === 'parallel' ? Math.max(0, ...each) : each.reduce((sum, ms) => sum + ms, 0) + soaks * delayMs
  const { service, release, regions, skipped } = rollout
  const reason =
    regions.length === 0
      ? `all regions already run ${release.version}: ${skipped.map(({ name }) => name).join(', ')}`
      : `${release.version} goes to ${regions.map(({ name }) => name).join(', then ')}${skipped.length > 0 ? `; skipped: ${skipped.map(({ name }) => name).join(', ')}` : ''}`
  ports.log.info(`${service}: ${reason}`)
  for (const { name, reason } of skipped) ports.log.info(`${name} is skipped: ${reason}`)
  ports.evidence.facts({ plan: rollout, configDigest: file.digest, estimatedMs: estimated })
  ports.summary.add(summarise(rollout, due, { reason, estimatedMs: estimated, delayMs }))
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
    'estimated-duration': formatDuration(estimated),
  }
}
