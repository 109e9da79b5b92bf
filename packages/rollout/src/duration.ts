import { z } from 'zod'

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof unitMs

/**
 * Reads a duration as people write it: `30s`, `5m`, `1h30m`, `90d`, `250ms`.
 * Units fall from left to right and each stands once, so that a slip such as `5m5m` is not added up.
 * @returns milliseconds, or undefined when the text is not a duration
 */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim()) return undefined
  let total = 0
  let previous = Infinity
  for (const [, amount, unit] of parts) {
    const size = unitMs[unit as Unit]
    if (size >= previous) return undefined
    previous = size
    total += Number(amount) * size
  }
  return total <= Number.MAX_SAFE_INTEGER ? Math.round(total) : undefined
}

/** Writes milliseconds as the shortest exact text: `1h30m`, `10s`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms)
  if (rest <= 0) return '0s'
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / unitMs[unit])
    if (count > 0) text += `${count}${unit}`
    rest -= count * unitMs[unit]
  }
  return text
}

/** A duration in a config or an input: text in, milliseconds out. */
export const duration = z
  .string()
  .meta({
    description: 'a duration such as 30s, 5m or 1h30m',
    pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$',
    'x-kind': 'duration',
  })
  .transform((text, context) => {
    const ms = parseDuration(text)
    if (ms !== undefined) return ms
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not a duration; write it like 30s, 5m or 1h30m`,
    })
    return z.NEVER
  })

/** How long something may take at most: a duration that is longer than nothing. */
export const timeLimit = duration.refine((ms) => ms > 0, 'must be longer than 0s')
