import { createHash } from 'node:crypto'
import { access, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, type Clock, type Ports } from '@deploy-actions/action-kit'
import { seal, StepFailed, type WorkingFolder } from '@deploy-actions/terraform'
import { z } from 'zod'
import { openPlanStore } from './plan-store'

/** The tool leaves the only copy of a state here that its backend did not take. */
export const ERRORED = 'errored.tfstate'

/** What became of a state that could not be saved. */
export type Rescued =
  | { how: 'none' }
  | { how: 'saved'; tries: number }
  /** kept sealed in the store, by this id */
  | { how: 'kept'; id: string; why: string }
  /** it is nowhere but on this machine */
  | { how: 'lost'; why: string }

/** Which state it is. */
export interface Home {
  path: string
  workspace: string
  /** the fingerprint of its backend */
  backend: string
}

/** What a rescue needs, in main and in post. */
export interface Rescue {
  tool: Pick<WorkingFolder, 'push'>
  /** where the tool runs */
  folder: string
  planKey: string
  store: string
  /** for people, and in the name of what is kept */
  place: string
  home: Home
  /** the folder is at another state by now: it is kept, and not pushed */
  isElsewhere?: boolean
  /** from one try to push it to the next; a backend that is down for longer is for a person */
  pausesMs: readonly number[]
}

/** Of one try: a backend that does not answer must not take the time of the job. */
const PUSH_MS = 60_000

export const isLeft = (folder: string): Promise<boolean> =>
  access(join(folder, ERRORED)).then(
    () => true,
    () => false,
  )

/**
 * Saves the state that an apply has left beside it. It is sealed in the store at once, since nobody knows how long the machine
 * is there, and then brought to the backend, tried again. What is kept is taken from the checkout, where later steps see it.
 */
export async function rescueState(given: Rescue, ports: Ports): Promise<Rescued> {
  const { folder, isElsewhere = false } = given
  if (!(await isLeft(folder))) return { how: 'none' }
  ports.log.warning('the backend did not take the state: it is kept sealed, and pushed again')
  const kept = await keep(given, ports)
  const pushed = isElsewhere
    ? { why: `${folder} is at another state by now, so that it is not pushed` }
    : await push(given, ports)
  if ('tries' in pushed) {
    await rm(join(folder, ERRORED))
    return { how: 'saved', tries: pushed.tries }
  }
  if ('why' in kept) return { how: 'lost', why: `${pushed.why}; ${kept.why}` }
  await rm(join(folder, ERRORED))
  return { how: 'kept', id: kept.id, why: pushed.why }
}

/** What is told of a sealed state; it is sealed with it. */
export const kept = z.object({
  what: z.literal(ERRORED),
  place: z.string(),
  path: z.string(),
  workspace: z.string(),
  backend: z.string(),
})

async function keep(
  { folder, planKey, store, place, home }: Rescue,
  ports: Ports,
): Promise<{ id: string } | { why: string }> {
  const about = JSON.stringify({ v: 1, what: ERRORED, place, ...home, runId: ports.context.runId })
  try {
    const sealed = await seal(await readFile(join(folder, ERRORED)), about, planKey)
    // Of several in a run each has a name of its own.
    const mark = createHash('sha256').update(sealed).digest('hex').slice(0, 12)
    const label = `state-${place}-${ports.context.attempt}-${mark}`
    return { id: await openPlanStore(store, label, ports).put({ sealed, manifest: about }) }
  } catch (error) {
    return { why: messageOf(error) }
  }
}

async function push({ tool, pausesMs }: Rescue, ports: Ports): Promise<{ tries: number } | { why: string }> {
  let why = ''
  for (const [tries, pause] of pausesMs.entries()) {
    await waitFor(ports.clock, pause)
    try {
      await tool.push(ERRORED, PUSH_MS)
      return { tries: tries + 1 }
    } catch (error) {
      why = whyOf(error)
    }
  }
  return { why }
}

/** With what the tool said, which alone tells a lock from a backend that is down. */
function whyOf(error: unknown): string {
  if (!(error instanceof StepFailed)) return messageOf(error)
  const lock = error.lock ? `, locked by ${error.lock.id}` : ''
  return `${error.message} (${error.reason}${lock})`
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
