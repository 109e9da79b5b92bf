import type { Ports } from '@deploy-actions/action-kit'
import { begin } from './begin'
import { commit } from './commit'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { resolve } from './resolve'
import { restore } from './restore'

/** Opens, commits, restores or resolves the transaction of one target. */
export function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  switch (inputs.mode) {
    case 'begin':
      return begin(inputs, ports)
    case 'commit':
      return commit(inputs, ports)
    case 'restore':
      return restore(inputs, ports)
    case 'resolve':
      return resolve(inputs, ports)
  }
}
