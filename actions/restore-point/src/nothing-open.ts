import { escapeText, type Ports } from '@deploy-actions/action-kit'
import type { Outputs } from './outputs'

/** That there is nothing to restore is an answer, too. */
export function nothingOpen(why: string, ports: Ports): Outputs {
  const reason = `${why}: nothing is to be restored`
  ports.log.info(reason)
  ports.summary.add(`### Nothing to restore\n\n${escapeText(reason)}.`)
  return { outcome: 'nothing-open', reason }
}
