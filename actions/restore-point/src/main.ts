import type { Ports } from '@deploy-actions/action-kit'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** Opens, commits, restores or resolves the transaction of one target. Each mode is loaded when it is asked for. */
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
  }
}
