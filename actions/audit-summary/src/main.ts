import type { Ports } from '@deploy-actions/action-kit'
import { collect } from './collect'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { report } from './report'

/** Opens the evidence chain of a job, or gathers the chains of a run into one report. */
export function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  return inputs.mode === 'collect' ? collect(inputs, ports) : report(inputs, ports)
}
