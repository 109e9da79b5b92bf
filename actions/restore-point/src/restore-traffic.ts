import {
  answerWithin,
  escapeText,
  GateFailed,
  InputError,
  messageOf,
  retrying,
  type Ports,
} from '@deploy-actions/action-kit'
import type { Entry, Ledger, Upload } from '@deploy-actions/ledger'
import { defined, holdingStates, type TransactionState } from '@deploy-actions/rollout'
import {
  closedBy,
  keptSettings,
  PATIENCE_MS,
  readSettings,
  restoreTraffic,
  stillNewest,
  type RestoreSettings,
} from '@deploy-actions/transaction'
import { findRecord, promptLedger, regionOf, whereOf } from './find-record'
import type { Found } from './found'
import { finishCommit } from './finish-commit'
import type { Inputs } from './inputs'
import { endedAs, newestOf, tellLost, whyOver } from './lost-record'
import type { Outputs } from './outputs'
import { nothingOpen } from './nothing-open'
import { provenBack } from './proven-back'
import { inSteps, stepsAreOver } from './step-back'
import { here, markUnlessDown, mayFollow, soon } from './tell-ledger'
import { wayOut } from './way-out'

/**
 * Puts the traffic back before any checkout, without rollout.yml: of what this run left open from what the run itself
 * uploaded, whatever the ledger does; of a transaction that is named from what its run uploaded. It stays open for the
 * rest of its restore.
 * @throws InputError without service and environment; GateFailed when the traffic could not be put back
 */
export async function restoreTrafficFirst(inputs: Inputs, ports: Ports): Promise<Outputs> {
  required(inputs)
  const where = await whereOf(inputs, ports)
  const { ledger } = where
  const region = regionOf(inputs, where.environment)
  if (inputs.to !== 'open') {
    const found = await findRecord(where, inputs, ports)
    if (!found) return nothingOpen(`the ledger does not know ${inputs.to}`, ports)
    const back = await provenBack(found, ledger, ports)
    if (back) return { ...back, outcome: 'traffic-restored' }
    return putBack(ledger, found, await keptSettings(ledger, found.record), inputs, ports)
  }
  const upload = newestOf(await uploadedBy(ledger, region, ports))
  if (!upload) return nothingOpen(`this run uploaded no restore point of ${region}`, ports)
  const standing = await standingOf(ledger, upload, ports)
  if ('closed' in standing) return nothingOpen(standing.closed, ports)
  const { record, settings } = upload
  return putBack(ledger, { record, ...standing }, readSettings(record.id, settings), inputs, ports)
}

/** The artifact service is GitHub, too: it is waited for as long as the traffic is then tried. */
const uploadedBy = (ledger: Ledger, region: string, { clock, signal }: Ports): Promise<Upload[]> =>
  retrying(() => ledger.uploadedHere(region), {
    clock,
    signal,
    idempotent: true,
    withinMs: PATIENCE_MS.restoreStep,
  })

/** By name: there is no rollout.yml to look it up in. */
function required(inputs: Inputs): void {
  const missing = (['service', 'environment'] as const).filter((key) => inputs[key] === undefined)
  if (missing.length > 0)
    throw new InputError(
      missing.map((key) => ({ where: `input \`${key}\``, message: 'is missing; `only: traffic` needs it' })),
    )
}

/** Where it stands, or why it needs no restore. */
async function standingOf(
  ledger: Ledger,
  upload: Upload,
  ports: Ports,
): Promise<{ closed: string } | Pick<Found, 'state' | 'at' | 'kept'>> {
  const entry = await entrySoon(ledger, upload, ports)
  const isLost = entry === 'unknown'
  const state = isLost ? entry : entry?.state
  const closed = await closedAs(ledger, upload, state)
  if (closed !== undefined) return { closed }
  if (isLost) tellLost(upload, ports)
  // A restore that has begun is not turned into a commit.
  const mayFinish = isLost || state === undefined || state === 'open'
  const finished = mayFinish ? await finishCommit(ledger, upload, ports) : undefined
  if (finished !== undefined) return { closed: finished }
  return isLost
    ? { kept: { settings: upload.settings, because: 'gone' } }
    : defined({ state: entry?.state, at: entry?.at })
}

/** Why it needs no restore, by the ledger; while that is silent, by what the run uploaded. */
async function closedAs(
  ledger: Ledger,
  upload: Upload,
  state: TransactionState | 'unknown' | undefined,
): Promise<string | undefined> {
  const { id } = upload.record
  if (state === 'unknown') return whyOver(ledger, upload)
  if (state !== undefined) return holdingStates.includes(state) ? undefined : `${id} is ${state}`
  const ended = endedAs(upload.states)
  return ended === undefined ? undefined : `${id} is ${ended} by what its run uploaded`
}

/** Each of its answers is waited for shortly, and all of them no longer than this. */
const SLOW_LEDGER_MS = 60_000

/** `unknown`: the ledger has answered, and does not hold it. Undefined while it does not answer. */
async function entrySoon(
  ledger: Ledger,
  { record: { id, environment, run } }: Upload,
  { clock, log }: Ports,
): Promise<Entry | 'unknown' | undefined> {
  try {
    const found = ledger.find({ id, environment, run: run.id, limit: 1 })
    const [entry] = await answerWithin(clock.ioTimeout(SLOW_LEDGER_MS), found)
    return entry ?? 'unknown'
  } catch (error) {
    log.warning(`the ledger does not tell of ${id}: ${messageOf(error)}`)
    return undefined
  }
}

async function putBack(
  ledger: Ledger,
  found: Found,
  settings: RestoreSettings,
  inputs: Inputs,
  ports: Ports,
): Promise<Outputs> {
  const { record } = found
  const { id, service, region, environment } = record
  ports.evidence.about({ service, region, environment, transaction: id })
  if (inputs['dry-run']) return { outcome: 'would-restore', reason: `would restore ${id}`, transaction: id }
  const marked = markUnlessDown(ledger, record, 'restoring', here(ports), ports, mayFollow(found.state))
  await soon(marked, ports)
  const stepped = await inSteps(found, settings, inputs, ports)
  const points = await restoreTraffic(record, settings, ports, {
    withinMs: PATIENCE_MS.restoreStep,
    stillOurs: stillNewest(promptLedger(inputs, service, ports), found, ports),
  }).catch(closedBy)
  await marked
  await stepsAreOver(id, 'closed' in points ? [] : points, ports)
  if ('closed' in points) return nothingOpen(points.closed, ports)
  const reason = [...points.map(({ name, detail }) => `${name}: ${detail}`), stepped]
    .filter(Boolean)
    .join('; ')
  const outputs = { transaction: id, restored: points }
  ports.evidence.facts({ record, restored: points })
  if (points.some(({ ok }) => !ok))
    throw new GateFailed(`the traffic of ${id} is NOT back: ${reason}${wayOut(points, record)}`, { outputs })
  ports.log.info(`the traffic of ${id} is back: ${reason}`)
  ports.summary.add(`### ${escapeText(region)}: traffic put back\n\n${escapeText(reason)}.`)
  return { outcome: 'traffic-restored', reason, ...outputs }
}
