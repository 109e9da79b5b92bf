import { access, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, type Clock, type Ports } from '@deploy-actions/action-kit'
import { seal, type WorkingFolder } from '@deploy-actions/terraform'
import { openPlanStore } from './plan-store'

/** The tool leaves the only copy of a state here that its backend did not take. */
export const ERRORED = 'errored.tfstate'
/** From one try to the next. A backend that is down for longer is for a person. */
const PAUSES_MS = [0, 5_000, 20_000, 60_000] as const

/** What became of a state that could not be saved. */
export type Rescued =
  | { how: 'none' }
  | { how: 'saved'; tries: number }
  /** kept sealed in the store, by this id */
  | { how: 'kept'; id: string; why: string }
  /** it is nowhere but on this machine */
  | { how: 'lost'; why: string }

/** What a rescue needs, in main and in post. */
export interface Rescue {
  tool: Pick<WorkingFolder, 'push'>
  /** where the tool runs */
  folder: string
  planKey: string
  store: string
  /** for people, and in the name of what is kept */
  place: string
}

/** Saves the state that an apply has left beside it: by the backend, tried again, or else sealed in the store. */
export async function rescueState(
  { tool, folder, planKey, store, place }: Rescue,
  ports: Ports,
): Promise<Rescued> {
  const file = join(folder, ERRORED)
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return { how: 'none' }
  ports.log.warning('the backend did not take the state: it is pushed again')
  let why = ''
  for (const [tries, pause] of PAUSES_MS.entries()) {
    await waitFor(ports.clock, pause)
    try {
      await tool.push(ERRORED)
      await rm(file)
      return { how: 'saved', tries: tries + 1 }
    } catch (error) {
      why = messageOf(error)
    }
  }
  try {
    const about = JSON.stringify({ v: 1, what: ERRORED, place, runId: ports.context.runId })
    const sealed = await seal(await readFile(file), about, planKey)
    const id = await openPlanStore(store, `state-${place}-${ports.context.attempt}`, ports).put({
      sealed,
      manifest: about,
    })
    return { how: 'kept', id, why }
  } catch (error) {
    return { how: 'lost', why: messageOf(error) }
  }
}

/** Not ended by whoever cancels the run: half a rescue is none. */
const waitFor = (clock: Clock, ms: number): Promise<void> => clock.sleep(ms, new AbortController().signal)

/** What it means, in a sentence; empty where there was nothing to rescue. */
export function rescuedSentence(rescued: Rescued): string {
  if (rescued.how === 'none') return ''
  if (rescued.how === 'saved') return `the state was not saved at first, and is now (try ${rescued.tries})`
  if (rescued.how === 'kept')
    return `the state is NOT saved: ${rescued.why}; it is kept sealed as ${rescued.id}: mode: recover with plan-id: ${rescued.id} brings it to the backend; plan nothing before`
  return `the state is NOT saved, and could not be kept (${rescued.why}): the only copy is ${ERRORED} on the runner; copy it before the machine is gone`
}
