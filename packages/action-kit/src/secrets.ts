import { z } from 'zod'

/** Values shorter than this are not masked: masking them would blank ordinary words in logs and outputs. */
const MIN_MASKED_LENGTH = 6

/** The secrets handed over by `KEY=VALUE` lines: the only ones that a `*-secret` in a config can name. */
export type Secrets = ReadonlyMap<string, string>

/** Reads `KEY=VALUE` lines. Empty lines are skipped; a line without a key is an error that does not show it. */
export const secretLines = z
  .string()
  .default('')
  .transform((text, context): Secrets => {
    const secrets = new Map<string, string>()
    for (const [index, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue
      const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/.exec(line)
      if (match?.[1] === undefined) {
        context.addIssue({
          code: 'custom',
          message: `line ${index + 1} is not KEY=VALUE (the line is not shown)`,
        })
        return z.NEVER
      }
      secrets.set(match[1], match[2] ?? '')
    }
    return secrets
  })

/** Every form in which a secret may turn up in output: itself, base64, URL-encoded, inside JSON. */
export function formsOf(secret: string): string[] {
  if (secret.length < MIN_MASKED_LENGTH) return []
  const forms = [
    secret,
    Buffer.from(secret).toString('base64'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ]
  return [...new Set(forms)]
}

/** Replaces every form of every secret by `***`. */
export function redact(text: string, secrets: Iterable<string>): string {
  // Longest first: a secret that begins with another one must not keep its tail.
  const forms = [...secrets].flatMap(formsOf).sort((a, b) => b.length - a.length)
  return forms.reduce((clean, form) => clean.replaceAll(form, '***'), text)
}
