import { escapeText, table, type Ports } from '@deploy-actions/action-kit'
import { bareTarget, configuredTarget, releaseOf, sections, type Target } from '@deploy-actions/config'
import {
  beginTransaction,
  commitTransaction,
  joinTransaction,
  mustBeOpen,
  openLedger,
  type JobTransaction,
} from '@deploy-actions/ledger'
import { formatPercent, formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'
import {
  openRouter,
  shift,
  type RouterSettings,
  type RouterState,
  type TrafficRouter,
} from '@deploy-actions/traffic'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { wantedWeights } from './wanted'

interface Place {
  target: Target
  settings: RouterSettings
  arms: readonly [string, string]
  config?: { path: string; digest: string }
}

/** Sets, reads or restores the weights of one router; leaves a restore point first. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const place = await readPlace(inputs, ports)
  const router = await openRouter(place.settings, ports, place.arms)
  const before = await router.read(ports.signal)
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
  const after = await write(inputs, place, router, before, wanted, ports)
  return conclude('changed', before, after, ports)
}

async function readPlace(inputs: Inputs, ports: Ports): Promise<Place> {
  if (inputs.router !== undefined) {
    const arms =
      inputs.arms === undefined ? (['blue', 'green'] as const) : (await sections.arms(inputs.arms)).names
    const settings = await sections.router(inputs.router)
    // Reading needs no target; a write is recorded under one.
    const target =
      inputs.mode === 'get' && inputs.service === undefined
        ? { service: '', region: '', environment: '', correlationId: '' }
        : bareTarget(inputs, ports.context)
    return { target, settings, arms }
  }
  const target = await configuredTarget(inputs, ports.context)
  const { service, region, environment } = target
  ports.evidence.about({ service, region, environment })
  const config = await target.config()
  return {
    target,
    settings: config.traffic.canary.router as RouterSettings,
    arms: config.arms.names,
    config: { path: target.file.path, digest: target.file.digest },
  }
}

/** Within the transaction of the job, or in one of its own that is committed when the write has held. */
async function write(
  inputs: Inputs,
  place: Place,
  router: TrafficRouter,
  before: RouterState,
  wanted: Weights,
  ports: Ports,
): Promise<RouterState> {
  const options = { timeoutMs: inputs.timeout, settleMs: inputs.settle, pollMs: 1_000 }
  if (inputs.transaction !== undefined) {
    const { record, ledger } = await joinTransaction(inputs.transaction, ports.context)
    ports.evidence.about({ transaction: record.id })
    await mustBeOpen(openLedger(ledger, record.service, ports), record)
    return shift(router, wanted, before, ports, options)
  }
  const ledger = openLedger(inputs.ledger, place.target.service, ports)
  const own: JobTransaction = await beginTransaction(
    {
      ...place.target,
      ledgerSpec: inputs.ledger,
      ledger,
      release: releaseOf(inputs),
      router: place.settings,
      arms: place.arms,
      ...(place.config ? { config: place.config } : {}),
      weightsOnly: true,
      dryRun: false,
    },
    ports,
  )
  ports.evidence.about({ transaction: own.record.id })
  const after = await shift(router, wanted, before, ports, options)
  await commitTransaction(own, ledger, `weights set to ${formatWeights(wanted)}`, ports.context)
  return after
}

const percents = (weights: Weights): Record<string, string> =>
  Object.fromEntries(Object.entries(weights).map(([name, points]) => [name, formatPercent(points)]))

function conclude(
  outcome: 'changed' | 'unchanged' | 'read',
  before: RouterState,
  after: RouterState,
  ports: Ports,
): Outputs {
  const reason =
    outcome === 'changed'
      ? `${formatWeights(before.weights)} became ${formatWeights(after.weights)}`
      : `the router holds ${formatWeights(after.weights)}`
  ports.log.info(reason)
  ports.evidence.facts({ before: before.weights, after: after.weights, effective: after.effective })
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
