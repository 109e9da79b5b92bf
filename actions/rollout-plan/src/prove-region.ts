import { defined, escapeText, InputError, messageOf, type Ports } from '@deploy-actions/action-kit'
import { configuredTarget, findRegion, listsOutputs, timingOf } from '@deploy-actions/config'
import {
  LEDGER_PATIENCE_MS,
  openLedger,
  provePredecessor,
  type Ledger,
  type PredecessorProof,
} from '@deploy-actions/ledger'
import { expectedMs } from '@deploy-actions/rollout'
import { armsOf, keptSettings, whyNotNow } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { standing } from './standing'

/** Whether one region may go ahead now, by the ledger alone. A `stop` is an answer, not a failure: the report says why. */
export async function proveRegion(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const target = await configuredTarget(inputs, ports.context)
  const { service, region, environment } = target
  ports.evidence.about({ service, region, environment })
  const ledger = openLedger(inputs.ledger, service, ports, {
    patienceMs: LEDGER_PATIENCE_MS.forward,
    proven: inputs.proven,
  })
  const proof = inputs.predecessor
    ? await provePredecessor(ledger, findRegion(target.file, inputs.predecessor), inputs.digest)
    : undefined
  const answer = (proceed: boolean, reason: string): Outputs =>
    conclude(proceed, reason, proof, ledger, ports)
  if (proof && !proof.proven) return answer(false, `${region} does not start: ${proof.reason}`)
  // What holds or needs the region itself is asked when it is about to begin: hours may go by until then.
  if (inputs.mode === 'predecessor') {
    const infra = listsOutputs(target.file) ? await keptInfra(ledger, proof, ports) : undefined
    return {
      ...answer(true, proof?.reason ?? `nothing comes before ${region}`),
      ...defined({ 'predecessor-infra': infra }),
    }
  }

  const config = await target.outline({ secrets: ports.secrets })
  const { skip, held } = await standing(ledger, config, inputs.digest, ports.context.runId)
  if (held !== undefined) throw new InputError(held)
  if (skip !== undefined) return answer(false, `${region} needs nothing: ${skip}`)
  const beginning = {
    ...{ environment, windows: config.windows, needMs: expectedMs(timingOf(config)) },
    override: inputs['override-window'],
  }
  const notNow = await whyNotNow(ledger, beginning, ports)
  if (notNow !== undefined) throw new InputError(notNow)
  return answer(true, `${region} may go ahead${proof ? `: ${proof.reason}` : ''}`)
}

/** What a region's infrastructure gave when its release began, for where that cannot be asked now. */
async function keptInfra(
  ledger: Ledger,
  proof: PredecessorProof | undefined,
  ports: Ports,
): Promise<Record<string, string> | undefined> {
  const transaction = proof?.transaction
  if (!transaction) return undefined
  try {
    return (await keptSettings(ledger, transaction)).infra
  } catch (error) {
    ports.signal.throwIfAborted()
    ports.log.warning(`what was kept of ${transaction.id} could not be read: ${messageOf(error)}`)
    return undefined
  }
}

function conclude(
  proceed: boolean,
  reason: string,
  proof: PredecessorProof | undefined,
  ledger: Ledger,
  ports: Ports,
): Outputs {
  ports.log.info(reason)
  ports.evidence.facts({ proceed })
  ports.summary.add(`### ${proceed ? 'May go ahead' : 'Stopped'}\n\n${escapeText(reason)}.`)
  const transaction = proof?.transaction
  return {
    outcome: proceed ? 'proceed' : 'stop',
    reason,
    proceed,
    proven: ledger.proven().join(' '),
    ...defined({
      'predecessor-transaction': transaction?.id,
      'predecessor-commit': transaction?.commit,
      // It is proven to be committed: its canary arm serves.
      'predecessor-arm': proof?.proven && transaction ? armsOf(transaction)?.canary : undefined,
    }),
  }
}
