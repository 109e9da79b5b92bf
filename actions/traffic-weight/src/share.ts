import { InputError, type Ports } from '@deploy-actions/action-kit'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { formatPercent, formatWeights, sameWeights } from '@deploy-actions/rollout'
import { described } from '@deploy-actions/traffic'
import {
  drainRegion,
  giveShareBack,
  joinTransaction,
  mustBeOpen,
  readShares,
  type MovedShares,
} from '@deploy-actions/transaction'
import type { Inputs, ShareMode } from './inputs'
import type { Outputs } from './outputs'
import { concluded } from './report'

interface Told {
  move: typeof drainRegion
  would: string
  has: string
}

/** What is done with the share of a region, and how that is told. */
const MOVES: Record<ShareMode, Told> = {
  'drain-share': { move: drainRegion, would: 'drain', has: 'is drained to' },
  'return-share': { move: giveShareBack, would: 'give back', has: 'has its share back, which is' },
}

/** So long a step may rest on what the ledger has said of its transaction, in the action's milliseconds. */
const FRESH_MS = 10_000

/** Drains or gives back the share of the region whose transaction this job has open. */
export async function moveShare(mode: ShareMode, inputs: Inputs, ports: Ports): Promise<Outputs> {
  if (inputs.transaction === undefined)
    throw new InputError([
      {
        where: 'input `transaction`',
        message: `is missing; \`mode: ${mode}\` moves the share of the transaction that restore-point begin has opened in this job`,
      },
    ])
  const transaction = await joinTransaction(inputs.transaction, ports.context)
  const { id, service, region, environment } = transaction.record
  ports.evidence.about({ service, region, environment, transaction: id })
  const { move, would, has } = MOVES[mode]
  if (inputs['dry-run']) {
    const { before } = await readShares(transaction, ports)
    const reason = `would ${would} the share of ${region}: ${described(before)}`
    ports.log.info(reason)
    return { outcome: 'would-change', reason, changed: false }
  }
  const ledger = openLedger(transaction.ledger, service, ports, { patienceMs: LEDGER_PATIENCE_MS.forward })
  await mustBeOpen(ledger, transaction)
  let askedAtMs = ports.clock.now().getTime()
  const stillOpen = async (): Promise<void> => {
    if (ports.clock.now().getTime() - askedAtMs < FRESH_MS) return
    await mustBeOpen(ledger, transaction)
    askedAtMs = ports.clock.now().getTime()
  }
  const moved = await move(transaction, ports, {
    ...{ withinMs: inputs.timeout, settleMs: inputs.settle },
    stillOpen,
  })
  return told(moved, has, ports)
}

function told({ region, before, after }: MovedShares, has: string, ports: Ports): Outputs {
  const outcome = sameWeights(before.weights, after.weights) ? 'unchanged' : 'changed'
  const reason = `${region} ${has} ${formatPercent(after.weights[region] ?? 0)} of the global traffic: ${formatWeights(before.weights)} ${outcome === 'changed' ? `became ${formatWeights(after.weights)}` : 'is what it was'}`
  return concluded({ outcome, reason }, before, after, ports)
}
