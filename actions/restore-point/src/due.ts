import { messageOf, type Ports } from '@deploy-actions/action-kit'
import {
  doubtOf,
  freezesFor,
  LEDGER_PATIENCE_MS,
  newest,
  openLedger,
  whyNoDecommission,
  type DueTarget,
  type Entry,
  type Ledger,
} from '@deploy-actions/ledger'
import { formatDuration } from '@deploy-actions/rollout'
import type { Chosen } from './choose'
import type { Inputs } from './inputs'
import { restorable } from './target'

/** Whether the arm that a transaction has replaced may go now: by the ledger, whatever was found before. @returns why not */
export async function whyNotDue(ledger: Ledger, entry: Entry, now: Date): Promise<string | undefined> {
  const standing = await whyNotStanding(ledger, entry)
  if (standing !== undefined) return standing
  const { record, markedAt, oldArm } = entry
  if (record.keepOldMs === undefined) return `${record.id} was opened without hooks.decommission`
  // By GitHub's own time of the mark: nobody can write that.
  const keptMs = markedAt === undefined ? 0 : now.getTime() - Date.parse(markedAt)
  if (oldArm === undefined && keptMs < record.keepOldMs)
    return `it is committed for ${formatDuration(Math.max(0, keptMs))}, and its old arm stays for ${formatDuration(record.keepOldMs)}`
  const never = whyNoDecommission(oldArm, now)
  if (never !== undefined) return never
  // Whoever freezes a service is looking into something, and may still want to go back.
  const frozen = freezesFor(await ledger.freezes(), record.environment).find(
    ({ to }) => Date.parse(to) > now.getTime(),
  )
  return frozen && `${record.environment} is frozen until ${frozen.to} (${frozen.reason})`
}

/**
 * Whether a transaction is committed, proven, and the newest of its target.
 * @param by the run whose word of the old arm has to be the last
 * @returns why not
 */
export async function whyNotStanding(
  ledger: Ledger,
  { record: { id, environment } }: Entry,
  by?: number,
): Promise<string | undefined> {
  // One that was not let in yet counts, too: it has looked whether the arm is there, and need not look again.
  const last = await newest(ledger, environment)
  if (last?.record.id !== id) return `${last?.record.id ?? 'nothing'} has come after ${id}`
  if (last.state !== 'committed') return `${id} is ${last.note || last.state}`
  const { run, phase } = last.oldArm ?? {}
  if (by !== undefined && !(run === by && phase === 'begun'))
    return run === undefined || run === by
      ? `this run has said before what became of it: the next one tries it again`
      : `run ${run} has said that it decommissions it`
  return doubtOf(last)
}

/** The transaction of a target whose old arm is due, if the ledger says so, too. */
export async function dueIn(
  { service, environment }: DueTarget,
  inputs: Inputs,
  ports: Ports,
): Promise<Chosen> {
  try {
    const ledger = openLedger(inputs.ledger, service, ports, {
      trustedWorkflows: inputs['trusted-workflows'],
      patienceMs: LEDGER_PATIENCE_MS.plan,
    })
    const [entry] = await ledger.find({ environment, letIn: true, limit: 1 })
    if (!entry) return { taken: [], spared: [] }
    const why = await whyNotDue(ledger, entry, ports.clock.now())
    if (why === undefined) return await restorable(ledger, { taken: [entry], spared: [] }, ports)
    ports.log.info(`the old arm of ${service} in ${entry.record.region} stays: ${why}`)
    return { taken: [], spared: [] }
  } catch (error) {
    return { taken: [], spared: [{ region: `${environment} of ${service}`, why: messageOf(error) }] }
  }
}
