import { messageOf, type Ports } from '@deploy-actions/action-kit'
import { freezesFor, type Ledger } from '@deploy-actions/ledger'
import { whyClosed, type Windows } from '@deploy-actions/rollout'

/** What is about to begin, and when it may. */
export interface Beginning {
  environment: string
  windows: Windows & { cover: 'start' | 'rollout' }
  /** milliseconds that it takes by its estimate: they count where the whole of it has to lie in a window */
  needMs: number
  /** why it may begin all the same */
  override?: string | undefined
}

/** The windows of what has none. */
export const ANY_TIME: Beginning['windows'] = { allow: [], freeze: [], cover: 'start' }

/**
 * Why nothing may begin in an environment now: its windows are closed, somebody has it frozen, or nobody can tell. Where it
 * may all the same, that is said and kept as evidence.
 * @returns one sentence, or undefined when it may
 */
export async function whyNotNow(
  ledger: Ledger,
  beginning: Beginning,
  { clock, log, evidence }: Pick<Ports, 'clock' | 'log' | 'evidence'>,
): Promise<string | undefined> {
  const { environment, override } = beginning
  const closed = await closedAt(ledger, beginning, clock.now()).catch(
    (error: unknown) => `whether it may begin now cannot be told: ${messageOf(error)}`,
  )
  if (closed === undefined) return undefined
  const why = `${environment}: ${closed}`
  if (override === undefined)
    return `${why}. Where it has to begin all the same, say why in \`override-window\``
  log.warning(`${why}. It begins all the same: ${override}`)
  // A plan may have several.
  evidence.facts({ [`windowOverridden ${environment}`]: { why, reason: override } })
  return undefined
}

/** What somebody has frozen is a freeze like those of rollout.yml. */
async function closedAt(
  ledger: Ledger,
  { environment, windows: { allow, freeze, cover }, needMs }: Beginning,
  now: Date,
): Promise<string | undefined> {
  const frozen = freezesFor(await ledger.freezes(), environment)
  return whyClosed({ allow, freeze: [...freeze, ...frozen] }, now, cover === 'rollout' ? needMs : 0)
}
