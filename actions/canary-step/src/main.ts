import { Cancelled, GateFailed, InputError, providerPorts, type Ports } from '@deploy-actions/action-kit'
import { chooseBounds, type Bucket } from '@deploy-actions/analysis'
import { chanceAlarms, stagesOutOfReach } from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, openLedger, whyOlder, whyTakenBack, type Ledger } from '@deploy-actions/ledger'
import { blindSpot, createArmSampler, preflight } from '@deploy-actions/metrics'
import { canaryWeights, formatPercent, formatWeights, WHOLE } from '@deploy-actions/rollout'
import { ArmLost, Conflict, mustHold } from '@deploy-actions/traffic'
import {
  Aborted,
  beginTransaction,
  commitTransaction,
  findTargetArms,
  readRouter,
  rewriteAfterReload,
  whyNotNow,
  type FoundArms,
  type JobTransaction,
} from '@deploy-actions/transaction'
import { tellPromoted } from './events'
import type { Inputs } from './inputs'
import { mustBeOnCanary, needless, skipped } from './needless'
import type { Outputs } from './outputs'
import { endUnmoved, putBack } from './put-back'
import { summarise } from './report'
import { readSettings, type CanarySettings } from './settings'
import { judgeFor } from './stage'
import { HookFailed, openStageHooks } from './stage-hooks'
import { watchStandstill } from './standstill'
import { createTrail } from './trail'
import { note, position, type Walk } from './walk'
import { walkStages, type Watching } from './walk-stages'

/** Walks the canary through its stages; puts the traffic back at once when one fails, and proves it. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const settings = await readSettings(inputs, ports)
  const { service, region, environment } = settings.target
  ports.evidence.about({ service, region, environment })
  const ledger = openLedger(settings.transaction?.ledger ?? inputs.ledger, service, ports, {
    patienceMs: LEDGER_PATIENCE_MS[inputs['dry-run'] ? 'plan' : 'forward'],
  })
  const found = await findArms(settings, ports)
  // A transaction of the job was begun for a plan that has asked before.
  const done = settings.transaction ? undefined : await needless(settings, found.arms, ledger)
  if (done !== undefined) return skipped(done, ports)
  mustBeOnCanary(inputs.arm, found.arms)
  const kept = settings.transaction ? undefined : await whyKept(settings, ledger, inputs, ports)
  if (kept !== undefined) throw new GateFailed(`${kept}. Nothing was written`)
  if (inputs['dry-run']) return wouldWalk(settings, found, ports)

  const hooks = await openStageHooks(await settings.hooksFor(found.arms, ports), settings.stages, ports)
  const standstill = watchStandstill(ports.clock)
  const walk: Walk = { settings, stages: [], trail: createTrail(), told: [], standstill, hooks }
  const watching = await prove(settings, found, ports)
  const transaction = settings.transaction ?? (await open(settings, found, ledger, inputs, ports))
  ports.evidence.about({ transaction: transaction.record.id })
  try {
    await walkStages({ walk, watching, found, transaction, ledger, ports })
    // Within a transaction of the job, its commit asks the router.
    if (!settings.transaction) {
      const whole = canaryWeights(found.arms, WHOLE)
      await rewriteAfterReload(transaction.record.id, found.router, whole, ports)
      await mustHold(
        found.router,
        whole,
        `nothing is committed: ${found.arms.canary} does not carry the traffic`,
        ports,
      )
    }
  } catch (error) {
    // At once, but bad traffic does not wait until they have ended.
    const stopped = hooks.stop()
    // A cancelled run has seconds: its posts put the traffic back.
    if (error instanceof Cancelled) {
      await stopped
      throw cancelled(walk, error, ports)
    }
    const end = isUnmoved(walk, error) ? endUnmoved : putBack
    const failure = await end(walk, transaction, ledger, error, ports)
    await Promise.all([...walk.told, stopped])
    throw failure
  }
  if (!settings.transaction)
    await commitTransaction(
      transaction,
      ledger,
      `${settings.release.version} serves all on ${transaction.settings.arms.canary}`,
      ports.context,
    )
  await Promise.all(walk.told)
  return promoted(walk, ports)
}

/** Why it may not begin by itself; within a transaction of the job that was asked before. */
async function whyKept(
  { release, target: { environment }, windows, stages }: CanarySettings,
  ledger: Ledger,
  inputs: Inputs,
  ports: Ports,
): Promise<string | undefined> {
  const takenBack = inputs.again ? undefined : await whyTakenBack(ledger, release, environment)
  const older = inputs['allow-older']
    ? undefined
    : await whyOlder(ledger, release, environment, ports.context)
  const needMs = stages.reduce((sum, { watchMs }) => sum + watchMs, 0)
  const beginning = { environment, windows, needMs, override: inputs['override-window'] }
  return takenBack ?? older ?? whyNotNow(ledger, beginning, ports)
}

