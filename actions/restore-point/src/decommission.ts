import {
  Cancelled,
  escapeText,
  fenced,
  GateFailed,
  InputError,
  messageOf,
  missingAccess,
  missingScript,
  providerPorts,
  runScriptToEnd,
  showOutput,
  type Ports,
} from '@deploy-actions/action-kit'
import { scriptVariables, type ConfiguredTarget, type Hook } from '@deploy-actions/config'
import {
  LEDGER_PATIENCE_MS,
  MAX_DECOMMISSIONS,
  openLedger,
  type Entry,
  type Ledger,
} from '@deploy-actions/ledger'
import type { Arms } from '@deploy-actions/rollout'
import { described, reachedArms, type ObservedRouter } from '@deploy-actions/traffic'
import { keptSettings, openRouter } from '@deploy-actions/transaction'
import { whyNotDue, whyNotStanding } from './due'
import { findNamed } from './find-record'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { configAtRecord } from './record-config'
import { servesAll } from './serves-all'

/**
 * Between the word that an arm is to go and the hook that removes it, in the action's milliseconds: whoever has looked
 * before that word, and writes after it, has written by then, and is seen.
 */
const HEARD_WITHIN_MS = 30_000

/** An old arm that is to go: what holds of it, and what removes it. */
interface OldArm {
  entry: Entry
  ledger: Ledger
  arms: Arms
  router: ObservedRouter
  hook: Hook
  target: ConfiguredTarget
  attempt: number
}

/**
 * Removes the arm that a committed release has replaced, by the hook of the commit that brought that release. It never
 * touches an arm that serves: the ledger and the router are asked before the ledger is told, so that an arm in use costs no
 * try, and again afterwards. Whoever begins a rollout or takes the release back asks the ledger after it has written, as
 * this does: of two at once at least one sees the other, and gives way.
 * @throws GateFailed when its hook cannot be had, or has failed
 */
export async function decommission(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const { service } = inputs
  if (inputs.ledger !== 'github' || service === undefined || inputs.to === 'open')
    throw new InputError([
      {
        where: 'inputs `service`, `to` and `ledger`',
        message:
          '`mode: decommission` needs the service and the id of the transaction, and the ledger of GitHub',
      },
    ])
  const ledger = openLedger(inputs.ledger, service, ports, {
    trustedWorkflows: inputs['trusted-workflows'],
    patienceMs: LEDGER_PATIENCE_MS.plan,
  })
  const entry = await findNamed({ service, environment: inputs.environment, ledger }, inputs.to)
  const { id, region, environment } = entry.record
  ports.evidence.about({ service, region, environment, transaction: id })
  const stays = (why: string): Outputs => {
    ports.log.warning(`nothing is removed in ${region}: ${why}`)
    return { outcome: 'nothing-open', reason: why, transaction: id }
  }
  const notDue = await whyNotDue(ledger, entry, await begunAt(ports))
  if (notDue !== undefined) return stays(notDue)
  const old = await prepare(entry, ledger, ports)
  const inUse = await whyInUse(old, ports)
  if (inUse !== undefined) return stays(inUse)
  if (inputs['dry-run']) {
    const reason = `would run ${old.hook.run.path} for ${old.arms.baseline}`
    ports.log.info(reason)
    return { outcome: 'would-decommission', reason, transaction: id }
  }
  await say(old, 'begun')
  const came = await whyLeft(old, ports)
  return came === undefined ? remove(old, ports) : stays(came)
}

/** When this run was begun, by GitHub's own clock, as the commit was: that of a runner may be a day ahead. */
async function begunAt({ github, context }: Ports): Promise<Date> {
  const { created_at: createdAt } = await github.request<{ created_at: string }>(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
    { run_id: context.runId },
    { permission: 'actions: read' },
  )
  return new Date(createdAt)
}

/** @throws GateFailed where the rollout.yml of the record, its hook, or what that needs is not there */
async function prepare(entry: Entry, ledger: Ledger, ports: Ports): Promise<OldArm> {
  const { record, oldArm } = entry
  const settings = await keptSettings(ledger, record)
  const { arms } = settings
  const target = await configAtRecord(record, settings, ports)
  const hook = (await target?.config({ arm: arms.baseline }))?.hooks.decommission
  if (!target || !hook)
    throw new GateFailed(
      `${arms.baseline} was left as it is: hooks.decommission of ${record.config?.path ?? 'rollout.yml'} at ${record.commit} cannot be had; check out that commit`,
    )
  // Found now, while the arm is there: once the ledger is told that it goes, nothing is given back to it.
  const missing = [
    ...[await missingScript(hook.run, ports.context.workspace)].filter((why) => why !== undefined),
    ...missingAccess(hook.run, providerPorts(ports), hook).map(({ message }) => message),
  ]
  if (missing.length > 0)
    throw new GateFailed(`${arms.baseline} was left as it is: hooks.decommission: ${missing.join('; ')}`)
  const router = await openRouter(settings, ports)
  return { entry, ledger, arms, router, hook, target, attempt: (oldArm?.attempt ?? 0) + 1 }
}

