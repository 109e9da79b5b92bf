import { onceGitHub, type Ports } from '@deploy-actions/action-kit'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { plan } from './plan'
import { proveRegion } from './prove-region'
import { reachRegion } from './reach-region'

/** Decides what a rollout will do, or whether one region may go ahead now, and says why. */
export function main(inputs: Inputs, given: Ports): Promise<Outputs> {
  // Either is a look at one moment.
  const ports = { ...given, github: onceGitHub(given.github) }
  if (inputs.mode === 'reach') return reachRegion(inputs, ports)
  return inputs.mode === 'plan' ? plan(inputs, ports) : proveRegion(inputs, ports)
}
