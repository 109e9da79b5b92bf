import { table, type Ports } from '@deploy-actions/action-kit'
import type { SensitiveTexts } from '@deploy-actions/terraform'
import type { Inputs } from './inputs'

/** An output as the tool tells of it; without a value it is not known yet, or not there. */
interface Output {
  sensitive: boolean
  value?: unknown
}

/** Steps pass them on by their environment and by outputs of jobs. */
const LONGEST = 1_000

/**
 * What rollout.yml may name of a configuration, by the names that stand there, and why one cannot be had. A value that only an
 * apply makes known is none: whatever is put back by it has to be told before anything is written.
 */
export function namedOutputs(
  { outputs: wanted, stack }: Pick<Inputs, 'outputs' | 'stack'>,
  all: Readonly<Record<string, Output>>,
  secrets: Pick<SensitiveTexts, 'cleanJson'>,
): { infra: Record<string, string>; missing: string[] } {
  const infra: Record<string, string> = {}
  const missing: string[] = []
  for (const output of Object.keys(wanted)) {
    const name = [stack, output].filter(Boolean).join('.')
    const read = textOf(Object.hasOwn(all, output) ? all[output] : undefined, secrets)
    if (typeof read === 'string') infra[name] = read
    else missing.push(`${name} ${read.why}`)
  }
  return { infra, missing }
}

function textOf(
  output: Output | undefined,
  secrets: Pick<SensitiveTexts, 'cleanJson'>,
): string | { why: string } {
  if (!output) return { why: 'is not an output of the configuration' }
  const { value, sensitive } = output
  if (sensitive) return { why: 'is sensitive, and what rollout.yml names is shown' }
  if (value === undefined) return { why: 'is not known before the apply' }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return { why: 'is not a text, a number, true or false' }
  if (secrets.cleanJson(value) !== JSON.stringify(value))
    return { why: 'holds a secret, and what rollout.yml names is shown' }
  const text = String(value)
  if (text === '') return { why: 'is empty' }
  if (text.length > LONGEST) return { why: `is longer than ${LONGEST} characters` }
  return /[\u0000-\u001f\u007f]/.test(text)
    ? { why: 'holds a line break or another control character' }
    : text
}

/** Says what is handed to the rest of a rollout, and keeps it as evidence. @returns it in one sentence */
export function toldOutputs(infra: Readonly<Record<string, string>>, ports: Ports): string {
  const told = Object.entries(infra)
  for (const [name, value] of told) ports.log.info(`\${infra.${name}} is ${value}`)
  ports.evidence.facts({ infra })
  ports.summary.add(`#### What rollout.yml is told\n\n${table(['Output', 'Value'], told)}`)
  return `rollout.yml is told ${Object.keys(infra).join(', ')}`
}
