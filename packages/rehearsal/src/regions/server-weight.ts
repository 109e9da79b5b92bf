import { maximalWeight } from './backend'

/** What strtol(3) in base 10 makes of a text: the number it begins with, and the rest. */
const leadingNumber = /^\s*([+-]?\d+)(.*)$/s

/**
 * Reads a weight as HAProxy's `server_parse_weight_change_request` does: a whole number from 0 to 256, or a
 * percentage of the configured weight, truncated and clamped. An error is HAProxy's own text.
 */
export function parseWeight(text: string | undefined, initialWeight: number): number | { error: string } {
  if (text === undefined || text === '') return { error: 'Require <weight> or <weight%>.\n' }
  const [, digits, rest] = leadingNumber.exec(text) ?? []
  if (digits === undefined) return { error: 'Empty weight string empty or preceded by garbage' }
  const number = Number(digits)
  if (rest === '%') {
    if (number < 0) return { error: 'Relative weight must be positive.\n' }
    return Math.min(Math.trunc((initialWeight * number) / 100), maximalWeight)
  }
  if (number < 0 || number > maximalWeight)
    return { error: `Absolute weight can only be between 0 and ${maximalWeight} inclusive.\n` }
  if (rest !== '') return { error: 'Trailing garbage in weight string' }
  return number
}