/**
 * Undefined only where the router was read with all the traffic on the other arm, and nobody reaches this one. Clients that
 * are bound to it may take days to leave: the next sweep looks again.
 */
async function whyInUse(
  { arms: { baseline, canary }, router }: OldArm,
  ports: Ports,
): Promise<string | undefined> {
  const reading = await router.read(ports.signal)
  ports.evidence.facts({ weights: reading.weights, effective: reading.effective, readAt: reading.readAt })
  if (servesAll(reading) !== canary)
    return `${canary} does not serve all of the traffic (${reading.strangers ?? described(reading)})`
  if ((await reachedArms(router, reading.weights, ports)).includes(baseline))
    return `${baseline} gets requests although the router gives it no traffic`
  // A socket or a stream that was opened before the release lasts on, whatever the weights are.
  const underWay = (await router.requests?.(ports.signal))?.[baseline]?.underWay ?? 0
  return underWay > 0
    ? `${underWay} requests or connections to ${baseline} have not come to an end`
    : undefined
}

/** What came while nobody could know yet that the arm is to go goes first: then the ledger is told that it was left. */
async function whyLeft(old: OldArm, ports: Ports): Promise<string | undefined> {
  try {
    await ports.clock.sleep(HEARD_WITHIN_MS, ports.signal)
    const why =
      (await whyNotStanding(old.ledger, old.entry, ports.context.runId)) ?? (await whyInUse(old, ports))
    if (why !== undefined) await say(old, 'left', why)
    return why
  } catch (error) {
    await say(old, 'left', messageOf(error))
    throw error
  }
}

const say = async (
  { ledger, entry, arms, attempt }: OldArm,
  phase: 'begun' | 'done' | 'failed' | 'left',
  why?: string,
): Promise<void> => ledger.sayOldArm?.(entry.record, { phase, arm: arms.baseline, attempt, why })

async function remove(old: OldArm, ports: Ports): Promise<Outputs> {
  const { entry, hook, target, arms, attempt } = old
  const { id, region, release, image } = entry.record
  const { run: script, timeout: timeoutMs, ...access } = hook
  const variables = scriptVariables(target, { ...release, image }, ports.context, {
    arm: arms.baseline,
    ...arms,
  })
  const outputs = { transaction: id, attempt }
  const options = { timeoutMs, signal: ports.signal, access }
  const ended = await runScriptToEnd(script, providerPorts(ports, variables), options).catch(
    async (cause: unknown) => {
      await say(old, 'failed', messageOf(cause))
      throw new GateFailed(messageOf(cause), { outputs, cause })
    },
  )
  const { detail, output } = showOutput(`decommission (${script.path})`, ended, ports)
  ports.evidence.facts({ ...ended.facts, ended: ended.ended, output })
  const isDone = ended.ended === 'done'
  await say(old, isDone ? 'done' : 'failed', isDone ? undefined : detail)
  const reason = isDone
    ? `${arms.baseline} is gone: ${detail}`
    : `${arms.baseline} may be gone in part: ${detail}; ${
        attempt < MAX_DECOMMISSIONS
          ? `a later sweep tries it again (try ${attempt} of ${MAX_DECOMMISSIONS})`
          : `it was tried ${attempt} times, and is not tried again: remove ${arms.baseline} by hand, or let the next rollout bring a release there`
      }`
  ports.summary.add(
    `### ${escapeText(region)}: ${isDone ? 'the old arm is gone' : 'the old arm could not be removed'}\n\n${escapeText(reason)}.${output.trim() === '' ? '' : `\n\n${fenced(output)}`}`,
  )
  if (ended.ended === 'cancelled') throw new Cancelled(reason, { outputs })
  if (!isDone) throw new GateFailed(reason, { outputs })
  ports.log.info(reason)
  return { outcome: 'decommissioned', reason, ...outputs }
}