/** Which arm is which; every write verifies for itself that nobody has changed the router since. */
async function findArms(settings: CanarySettings, ports: Ports): Promise<FoundArms> {
  const { transaction, target, router, arms } = settings
  if (!transaction) return findTargetArms(target, router, arms, providerPorts(ports))
  const found = await readRouter(router, arms, providerPorts(ports))
  return { ...found, arms: transaction.settings.arms }
}

/** Before anything is opened or moved: the metrics answer, the baseline has traffic, every stage can see what it must. */
async function prove(settings: CanarySettings, { arms }: FoundArms, ports: Ports): Promise<Watching> {
  const sampled = await settings.samplerFor(arms)
  const blind = blindSpot(sampled.canary)
  if (blind !== undefined) ports.log.warning(blind)
  const sampler = createArmSampler(sampled, providerPorts(ports))
  const seen = await preflight(sampler, settings.analysis.interval, ports)
  if (!seen.ok && seen.misnamed) throw new InputError(seen.misnamed)
  if (!seen.ok) throw new GateFailed(`no traffic was moved: ${seen.reason}`)
  for (const warning of seen.warnings) ports.log.warning(warning)
  const problems = stagesOutOfReach(seen, settings.stages)
  if (problems.length > 0) throw new InputError(problems.map((message) => ({ where: '', message })))
  const alarms = chanceAlarms(seen, settings.stages, settings.analysis)
  if (alarms !== undefined) ports.log.warning(alarms)
  if (settings.measured.latency) tellCoarse(seen.baseline.latency ?? [], settings.analysis, ports)
  const judge = judgeFor(settings.stages, settings.analysis, settings.measured)
  judge.learn(seen.baseline, seen.windowMs)
  return { sampler, judge }
}

/** With buckets that lie far apart, or none in reach, a canary may be slower and look the same. */
function tellCoarse(
  latency: readonly Bucket[],
  { 'latency-tolerance': tolerance }: Pick<CanarySettings['analysis'], 'latency-tolerance'>,
  { log }: Ports,
): void {
  if (chooseBounds(latency, tolerance).length === 0)
    log.warning(
      'how long requests take is not compared with the baseline: its histogram (metrics.latency) has no two bounds between which most of its requests lie',
    )
}

/** Without a transaction of the job, the walk is one of its own: opened before the first write, closed here. */
function open(
  { target, release, config, staged }: CanarySettings,
  found: FoundArms,
  ledger: Ledger,
  inputs: Inputs,
  ports: Ports,
): Promise<JobTransaction> {
  const { service, region, environment, correlationId } = target
  const { ledger: ledgerSpec, image, infra } = inputs
  return beginTransaction(
    {
      ...{ service, region, environment, correlationId, ledgerSpec, ledger },
      ...{ release, image, found, config, staged, infra },
    },
    ports,
  )
}

/**
 * Before the first write a hook had failed, somebody else had changed the router, or the canary was down: nothing was
 * written.
 */
const isUnmoved = ({ moved }: Walk, error: unknown): boolean =>
  !moved && [HookFailed, Conflict, ArmLost, Aborted].some((kind) => error instanceof kind)

function wouldWalk({ stages }: CanarySettings, { arms }: FoundArms, ports: Ports): Outputs {
  for (const { weight } of stages) ports.log.info(`would set ${formatWeights(canaryWeights(arms, weight))}`)
  return {
    outcome: 'would-promote',
    verdict: 'pass',
    reason: `would walk through ${stages.map(({ weight }) => formatPercent(weight)).join(', ')}`,
  }
}

async function promoted(walk: Walk, ports: Ports): Promise<Outputs> {
  const { stages } = walk
  const skipped = stages.find(({ skips }) => skips)
  const how = skipped
    ? `${formatPercent(skipped.weight)}: ${skipped.reason}`
    : `all ${stages.length} stages passed`
  const reason = `${how}; ${stages.at(-1)?.reason ?? ''}`
  note(walk, ports, {})
  // Within a transaction of the job it is promoted when that is committed.
  if (!walk.settings.transaction) await tellPromoted(walk, reason, ports)
  ports.summary.add(summarise(walk, reason))
  return { outcome: 'promoted', verdict: 'pass', reason, ...position(walk), 'rolled-back': false }
}

function cancelled(walk: Walk, error: Cancelled, ports: Ports): Cancelled {
  note(walk, ports, {})
  ports.summary.add(summarise(walk, 'cancelled; the traffic is put back at the end of the job'))
  return new Cancelled('the run was cancelled; the traffic is put back by the post step', {
    cause: error,
    outputs: { verdict: 'error', ...position(walk) },
  })
}
