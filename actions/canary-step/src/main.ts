import type { SequentialJudge } from '@deploy-actions/analysis'
import {
  Cancelled,
  GateFailed,
  InputError,
  messageOf,
  providerPorts,
  type Ports,
} from '@deploy-actions/action-kit'
import { stagesOutOfReach } from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, openLedger, type Ledger } from '@deploy-actions/ledger'
import { blindSpot, createArmSampler, preflight, type ArmSampler } from '@deploy-actions/metrics'
import { canaryWeights, formatPercent, formatWeights, WHOLE } from '@deploy-actions/rollout'
import { ArmLost, Conflict, mustHold, shift, shiftOn, watchRouter, type Held } from '@deploy-actions/traffic'
import {
  beginTransaction,
  commitTransaction,
  findTargetArms,
  mustBeOpen,
  noteHeld,
  noteWrite,
  readRouter,
  rewriteAfterReload,
  weightsFound,
  type FoundArms,
  type JobTransaction,
} from '@deploy-actions/transaction'
import { tellBaselineLost, tellPromoted, tellStage } from './events'
import type { Inputs } from './inputs'
import { mustBeOnCanary, needless, skipped } from './needless'
import { followsWeights, watchMissed } from './missed-share'
import type { Outputs, StageResult } from './outputs'
import { endUnmoved, putBack, StageFailed } from './put-back'
import { summarise } from './report'
import { readSettings, type CanarySettings } from './settings'
import { judgeFor, watchStage } from './stage'
import { watchStandstill } from './standstill'
import { note, position, type Walk } from './walk'

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
  if (inputs['dry-run']) return wouldWalk(settings, found, ports)

  const walk: Walk = { settings, stages: [], trail: [], told: [], standstill: watchStandstill(ports.clock) }
  const watching = await prove(settings, found, ports)
  const transaction = settings.transaction ?? (await open(settings, found, ledger, inputs, ports))
  ports.evidence.about({ transaction: transaction.record.id })
  try {
    await walkStages(walk, watching, found, transaction, ledger, ports)
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
    // A cancelled run has seconds: its posts put the traffic back.
    if (error instanceof Cancelled) throw cancelled(walk, error, ports)
    const end = isUnmoved(walk, error) ? endUnmoved : putBack
    const failure = await end(walk, transaction, ledger, error, ports)
    await Promise.all(walk.told)
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

/** Which arm is which; every write verifies for itself that nobody has changed the router since. */
async function findArms(settings: CanarySettings, ports: Ports): Promise<FoundArms> {
  const { transaction, target, router, arms } = settings
  if (!transaction) return findTargetArms(target, router, arms, providerPorts(ports))
  const found = await readRouter(router, arms, providerPorts(ports))
  return { ...found, arms: transaction.settings.arms }
}

/** What looks and what judges, once it is proven that they can. */
interface Watching {
  sampler: ArmSampler
  judge: SequentialJudge
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
  const problems = stagesOutOfReach(seen.requestsPerSecond, settings.stages)
  if (problems.length > 0) throw new InputError(problems.map((message) => ({ where: '', message })))
  const judge = judgeFor(settings.stages, settings.analysis)
  judge.learn(seen.baseline)
  return { sampler, judge }
}

async function walkStages(
  walk: Walk,
  { sampler, judge }: Watching,
  { router, reading, arms }: FoundArms,
  transaction: JobTransaction,
  ledger: Ledger,
  ports: Ports,
): Promise<void> {
  const { settings, trail, standstill } = walk
  let noted = transaction
  const weights = weightsFound(transaction.record)
  if (!weights)
    throw new GateFailed(
      `transaction ${transaction.record.id} has no traffic to restore: nothing is written in it`,
    )
  // What the router must still hold: any other change since is somebody else's, and is not overwritten.
  let held: Held | undefined

  await mustBeOpen(ledger, transaction)
  // GitHub may have been waited for: that was not a standstill.
  standstill.beat(ports.clock.now().getTime())
  for (const [index, plan] of settings.stages.entries()) {
    const wanted = canaryWeights(arms, plan.weight)
    ports.log.info(`stage ${index + 1} of ${settings.stages.length}: ${formatWeights(wanted)}`)
    const checks = await settings.checksFor(arms, plan.checks, ports)
    noted = await noteWrite(noted, wanted, ports)
    standstill.beat()
    if (standstill.happened) await mustBeOpen(ledger, transaction)
    let shown = held
      ? await shiftOn(router, wanted, held, ports)
      : await shift(router, wanted, { ...reading, weights }, ports)
    standstill.beat()
    let standing = watchRouter(router, shown, ports.clock)
    const end = await watchStage({
      index,
      plan,
      judge,
      sampler,
      standing,
      async rewrite(found) {
        await mustBeOpen(ledger, transaction)
        noted = await noteWrite(noted, wanted, ports)
        shown = await shift(router, wanted, found, ports)
        return (standing = watchRouter(router, shown, ports.clock))
      },
      checks,
      arms,
      watchMissed:
        settings.analysis['expect-share'] && plan.weight < WHOLE && followsWeights(router, shown)
          ? () => watchMissed(shown, { ...ports, arms, router })
          : undefined,
      onBaselineLost: (reason) =>
        tellLater(walk, 'the lost baseline', tellBaselineLost(plan.weight, reason, walk, ports), ports),
      standstill,
      mayGoOn: () => mustBeOpen(ledger, transaction),
      intervalMs: settings.analysis.interval,
      trail,
      ...ports,
    })
    held = { state: shown, sinceRealMs: standing.heldAt }
    noted = await noteHeld(noted, standing.heldAt, ports)
    const result: StageResult = {
      weight: plan.weight,
      weights: shown.weights,
      readAt: shown.readAt,
      verdict: end.verdict,
      reason: end.reason,
      ...(end.alike && { alike: true }),
      durationMs: end.durationMs,
      ...end.seen,
    }
    walk.stages.push(result)
    if (end.then === 'rollback') throw new StageFailed(result, end.decidedAtMs)
    tellLater(walk, `the ${formatPercent(plan.weight)} stage`, tellStage(result, walk, ports), ports)
  }
}

/** A slow sink must not leave a stage unwatched; a rejection that nobody awaits would end the process unrecorded. */
function tellLater(walk: Walk, what: string, telling: Promise<void>, { log }: Ports): void {
  walk.told.push(
    telling.catch((error: unknown) => log.warning(`${what} could not be told: ${messageOf(error)}`)),
  )
}

/** Without a transaction of the job, the walk is one of its own: opened before the first write, closed here. */
function open(
  { target, release, config }: CanarySettings,
  found: FoundArms,
  ledger: Ledger,
  inputs: Inputs,
  ports: Ports,
): Promise<JobTransaction> {
  const { service, region, environment, correlationId } = target
  const { ledger: ledgerSpec, image } = inputs
  return beginTransaction(
    { service, region, environment, correlationId, ledgerSpec, ledger, release, image, found, config },
    ports,
  )
}

/** Before the first write somebody else had changed the router, or the canary was down: nothing was written. */
const isUnmoved = ({ stages }: Walk, error: unknown): boolean =>
  (error instanceof Conflict || error instanceof ArmLost) && stages.length === 0

function wouldWalk({ stages }: CanarySettings, { arms }: FoundArms, ports: Ports): Outputs {
  for (const { weight } of stages) ports.log.info(`would set ${formatWeights(canaryWeights(arms, weight))}`)
  return {
    outcome: 'would-promote',
    verdict: 'pass',
    reason: `would walk through ${stages.map(({ weight }) => formatPercent(weight)).join(', ')}`,
  }
}

async function promoted(walk: Walk, ports: Ports): Promise<Outputs> {
  const reason = `all ${walk.stages.length} stages passed; ${walk.stages.at(-1)?.reason ?? ''}`
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
