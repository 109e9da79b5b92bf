import type { SequentialJudge } from '@deploy-actions/analysis'
import { Cancelled, GateFailed, InputError, messageOf, type Ports } from '@deploy-actions/action-kit'
import { stagesOutOfReach } from '@deploy-actions/config'
import {
  beginTransaction,
  commitTransaction,
  mustBeOpen,
  openLedger,
  restoreTraffic,
  saveJobTransaction,
  type JobTransaction,
  type Ledger,
  type RestoredPoint,
} from '@deploy-actions/ledger'
import { createArmSampler, preflight, type ArmSampler } from '@deploy-actions/metrics'
import { canaryWeights, formatPercent, formatWeights } from '@deploy-actions/rollout'
import { defaultShift, openRouter, shift } from '@deploy-actions/traffic'
import { tellStage, tellRestored, tellPromoted } from './events'
import type { Inputs } from './inputs'
import type { Outputs, StageResult } from './outputs'
import { summarise } from './report'
import { readSettings, type CanarySettings } from './settings'
import { judgeFor, watchStage, type JudgedSample } from './stage'

/** What a walk has come to so far; evidence and outputs are made of it, however it ends. */
export interface Walk {
  settings: CanarySettings
  stages: StageResult[]
  trail: JudgedSample[]
}

/** Walks the canary through its stages; puts the traffic back at once when one fails, and proves it. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const settings = await readSettings(inputs, ports)
  const { service, region, environment } = settings.target
  ports.evidence.about({ service, region, environment })
  const ledger = openLedger(settings.transaction?.ledger ?? inputs.ledger, service, ports)
  if (inputs['dry-run']) return wouldWalk(settings, ledger, inputs, ports)

  const walk: Walk = { settings, stages: [], trail: [] }
  const watching = await prove(settings, ledger, inputs, ports)
  const transaction = settings.transaction ?? (await open(settings, ledger, inputs, false, ports))
  ports.evidence.about({ transaction: transaction.record.id })
  try {
    await walkStages(walk, watching, transaction, ledger, ports)
  } catch (error) {
    // A cancelled run has seconds: its posts put the traffic back.
    if (error instanceof Cancelled) throw cancelled(walk, error, ports)
    throw await putBack(walk, transaction, ledger, error, ports)
  }
  if (!settings.transaction)
    await commitTransaction(
      transaction,
      ledger,
      `${settings.release.version} serves all on ${transaction.settings.arms.canary}`,
      ports.context,
    )
  return promoted(walk, ports)
}

/** What looks and what judges, once it is proven that they can. */
interface Watching {
  sampler: ArmSampler
  judge: SequentialJudge
}

/** Before anything is opened or moved: the metrics answer, the baseline has traffic, every stage can see what it must. */
async function prove(
  settings: CanarySettings,
  ledger: Ledger,
  inputs: Inputs,
  ports: Ports,
): Promise<Watching> {
  const { arms } = (settings.transaction ?? (await open(settings, ledger, inputs, true, ports))).settings
  const sampler = await createArmSampler(await settings.samplerFor(arms), {
    ...ports,
    secrets: settings.secrets,
  })
  const seen = await preflight(sampler, settings.analysis.interval, ports)
  if (!seen.ok) throw new GateFailed(`no traffic was moved: ${seen.reason}`)
  const problems = stagesOutOfReach(seen.requestsPerSecond, settings.stages)
  if (problems.length > 0) throw new InputError(problems.map((message) => ({ where: '', message })))
  const judge = judgeFor(settings.stages, settings.analysis)
  judge.learn(seen.baseline)
  return { sampler, judge }
}

async function walkStages(
  walk: Walk,
  { sampler, judge }: Watching,
  transaction: JobTransaction,
  ledger: Ledger,
  ports: Ports,
): Promise<void> {
  const { settings, trail } = walk
  const { arms } = transaction.settings
  const router = await openRouter(settings.router, ports, [arms.baseline, arms.canary])

  for (const [index, plan] of settings.stages.entries()) {
    await mustBeOpen(ledger, transaction.record)
    const wanted = canaryWeights(arms, plan.weight)
    ports.log.info(`stage ${index + 1} of ${settings.stages.length}: ${formatWeights(wanted)}`)
    await shift(router, wanted, await router.read(ports.signal), ports, defaultShift)
    const end = await watchStage({
      index,
      plan,
      judge,
      sampler,
      intervalMs: settings.analysis.interval,
      trail,
      ...ports,
    })
    const seen = judge.seen(index).canary
    const result: StageResult = {
      weight: plan.weight,
      verdict: end.verdict,
      reason: end.reason,
      durationMs: end.durationMs,
      ...seen,
    }
    walk.stages.push(result)
    if (end.then === 'rollback') throw new StageFailed(result, end.decidedAtMs)
    await tellStage(result, walk, ports)
  }
}

