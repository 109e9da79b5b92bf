import { isDeepStrictEqual } from 'node:util'
import { InputError, type Ports } from '@deploy-actions/action-kit'
import { findRegion, infrastructureOf, readRollout } from '@deploy-actions/config'
import { toSetUp, type Infrastructure } from '@deploy-actions/terraform'
import { inputs as schema, type Inputs } from './inputs'
import type { Outputs } from './outputs'

/** The inputs, with what rollout.yml says for the region where they leave it out. @throws InputError with every problem */
export async function configured(inputs: Inputs, ports: Ports): Promise<Inputs> {
  const { config, region, mode } = inputs
  if (config === undefined) return inputs
  const file = await readRollout(config, ports.context)
  if (region === '')
    throw new InputError([
      {
        where: 'input `region`',
        message: `is missing; known in ${file.path}: ${file.regions.map(({ name }) => name).join(', ')}`,
      },
    ])
  const entry = findRegion(file, region)
  ports.evidence.about({ service: file.service })
  const said = {
    environment: entry.environment,
    ...settingsOf(infrastructureOf(file, entry, ports.context), mode),
  }
  // GitHub hands a default over like anything else: what is as by default counts as left out.
  const byDefault: Partial<Inputs> = schema.parse({ mode })
  const left = Object.entries(said).filter(([key]) =>
    isDeepStrictEqual(inputs[key as keyof Inputs], byDefault[key as keyof Inputs]),
  )
  return { ...inputs, ...Object.fromEntries(left) }
}

/** The regions of a rollout.yml, as a workflow needs them to look after their infrastructure. */
export async function regions({ config }: Inputs, ports: Ports): Promise<Outputs> {
  const file = await readRollout(config, ports.context)
  ports.evidence.about({ service: file.service })
  const all = file.regions.map((entry) => ({
    ...{ name: entry.name, environment: entry.environment },
    ...toSetUp(infrastructureOf(file, entry, ports.context)),
  }))
  const reason = `${file.service} has an infrastructure in ${all.map(({ name }) => name).join(', ')}`
  ports.log.info(reason)
  return { outcome: 'listed', reason, regions: all }
}

/** The same as inputs; what is planned by is not said again to an apply. */
function settingsOf(
  { policy, version: _, 'backend-config': backend, 'var-files': varFiles, ...same }: Infrastructure,
  mode: Inputs['mode'],
): Partial<Inputs> {
  return {
    ...same,
    ...policy,
    'backend-config': Object.entries(backend).map(([name, value]) => `${name}=${value}`),
    ...(mode !== 'apply' && { 'var-files': varFiles }),
  }
}
