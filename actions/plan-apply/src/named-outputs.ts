import { table, type Ports } from '@deploy-actions/action-kit'
import type { Output, SensitiveTexts } from '@deploy-actions/terraform'
import type { Inputs } from './inputs'

/** Steps pass them on by their environment and by outputs of jobs. */
const LONGEST = 1_000
/** Of a longer number the JSON of the tool has more than JavaScript reads. */
const MOST_DIGITS = 15

const FIRST = 'bring the infrastructure first, without a release, by infrastructure.yml'

/**
 * What rollout.yml may name of a configuration, by the names that stand there, and why one cannot be had. A release stands on
 * what its own infrastructure leaves as it is: what an apply changes, or makes known, would be read, and put back by, before
 * it is there. What is new may be named by what only begins after the apply.
 */
export function namedOutputs(
  { outputs: wanted, earlyOutputs: early, stack }: Pick<Inputs, 'outputs' | 'earlyOutputs' | 'stack'>,
  all: Readonly<Record<string, Output>>,
  secrets: Pick<SensitiveTexts, 'isShownBy'>,
): { infra: Record<string, string>; missing: string[] } {
  const infra: Record<string, string> = {}
  const missing: string[] = []
  for (const output of Object.keys(wanted)) {
    const name = [stack, output].filter(Boolean).join('.')
    const found = Object.hasOwn(all, output) ? all[output] : undefined
    const why = whyNot(found, early.includes(name), secrets)
    if (why === undefined) infra[name] = String(found?.value)
    else missing.push(`${name} ${why}`)
  }
  return { infra, missing }
}

function whyNot(
  output: Output | undefined,
  isEarly: boolean,
  secrets: Pick<SensitiveTexts, 'isShownBy'>,
): string | undefined {
  if (!output) return 'is not there'
  const { value, sensitive, verb } = output
  if (sensitive) return 'is sensitive, and what rollout.yml names is shown'
  if (value === undefined) return `is not known before the apply: ${FIRST}`
  if (verb === 'change')
    return `is changed by this plan, and the rollout begins before that is applied: ${FIRST}`
  if (verb === 'create' && isEarly)
    return `is made by this plan, and traffic, deploy or checks name it, which are looked at before that is applied: ${FIRST}`
  return (
    whyNoText(value) ??
    (secrets.isShownBy(String(value))
      ? 'holds a text that is a secret of the step, or that the configuration has in another place as a sensitive value, and what rollout.yml names is shown: name another output, or write what it stands for into vars of the region'
      : undefined)
  )
}

function whyNoText(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return 'is not a text, a number, true or false'
  const text = String(value)
  if (typeof value === 'number' && (text.includes('e') || text.replace(/\D/g, '').length > MOST_DIGITS))
    return `is a number that cannot be read exactly: give it as a text, by tostring()`
  if (text === '') return 'is empty'
  if (text.length > LONGEST) return `is longer than ${LONGEST} characters`
  return /[\u0000-\u001f\u007f]/.test(text) ? 'holds a line break or another control character' : undefined
}

/** Says what is handed to the rest of a rollout, and keeps it as evidence. @returns it in one sentence */
export function toldOutputs(infra: Readonly<Record<string, string>>, ports: Ports): string {
  const told = Object.entries(infra)
  for (const [name, value] of told) ports.log.info(`\${infra.${name}} is ${value}`)
  ports.evidence.facts({ infra })
  ports.summary.add(`#### What rollout.yml is told\n\n${table(['Output', 'Value'], told)}`)
  return `rollout.yml is told ${Object.keys(infra).join(', ')}`
}
