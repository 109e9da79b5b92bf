import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tampered, unseal } from '@deploy-actions/terraform'
import type { Outputs } from './outputs'
import { inPrivateFolder, step } from './plan'
import { openPlanStore } from './plan-store'
import { ERRORED } from './rescue'
import { failed, initialise, placeName, type Session } from './session'

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
  const about = JSON.parse(stored.manifest) as { what?: string; place?: string }
  if (about.what !== ERRORED || about.place !== place)
    throw failed(
      `${id} is not a state that was kept for ${place}, but ${about.what ?? 'a plan'} for ${about.place ?? 'another place'}`,
      'plan-mismatch',
    )
  return inPrivateFolder(session, async (folder) => {
    const file = join(folder, ERRORED)
    await writeFile(file, state, { mode: 0o600 })
    if (inputs['dry-run']) return { outcome: 'would-apply', reason: `the state of ${place} would be pushed` }
    const { serial } = await step(session, async () => {
      await initialise(session)
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
