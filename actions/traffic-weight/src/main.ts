import { InputError, providerPorts, type Ports } from '@deploy-actions/action-kit'
import { bareTarget, configuredTarget, releaseOf, sections, type Target } from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'
import {
  ArmLost,
  Conflict,
  described,
  heldBy,
  inEffect,
  NotInEffect,
  shift,
  type ConfiguredRouter,
  type RouterReading,
  type RouterState,
} from '@deploy-actions/traffic'
import {
  abandonTransaction,
  beginTransaction,
  commitTransaction,
  joinTransaction,
  lookAtRouter,
  mustBeOpen,
  noteWrite,
  type FoundArms,
  type JobTransaction,
} from '@deploy-actions/transaction'
import type { Inputs, VectorInputs } from './inputs'
import type { Outputs } from './outputs'
import { concluded, percents } from './report'
import { wantedOf } from './wanted'

/** Which router is steered, and what its writes are recorded under. */
interface Steered {
  target: Target
  router: ConfiguredRouter
  arms: readonly [string, string]
  config?: { path: string; digest: string }
}

/** Sets, reads or restores the weights of one router, leaving a restore point first; or moves the share of a region. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const { mode } = inputs
  return mode === 'drain-share' || mode === 'return-share'
    ? (await import('./share')).moveShare(mode, inputs, ports)
    : steer({ ...inputs, mode }, ports)
}

async function steer(inputs: VectorInputs, ports: Ports): Promise<Outputs> {
  const steered = await readSteered(inputs, ports)
  const found = await lookAtRouter(steered.router, steered.arms, providerPorts(ports))
  const { router, reading: before } = found
  const wanted = wantedOf(inputs, before)
  if (inputs.mode === 'get') return conclude('read', before, before, ports)
  if (before.strangers !== undefined) throw new InputError(before.strangers)
  if (before.heldOut !== undefined) ports.log.warning(`${before.heldOut}; it is left at 0`)
  const stands = heldBy(before).every((held) => sameWeights(held, wanted))
  if (stands && inEffect(router, before, wanted)) return conclude('unchanged', before, before, ports)
  if (inputs['dry-run']) {
    ports.log.info(
      stands
        ? `would write ${formatWeights(wanted)} again: ${described(before)}`
        : `would change ${before.differs ?? formatWeights(before.weights)} to ${formatWeights(wanted)}`,
    )
    return {
      outcome: 'would-change',
      reason: `would set ${formatWeights(wanted)}`,
      before: percents(before, 'weights'),
      changed: false,
    }
  }
  const after = await write(inputs, steered, { found, wanted, stands }, ports)
  return conclude('changed', before, after, ports)
}

async function readSteered(inputs: Inputs, ports: Ports): Promise<Steered> {
  if (inputs.router !== undefined) {
    const { names: arms } = await sections.arms(inputs.arms ?? '{}')
    // Reading needs no target; a write is recorded under one.
    const reads = inputs.mode === 'get' && inputs.service === undefined
    const target = bareTarget(reads ? { ...inputs, service: '', environment: '' } : inputs, ports.context)
    return { target, router: await sections.router(inputs.router, target.variables), arms }
  }
  const joined =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const infra = joined?.settings.infra ?? inputs.infra
  const target = await configuredTarget({ ...inputs, infra }, ports.context)
  const { service, region, environment, file } = target
  ports.evidence.about({ service, region, environment })
  const { traffic, arms } = await target.config()
  const config = { path: file.path, digest: file.digest }
  return { target, router: traffic.canary.router, arms: arms.names, config }
}

/** What is to be written, and over what. */
interface Change {
  found: FoundArms
  wanted: Weights
  /** the router holds it already, and it is not in effect */
  stands: boolean
}

/** Within the transaction of the job, or in one of its own that is committed when the write has held. */
async function write(inputs: Inputs, steered: Steered, change: Change, ports: Ports): Promise<RouterReading> {
  if (inputs.transaction === undefined) return writeAlone(inputs, steered, change, ports)
  const transaction = await joinTransaction(inputs.transaction, ports.context)
  const { record, ledger } = transaction
  ports.evidence.about({ transaction: record.id })
  await mustBeOpen(
    openLedger(ledger, record.service, ports, { patienceMs: LEDGER_PATIENCE_MS.forward }),
    transaction,
  )
  return shifted(inputs, transaction, change, ports)
}

async function writeAlone(
  inputs: Inputs,
  { target, config }: Steered,
  change: Change,
  ports: Ports,
): Promise<RouterReading> {
  const { found, wanted, stands } = change
  const { service, region, environment, correlationId } = target
  const ledger = openLedger(inputs.ledger, service, ports, { patienceMs: LEDGER_PATIENCE_MS.forward })
  const never = neverPutBack(found.reading)
  if (never !== undefined)
    ports.log.warning(
      `${never}, and that is never put back: the restore point of this write is what it writes, ${formatWeights(wanted)}`,
    )
  const own = await beginTransaction(
    {
      service,
      region,
      environment,
      correlationId,
      ledgerSpec: inputs.ledger,
      ledger,
      release: releaseOf(inputs),
      found,
      restoreTo: never === undefined ? undefined : wanted,
      config,
      weightsOnly: true,
      infra: inputs.infra,
    },
    ports,
  )
  ports.evidence.about({ transaction: own.record.id })
  const after = await shifted(inputs, own, change, ports).catch(async (error: unknown) => {
    // Nothing was written, because somebody else was faster, the arm is down, or it stood there: nothing is to be put back.
    if (error instanceof Conflict || error instanceof ArmLost || (stands && error instanceof NotInEffect))
      await abandonTransaction(own, ledger, error.message, ports)
    throw error
  })
  await commitTransaction(own, ledger, `weights set to ${formatWeights(wanted)}`, ports.context)
  return after
}

async function shifted(
  { timeout, settle }: Inputs,
  transaction: JobTransaction,
  { found: { router, reading }, wanted }: Change,
  ports: Ports,
): Promise<RouterReading> {
  await noteWrite(transaction, wanted, ports)
  return shift(router, wanted, reading, ports, { timeoutMs: timeout, settleMs: settle, pollMs: 1_000 })
}

/** Why nobody is to come back to what was found, in words. */
function neverPutBack({ weights, differs }: RouterState): string | undefined {
  if (differs !== undefined) return differs
  return Object.values(weights).every((points) => points === 0) ? 'no member had any weight' : undefined
}

function conclude(
  outcome: 'changed' | 'unchanged' | 'read',
  before: RouterReading,
  after: RouterReading,
  ports: Ports,
): Outputs {
  const reason = outcome === 'changed' ? changeInWords(before, after) : described(after)
  const point = restorePoint(outcome, before, after)
  return {
    ...concluded({ outcome, reason }, before, after, ports),
    ...(point && { 'restore-point': percents(point, 'weights') }),
  }
}

/** What takes a later step back: what was found, or what was written over what nobody is to come back to. */
function restorePoint(
  outcome: string,
  before: RouterReading,
  after: RouterReading,
): RouterReading | undefined {
  if (neverPutBack(before) === undefined) return before
  return outcome === 'changed' ? after : undefined
}

function changeInWords(before: RouterReading, after: RouterReading): string {
  const now = sameWeights(after.weights, after.effective) ? formatWeights(after.weights) : described(after)
  const never = neverPutBack(before)
  if (never !== undefined) return `${never}; now ${described(after)}, which is the restore point, too`
  return sameWeights(before.weights, after.weights)
    ? `it stood and was not in effect: ${described(before)}; now ${described(after)}`
    : `${formatWeights(before.weights)} became ${now}`
}
