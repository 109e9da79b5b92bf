import { InputError, type Ports } from '@deploy-actions/action-kit'
import { findRegion, infrastructureOf, readRollout } from '@deploy-actions/config'
import { SensitiveTexts } from '@deploy-actions/terraform'
import { settingsOf } from './configured'
import { completed, type Given } from './inputs'
import { mustFit } from './must-fit'
import { namedOutputs, toldOutputs } from './named-outputs'
import type { Outputs } from './outputs'
import { step } from './plan'
import { failed, initialise, openSession } from './session'

/**
 * Reads what rollout.yml may name of a region's stacks from their states, one after the other. @throws GateFailed with every
 * output that cannot be had
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
  const read: ReturnType<typeof namedOutputs>[] = []
  for (const stack of stacks) {
    const said = { environment, ...settingsOf(stack, given.mode) }
    const inputs = completed({ ...given, ...(stack.name !== '' && { stack: stack.name }) }, said)
    await mustFit(inputs, ports)
    const session = await openSession(inputs, ports)
    read.push(
      await step(session, async () => {
        await initialise(session)
        const { values } = await session.tool.secretsOfState()
        const secrets = new SensitiveTexts([...values, ...ports.secrets.values()])
        return namedOutputs(inputs, await session.tool.outputs(), secrets)
      }),
    )
  }
  const missing = read.flatMap((one) => one.missing)
  if (missing.length > 0)
    throw failed(
      `rollout.yml names what the stacks of ${region} do not give: ${missing.join('; ')}; bring them first, by infrastructure.yml`,
      'outputs-unknown',
    )
  const infra = Object.assign({}, ...read.map((one) => one.infra)) as Record<string, string>
  return { outcome: 'read', reason: toldOutputs(infra, ports), infra }
}
