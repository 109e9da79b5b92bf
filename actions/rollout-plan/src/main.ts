import type { Ports } from '@deploy-actions/action-kit'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { plan } from './plan'
import { proveRegion } from './prove-region'

/** Decides what a rollout will do, or whether one region may go ahead now, and says why. */
export function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  return inputs.mode === 'plan' ? plan(inputs, ports) : proveRegion(inputs, ports)
}
