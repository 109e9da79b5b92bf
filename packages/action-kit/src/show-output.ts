import type { Ports } from './ports'
import { redact } from './secrets'

/** How much of what a tool printed goes into summary and evidence: its end says why it failed. */
const KEPT_CHARACTERS = 4_000

/** What a tool did, for people: one line, and everything that it printed. */
interface Told {
  detail: string
  output: string
}

/**
 * Shows in the log what a tool printed, fenced, so that nothing in it is a command to the runner. Gives what people and
 * evidence may keep of it: secrets that were handed over are taken out, and of a long output the end is left.
 */
export function showOutput(
  name: string,
  { detail, output }: Told,
  { log, secrets }: Pick<Ports, 'log' | 'secrets'>,
): Told {
  const values = [...secrets.values()]
  const shown = redact(output, values)
  log.foreign(`Output of ${name}`, shown)
  return { detail: redact(detail, values), output: shown.slice(-KEPT_CHARACTERS) }
}
