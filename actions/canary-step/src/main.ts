import type { SequentialJudge } from '@deploy-actions/analysis'
import { Cancelled, GateFailed, InputError, messageOf, type Ports } from '@deploy-actions/action-kit'
import { stagesOutOfReach } from '@deploy-actions/config'
import {
  beginTransaction,
  commitTransaction,
  mustBeOpen,
  openLedger,
  type JobTransaction,
  type Ledger,
} from '@deploy-actions/ledger'
import { createArmSampler, preflight, type ArmSampler } from '@deploy-actions/metrics'
import { canaryWeights, formatPercent, formatWeights, type Arms, type Weights } from '@deploy-actions/rollout'
import { defaultShift, openRouter, shift, type RouterState } from '@deploy-actions/traffic'
import { tellPromoted, tellStage } from './events'
import type { Inputs } from './inputs'
import type { Outputs, StageResult } from './outputs'
import { putBack, StageFailed } from './put-back'
import { summarise } from './report'
import { readSettings, type CanarySettings } from './settings'
import { judgeFor, watchStage } from './stage'
import { note, position, type Walk } from './walk'

/** Walks the canary through its stages; puts the traffic back at once when one fails, and proves it. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const settings = await readSettings(inputs, ports)
  const { service, region, environment } = settings.target
  ports.evidence.about({ service, region, environment })
  const ledger = openLedger(settings.transaction?.ledger ?? inputs.ledger, service, ports)
  if (inputs['dry-run']) return wouldWalk(settings, ledger, inputs, ports)

  const walk: Walk = { settings, stages: [], trail: [], told: [] }
  const watching = await prove(settings, ledger, inputs, ports)
  const transaction = settings.transaction ?? (await open(settings, ledger, inputs, false, ports))
  ports.evidence.about({ transaction: transaction.record.id })
  try {
    await walkStages(walk, watching, transaction, ledger, ports)
  } catch (error) {
    // A cancelled run has seconds: its posts put the traffic back.
    if (error instanceof Cancelled) throw cancelled(walk, error, ports)
    const failure = await putBack(walk, transaction, ledger, error, ports)
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

/** What looks and what judges, once it is proven that they can. */
interface Watching {
  /** which arm is which, as it was when it was proven */
  arms: Arms
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
  return { arms, sampler, judge }
}

async function walkStages(
  walk: Walk,
  { arms: proven, sampler, judge }: Watching,
  transaction: JobTransaction,
  ledger: Ledger,
  ports: Ports,
): Promise<void> {
  const { settings, trail } = walk
  const { arms } = transaction.settings
  if (proven.canary !== arms.canary)
    throw new GateFailed(
      `somebody else switched the traffic to ${arms.baseline} meanwhile: no traffic was moved`,
    )
  const router = await openRouter(settings.router, ports, [arms.baseline, arms.canary])
  // What the router must still hold: any other change since is somebody else's, and is not overwritten.
  let held: RouterState = { ...(await router.read(ports.signal)), weights: recordedWeights(transaction) }

  for (const [index, plan] of settings.stages.entries()) {
    await mustBeOpen(ledger, transaction.record)
    const wanted = canaryWeights(arms, plan.weight)
    ports.log.info(`stage ${index + 1} of ${settings.stages.length}: ${formatWeights(wanted)}`)
    held = await shift(router, wanted, held, ports, defaultShift)
    const end = await watchStage({
      index,
      plan,
      judge,
      sampler,
      intervalMs: settings.analysis.interval,
      trail,
      ...ports,
    })
    const result: StageResult = {
      weight: plan.weight,
      verdict: end.verdict,
      reason: end.reason,
      durationMs: end.durationMs,
      ...end.seen,
    }
    walk.stages.push(result)
    if (end.then === 'rollback') throw new StageFailed(result, end.decidedAtMs)
    // A slow sink must not leave a stage unwatched; a rejection that nobody awaits would end the process unrecorded.
    walk.told.push(
      tellStage(result, walk, ports).catch((error: unknown) =>
        ports.log.warning(`the ${formatPercent(plan.weight)} stage could not be told: ${messageOf(error)}`),
      ),
    )
  }
}

/** The weights that the transaction found. */
function recordedWeights({ record }: JobTransaction): Weights {
  const traffic = record.restore.find((point) => point.kind === 'traffic')
  if (!traffic)
    throw new GateFailed(`transaction ${record.id} has no traffic to restore: nothing is written in it`)
  return traffic.weights
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
      ...(inputs.image === undefined ? {} : { image: inputs.image }),
      ...(config ? { config } : {}),
      dryRun,
    },
    ports,
  )
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
