import type { Ports } from '@deploy-actions/action-kit'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** What is done with the transaction of a target. Each mode is loaded when it is asked for. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  switch (inputs.mode) {
    case 'begin':
      return (await import('./begin')).begin(inputs, ports)
    case 'commit':
      return (await import('./commit')).commit(inputs, ports)
    case 'restore':
      return (await import('./restore')).restore(inputs, ports)
    case 'resolve':
      return (await import('./resolve')).resolve(inputs, ports)
    case 'fence':
      return (await import('./fence')).fence(inputs, ports)
    case 'stop':
      return (await import('./stop')).stop(inputs, ports)
    case 'sweep':
      return (await import('./sweep')).sweep(inputs, ports)
    case 'decommission':
      return (await import('./decommission')).decommission(inputs, ports)
    case 'steer':
      return (await import('./steer')).steer(inputs, ports)
  }
}
