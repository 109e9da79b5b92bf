import { InputError, type Ports } from '@deploy-actions/action-kit'
import { findRegion, infrastructureOf, readRollout } from '@deploy-actions/config'
import type { Infrastructure } from '@deploy-actions/terraform'
import { completed, type Given, type Inputs } from './inputs'
import type { Outputs } from './outputs'

/** The inputs, with what rollout.yml says for the region where they leave it out. @throws InputError with every problem */
export async function configured(given: Given, ports: Ports): Promise<Inputs> {
  const file = await readRollout(given.config, ports.context)
  if (given.region === '')
    throw new InputError([
      {
        where: 'input `region`',
        message: `is missing; known in ${file.path}: ${file.regions.map(({ name }) => name).join(', ')}`,
      },
    ])
  const entry = findRegion(file, given.region)
  ports.evidence.about({ service: file.service })
  const said = settingsOf(infrastructureOf(file, entry, ports.context), given.mode)
  return completed(given, { environment: entry.environment, ...said })
}

/** The regions of a rollout.yml, as a workflow needs them to look after their infrastructure. */
export async function regions({ config }: Given, ports: Ports): Promise<Outputs> {
  const file = await readRollout(config, ports.context)
  ports.evidence.about({ service: file.service })
  const all = file.regions.map((entry) => ({
    ...{ name: entry.name, environment: entry.environment },
    path: infrastructureOf(file, entry, ports.context).path,
  }))
  const reason = `${file.service} has an infrastructure in ${all.map(({ name }) => name).join(', ')}`
  ports.log.info(reason)
  return { outcome: 'listed', reason, regions: all }
}

/** The same as inputs; what is planned by is not said again to an apply. */
function settingsOf(
  { policy, 'backend-config': backend, 'var-files': varFiles, ...same }: Infrastructure,
  mode: Inputs['mode'],
): Partial<Inputs> {
  return {
    ...same,
    ...policy,
    'backend-config': Object.entries(backend).map(([name, value]) => `${name}=${value}`),
    ...(mode !== 'apply' && { 'var-files': varFiles }),
  }
}
