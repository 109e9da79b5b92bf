import { z } from 'zod'

/** All of something, in basis points. */
export const WHOLE = 10_000

/**
 * Reads a share: `10%`, `0.5%`, or the bare number of percent `10`.
 * @returns basis points (10,000 = all), or undefined when the text is not a share of 0 to 100 % in steps of 0.01 %
 */
export function parsePercent(text: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*%?$/.exec(String(text).trim())
  if (!match) return undefined
  const points = Number((Number(match[1]) * 100).toFixed(6))
  return Number.isInteger(points) && points <= WHOLE ? points : undefined
}

/** Writes basis points as people read them: 1000 -> `10%`, 50 -> `0.5%`. */
export function formatPercent(basisPoints: number): string {
  return `${Number((basisPoints / 100).toFixed(2))}%`
}

/** Writes a rate (0 to 1) as a percentage with the digits that matter: 0.00844 -> `0.84%`. */
export function formatRate(rate: number): string {
  const percent = rate * 100
  return `${Number(percent.toPrecision(percent >= 1 ? 3 : 2))}%`
}

/** A share in a config or an input: `10%` or 10 in, basis points out. */
export const percent = z
  .union([z.string(), z.number()])
  .meta({ description: 'a percentage such as 10%, 0.5% or 10', 'x-kind': 'percentage' })
  .transform((text, context) => {
    const points = parsePercent(text)
    if (points !== undefined) return points
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not a percentage; write 0% to 100% in steps of 0.01%, like 10% or 0.5%`,
    })
    return z.NEVER
  })
