import { escapeText, providerPorts, table, type Ports } from '@deploy-actions/action-kit'
import { bareTarget, configuredTarget, releaseOf, sections, type Target } from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { formatPercent, formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'
import { ArmLost, Conflict, shift, type ConfiguredRouter, type RouterReading } from '@deploy-actions/traffic'
import {
  abandonTransaction,
  beginTransaction,
  commitTransaction,
  joinTransaction,
  mustBeOpen,
  noteWrite,
  readRouter,
  type FoundArms,
  type JobTransaction,
} from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { wantedWeights } from './wanted'

/** Which router is steered, and what its writes are recorded under. */
interface Steered {
  target: Target
  router: ConfiguredRouter
  arms: readonly [string, string]
  config?: { path: string; digest: string }
}

/** Sets, reads or restores the weights of one router; leaves a restore point first. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const steered = await readSteered(inputs, ports)
  const found = await readRouter(steered.router, steered.arms, providerPorts(ports))
  const before = found.reading
  const wanted = wantedWeights(inputs, before.weights)
  if (inputs.mode === 'get') return conclude('read', before, before, ports)
  if (sameWeights(before.weights, wanted)) return conclude('unchanged', before, before, ports)
  if (inputs['dry-run']) {
    ports.log.info(`would change ${formatWeights(before.weights)} to ${formatWeights(wanted)}`)
    return {
      outcome: 'would-change',
      reason: `would set ${formatWeights(wanted)}`,
      before: percents(before.weights),
      changed: false,
    }
  }
  const after = await write(inputs, steered, found, wanted, ports)
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
  const target = await configuredTarget(inputs, ports.context)
  const { service, region, environment, file } = target
  ports.evidence.about({ service, region, environment })
  const { traffic, arms } = await target.config()
  const config = { path: file.path, digest: file.digest }
  return { target, router: traffic.canary.router, arms: arms.names, config }
}

/** Within the transaction of the job, or in one of its own that is committed when the write has held. */
async function write(
  inputs: Inputs,
  { target, config }: Steered,
  found: FoundArms,
  wanted: Weights,
  ports: Ports,
): Promise<RouterReading> {
  const { router, reading } = found
  const options = { timeoutMs: inputs.timeout, settleMs: inputs.settle, pollMs: 1_000 }
  const shifted = async (transaction: JobTransaction) => {
    await noteWrite(transaction, wanted, ports)
    return shift(router, wanted, reading, ports, options)
  }
  if (inputs.transaction !== undefined) {
    const transaction = await joinTransaction(inputs.transaction, ports.context)
    const { record, ledger } = transaction
    ports.evidence.about({ transaction: record.id })
    await mustBeOpen(
      openLedger(ledger, record.service, ports, { patienceMs: LEDGER_PATIENCE_MS.forward }),
      transaction,
    )
    return shifted(transaction)
  }
  const { service, region, environment, correlationId } = target
  const ledger = openLedger(inputs.ledger, service, ports, { patienceMs: LEDGER_PATIENCE_MS.forward })
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
      config,
      weightsOnly: true,
    },
    ports,
  )
  ports.evidence.about({ transaction: own.record.id })
  const after = await shifted(own).catch(async (error: unknown) => {
    // Nothing was written, because somebody else was faster or the arm is down: nothing is to be put back.
    if (error instanceof Conflict || error instanceof ArmLost)
      await abandonTransaction(own, ledger, error.message, ports)
    throw error
  })
  await commitTransaction(own, ledger, `weights set to ${formatWeights(wanted)}`, ports.context)
  return after
}

const percents = (weights: Weights): Record<string, string> =>
  Object.fromEntries(Object.entries(weights).map(([name, points]) => [name, formatPercent(points)]))

function conclude(
  outcome: 'changed' | 'unchanged' | 'read',
  before: RouterReading,
  after: RouterReading,
  ports: Ports,
): Outputs {
  const reason =
    outcome === 'changed'
      ? `${formatWeights(before.weights)} became ${formatWeights(after.weights)}`
      : `the router holds ${formatWeights(after.weights)}`
  ports.log.info(reason)
  ports.evidence.facts({
    before: before.weights,
    after: after.weights,
    effective: after.effective,
    readAt: after.readAt,
  })
  const rows = Object.keys(after.members).map((name) => [
    name,
    formatPercent(before.weights[name] ?? 0),
    formatPercent(after.weights[name] ?? 0),
    formatPercent(after.effective[name] ?? 0),
  ])
  ports.summary.add(
    `### Traffic ${outcome}\n\n${escapeText(reason)}.\n\n${table(['Member', 'Before', 'After', 'In effect'], rows)}`,
  )
  return {
    outcome,
    reason,
    before: percents(before.weights),
    after: percents(after.weights),
    effective: percents(after.effective),
    'restore-point': percents(before.weights),
    changed: outcome === 'changed',
  }
}
