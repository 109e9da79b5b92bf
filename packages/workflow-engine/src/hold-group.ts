import { QUEUE_CONFLICT } from './concurrency'
import { evaluate, toText, type Contexts } from './expressions'
import type { Level } from './run-state'
import type { Template, Value } from './template'

/** A concurrency group that is held, or why it could not be. */
type Hold =
  | { held: true; level: Level; leave(): void }
  | { held: false; conclusion: 'cancelled' | 'failure'; message: string }

/**
 * Waits for the concurrency group of a workflow or a job, if it names one.
 * @param who for the message of a deadlock
 * @param evict called if a newcomer cancels what is in progress
 * @param signal ends the waiting
 * @throws Error if the group cannot be evaluated
 */
export async function holdGroup(
  level: Level,
  template: Template | undefined,
  contexts: Contexts,
  who: string,
  evict: () => void,
  signal: AbortSignal,
): Promise<Hold> {
  const stated = evaluate(template, contexts)
  const settings = (stated !== null && typeof stated === 'object' ? stated : { group: stated }) as {
    [key: string]: Value
  }
  const group = toText(settings.group ?? null)
  if (group === '') return { held: true, level, leave: () => {} }
  const queue = settings.queue === 'max' ? 'max' : 'single'
  const cancelInProgress = settings['cancel-in-progress'] === true
  if (queue === 'max' && cancelInProgress)
    return { held: false, conclusion: 'failure', message: QUEUE_CONFLICT }

  const holder = level.held.get(group.toLowerCase())
  if (holder !== undefined) {
    const message = `Canceling since a deadlock was detected for concurrency group: '${group}' between ${holder} and '${who}'`
    return { held: false, conclusion: 'failure', message }
  }
  const entry = await level.run.groups.enter({ group, queue, cancelInProgress, evict, signal })
  if (!entry.entered) return { held: false, conclusion: 'cancelled', message: entry.message }
  const held = new Map([...level.held, [group.toLowerCase(), who]])
  return { held: true, level: { ...level, held }, leave: entry.leave }
}