/** A stage's verdict sends the traffic back. */
class StageFailed extends GateFailed {
  constructor(
    readonly stage: StageResult,
    /** real milliseconds of the sample that decided */
    readonly decidedAtMs: number,
  ) {
    super(`${formatPercent(stage.weight)}: ${stage.reason}`)
  }
}

/** Writes the restore point back, proves it, tells people, and gives the error that ends the action. */
async function putBack(
  walk: Walk,
  transaction: JobTransaction,
  ledger: Ledger,
  error: unknown,
  ports: Ports,
): Promise<Error> {
  const started = error instanceof StageFailed ? error.decidedAtMs : ports.clock.realMs()
  ports.log.error(`traffic is put back: ${messageOf(error)}`)
  const points = await restoreTraffic(transaction.record, transaction.settings, ports)
  const rollbackMs = Math.round(ports.clock.realMs() - started)
  const verified = points.every(({ ok }) => ok)
  for (const { ok, detail } of points)
    ports.log.info(`traffic ${ok ? 'restored and verified' : 'NOT restored'}: ${detail}`)
  if (verified)
    await saveJobTransaction(ports.context.temp, {
      ...transaction,
      state: walk.settings.transaction ? 'traffic-restored' : 'restored',
    })
  if (!walk.settings.transaction) await closeOwn(transaction, ledger, verified, points, ports)
  note(walk, ports, { restored: points, rollbackMs })
  await tellRestored(walk, { verified, rollbackMs, cause: messageOf(error) }, ports)
  const last = walk.stages.at(-1)
  const reason = verified
    ? `${messageOf(error)}; traffic is back at ${points.map(({ weights }) => formatWeights(weights ?? {})).join(', ')}, verified after ${rollbackMs} ms`
    : `${messageOf(error)}; traffic could NOT be put back: ${points.map(({ detail }) => detail).join('; ')}`
  ports.summary.add(summarise(walk, reason))
  const verdict = error instanceof StageFailed && last && last.verdict !== 'pass' ? last.verdict : 'error'
  const outputs = {
    verdict,
    ...position(walk),
    'rolled-back': true,
    'rollback-verified': verified,
    'rollback-ms': rollbackMs,
  }
  return new GateFailed(reason, { cause: error instanceof StageFailed ? undefined : error, outputs })
}

/** Without a transaction of the job, the walk is one of its own: opened before the first write, closed here. */
function open(
  settings: CanarySettings,
  ledger: Ledger,
  inputs: Inputs,
  dryRun: boolean,
  ports: Ports,
): Promise<JobTransaction> {
  const { target, release, router, arms, config } = settings
  return beginTransaction(
    {
      ...target,
      ledgerSpec: inputs.ledger,
      ledger,
      release,
      router,
      arms,
      ...(config ? { config } : {}),
      dryRun,
    },
    ports,
  )
}

async function closeOwn(
  { record }: JobTransaction,
  ledger: Ledger,
  verified: boolean,
  points: readonly RestoredPoint[],
  ports: Ports,
): Promise<void> {
  const note = points.map(({ detail }) => detail).join('; ')
  try {
    await ledger.mark(record.id, 'restoring', 'canary-step')
    await ledger.mark(record.id, verified ? 'restored' : 'restore-failed', note)
  } catch (error) {
    ports.log.warning(`the ledger could not be told of the restore: ${messageOf(error)}`)
  }
}

async function wouldWalk(
  settings: CanarySettings,
  ledger: Ledger,
  inputs: Inputs,
  ports: Ports,
): Promise<Outputs> {
  const { settings: found } = settings.transaction ?? (await open(settings, ledger, inputs, true, ports))
  for (const { weight } of settings.stages)
    ports.log.info(`would set ${formatWeights(canaryWeights(found.arms, weight))}`)
  return {
    outcome: 'would-promote',
    verdict: 'pass',
    reason: `would walk through ${settings.stages.map(({ weight }) => formatPercent(weight)).join(', ')}`,
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

function position({ stages }: Walk): Pick<Outputs, 'stage' | 'weight' | 'stages'> {
  return { stage: stages.length, weight: formatPercent(stages.at(-1)?.weight ?? 0), stages }
}

function note({ stages, trail, settings }: Walk, ports: Ports, more: Record<string, unknown>): void {
  ports.evidence.facts({ stages, samples: trail, analysis: settings.analysis, ...more })
}
