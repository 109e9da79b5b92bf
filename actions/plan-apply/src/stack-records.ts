import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ports } from '@deploy-actions/action-kit'
import type { Inputs } from './inputs'
import { inUploadFolder } from './plan-store'
import { failed } from './session'

/** What became of a stack in a run: it has changes that nobody applied yet, it had none, or they are applied. */
export type Became = 'planned' | 'unchanged' | 'applied'

type Named = Pick<Inputs, 'service' | 'region'>

/** A run may be for several services. No name of a service, a region or a stack has a dot. */
const prefixOf = ({ service = '', region }: Named, stack: string): string =>
  `stack.${service}.${region}.${stack}.`

/**
 * Notes what became of a stack, for those of this run that need it: as the name of an artifact, so that who asks downloads
 * nothing. The newest one tells.
 */
export async function noteStack(
  { service, region, stack, 'dry-run': isDry, 'plan-store': store }: Inputs,
  became: Became,
  { artifacts, context }: Ports,
): Promise<void> {
  if (stack === undefined || isDry || store !== 'artifact') return
  const file = 'stack.json'
  // A name is there once in a run, and a run may plan a stack twice.
  const name = `${prefixOf({ service, region }, stack)}${became}.${randomUUID().slice(0, 8)}`
  await inUploadFolder(context, async (folder) => {
    await writeFile(
      join(folder, file),
      JSON.stringify({ service, region, stack, became, attempt: context.attempt }),
    )
    await artifacts.upload(name, folder, [file])
  })
}

/** @throws GateFailed unless each stack that this one needs was applied by this run, or had nothing to apply */
export async function mustHaveNeeds(
  { needs, ...named }: Inputs,
  { artifacts, context }: Ports,
): Promise<void> {
  if (needs.length === 0) return
  const all = await artifacts.list(context.runId)
  const missing = needs.flatMap((need) => {
    const prefix = prefixOf(named, need)
    const newest = all.filter(({ name }) => name.startsWith(prefix)).toSorted((a, b) => b.id - a.id)[0]
    const became = newest?.name.slice(prefix.length).split('.')[0]
    if (became === 'applied' || became === 'unchanged') return []
    return [
      became === 'planned' ? `${need} was planned and not applied` : `nothing was planned for ${need} yet`,
    ]
  })
  if (missing.length > 0)
    throw failed(
      `it is planned once what it needs is applied by this run, and ${missing.join('; ')}; run all jobs again`,
      'needs-not-applied',
    )
}
