import { InputError, type Ports } from '@deploy-actions/action-kit'
import { findRegion, infrastructureOf, readRollout, type Stack } from '@deploy-actions/config'
import { SensitiveTexts } from '@deploy-actions/terraform'
import { settingsOf } from './configured'
import { completed, type Given } from './inputs'
import { mustFit } from './must-fit'
import { namedOutputs, toldOutputs } from './named-outputs'
import type { Outputs } from './outputs'
import { step } from './plan'
import { failed, initialise, openSession } from './session'

/**
 * Reads what rollout.yml may name of a region's infrastructure from its states, one after the other. @throws GateFailed with
 * every output that cannot be had, or is not what it was told to be
 */
export async function stackOutputs(given: Given, ports: Ports): Promise<Outputs> {
  const file = await readRollout(given.config, ports.context)
  const entry = findRegion(file, given.region)
  const { name: region, environment } = entry
  ports.evidence.about({ service: file.service, region, environment })
  const stacks = infrastructureOf(file, entry, ports.context).filter(
    ({ name, outputs }) => Object.keys(outputs).length > 0 && (given.stack ?? name) === name,
  )
  if (stacks.length === 0)
    throw new InputError([
      { where: `${file.path}: infrastructure`, message: `lists no outputs of ${given.stack ?? 'anything'}` },
    ])
  const { infra, missing } = await readAll(stacks, { ...given, config: file.path, environment }, ports)
  if (missing.length > 0)
    throw failed(
      `rollout.yml lists what the infrastructure of ${region} does not give: ${missing.join('; ')}; what is not there is brought by infrastructure.yml`,
      'outputs-unknown',
    )
  const reason = toldOutputs(infra, ports)
  const { stack, infra: told = infra } = given
  const changed = changesOf(stack === undefined ? told : ofStack(stack, told), infra)
  if (changed.length > 0)
    throw failed(
      `the infrastructure of ${region} no longer gives what this rollout was told: ${changed.join('; ')}; run all jobs again`,
      'outputs-changed',
    )
  return { outcome: 'read', reason, infra }
}

async function readAll(
  stacks: readonly Stack[],
  given: Given,
  ports: Ports,
): Promise<{ infra: Record<string, string>; missing: string[] }> {
  const infra: Record<string, string> = {}
  const missing: string[] = []
  for (const stack of stacks) {
    const inputs = completed(
      { ...given, ...(stack.name !== '' && { stack: stack.name }) },
      settingsOf(stack, given.mode),
    )
    await mustFit(inputs, ports)
    if (stack.name !== '') ports.log.info(`reading the state of ${stack.name}`)
    const session = await openSession(inputs, ports)
    const read = await step(session, async () => {
      await initialise(session)
      const { values } = await session.tool.secretsOfState()
      const secrets = new SensitiveTexts([...values, ...ports.secrets.values()])
      return namedOutputs(inputs, await session.tool.outputs(), secrets)
    })
    Object.assign(infra, read.infra)
    missing.push(...read.missing)
  }
  return { infra, missing }
}

const ofStack = (stack: string, told: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(told).filter(([name]) => name.startsWith(`${stack}.`)))

/** What differs of two readings. */
const changesOf = (told: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string[] =>
  [...new Set([...Object.keys(told), ...Object.keys(now)])]
    .filter((name) => told[name] !== now[name])
    .map((name) => `${name} is ${now[name] ?? 'not there'}, and was ${told[name] ?? 'not there'}`)
