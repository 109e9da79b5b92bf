import { InputError, type Ports } from '@deploy-actions/action-kit'
import { configuredTarget } from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { armsOf } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { summarisePower } from './power-summary'
import { reach } from './reach'
import { standing } from './standing'

/** Asks the router and the metrics of one region, where the plan could not: they stand on what its infrastructure gives. */
export async function reachRegion(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const target = await configuredTarget(inputs, ports.context)
  const { service, region, environment } = target
  ports.evidence.about({ service, region, environment })
  const config = await target.config({ secrets: ports.secrets })
  const ledger = openLedger(inputs.ledger, service, ports, {
    patienceMs: LEDGER_PATIENCE_MS.forward,
    proven: inputs.proven,
  })
  const { leftOpen } = await standing(ledger, config, inputs.digest, ports.context.runId)
  const arms = leftOpen && armsOf(leftOpen)
  const known = {
    forArm: (_: string, arm: string) => target.config({ arm }),
    leftOpen: new Map(arms ? [[region, arms]] : []),
  }
  const { problems, seen } = await reach([config], known, ports)
  if (problems.length > 0) throw new InputError(problems)
  const power = await summarisePower(seen)
  if (power !== undefined) ports.summary.add(power)
  return { outcome: 'proceed', reason: `a canary can be judged in ${region}` }
}
