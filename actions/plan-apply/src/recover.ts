import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tampered, unseal } from '@deploy-actions/terraform'
import type { z } from 'zod'
import type { Outputs } from './outputs'
import { inPrivateFolder, step } from './plan'
import { openPlanStore } from './plan-store'
import { ERRORED, kept } from './rescue'
import { backendOf, failed, initialise, placeName, type Session } from './session'

/** Brings a state to the backend that an apply could not save. The tool refuses one that is older than what is there. */
export async function recover(session: Session): Promise<Outputs> {
  const { inputs, ports, tool, planKey = '' } = session
  const id = inputs['plan-id'] ?? ''
  const stored = await openPlanStore(inputs['plan-store'], '', ports, inputs['plan-run']).get(id)
  const place = placeName(inputs)
  if (!stored)
    throw failed(`there is no ${id} in run ${inputs['plan-run'] ?? ports.context.runId}`, 'plan-not-found')
  const state = await unseal(stored.sealed, stored.manifest, planKey).catch((error: unknown) => {
    if (error instanceof Tampered) throw failed(`${id}: ${error.message}`, 'plan-tampered')
    throw error
  })
  const about = kept.safeParse(JSON.parse(stored.manifest)).data
  mustBe(id, about, { place, path: inputs.path, workspace: inputs.workspace })
  return inPrivateFolder(session, async (folder) => {
    const file = join(folder, ERRORED)
    await writeFile(file, state, { mode: 0o600 })
    if (inputs['dry-run']) return { outcome: 'would-apply', reason: `the state of ${place} would be pushed` }
    const { serial } = await step(session, async () => {
      await initialise(session)
      mustBe(id, about, { backend: (await backendOf(session)).fingerprint })
      await tool.push(file)
      return tool.state()
    })
    return {
      outcome: 'recovered',
      reason: `the state of ${place} is saved, with serial ${serial}; plan once more`,
      'state-serial': serial,
    }
  })
}

/** What is sealed with it says which state it is: another one that is empty would take it. */
function mustBe(
  id: string,
  about: z.infer<typeof kept> | undefined,
  here: Partial<z.infer<typeof kept>>,
): void {
  const others = Object.entries(here).filter(([key, value]) => about?.[key as keyof typeof here] !== value)
  if (about !== undefined && others.length === 0) return
  const told = others.map(([key]) =>
    key === 'backend' ? 'backend' : `${key} ${about?.[key as keyof typeof here] ?? 'of a plan'}`,
  )
  throw failed(
    `${id} is not a state that was kept for here: it is of another ${told.join(', ')}`,
    'plan-mismatch',
  )
}
