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

/** The forms of a secret that the runner is told to hide: itself, base64, URL-encoded, inside JSON. */
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

/** A line of a program that is quoted in a log of JSON, which Helm quotes again. */
const MAX_QUOTED = 3

/** Those, and as a part of something: of a quoted text, of a form, of base64 that begins or ends elsewhere. */
export function formsWithin(secret: string): string[] {
  const forms = formsOf(secret)
  if (forms.length === 0) return []
  let quoted = [secret]
  for (let times = 0; times < MAX_QUOTED; times++) {
    quoted = [...new Set(quoted.flatMap(quotedOf))]
    forms.push(...quoted)
  }
  forms.push(encodeURIComponent(secret).replaceAll('%20', '+'))
  // As a shell tells what it runs.
  forms.push(secret.replaceAll("'", `'\\''`))
  return [...new Set([...forms, ...[0, 1, 2].flatMap((before) => base64Within(secret, before))])]
}

/** Inside the quotes of JSON: as most write it, as Go does, for which HTML is not safe there, and in ASCII alone. */
function quotedOf(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1)
  const coded = (pattern: RegExp): string =>
    plain.replace(pattern, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return [plain, coded(/[<>&]/g), coded(/[^ -~]/g)]
}

/** What is the same in all base64 that has so many bytes before it: each character of it is six bits, of the secret alone. */
function base64Within(secret: string, before: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
  const [first, last] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)]
  return (['base64', 'base64url'] as const).map((alphabet) => bytes.toString(alphabet).slice(first, last))
}

/** Replaces every form of every secret by `***`. */
export function redact(text: string, secrets: Iterable<string>): string {
  // Longest first: a secret that begins with another one must not keep its tail.
  const forms = [...secrets].flatMap(formsWithin).sort((a, b) => b.length - a.length)
  return forms.reduce((clean, form) => clean.replaceAll(form, '***'), text)
}

/** The same of every text in a value of plain data, however deep; keys stay. */
export function redactWithin(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redact(value, secrets)
  if (Array.isArray(value)) return value.map((item) => redactWithin(item, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactWithin(item, secrets)]))
}
