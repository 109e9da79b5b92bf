import { onAbort } from './on-abort'

/** Somebody who wants into a group. */
export interface Entrant {
  group: string
  /** `single`: one waits, an older one is cancelled. `max`: up to 100 wait, in the order they came. */
  queue: 'single' | 'max'
  cancelInProgress: boolean
  /** Called when a newcomer with cancel-in-progress takes the place of one that is inside. */
  evict(): void
  /** Ends the waiting. */
  signal: AbortSignal
}

/** The answer: inside until `leave`, or never inside and why. */
export type Entry = { entered: true; leave(): void } | { entered: false; message: string }

interface Waiting {
  entrant: Entrant
  settle(entry: Entry): void
}

/** What GitHub says of a group that cannot be; source: the schema of @actions/languageservice. */
export const QUEUE_CONFLICT = `'queue: max' cannot be combined with 'cancel-in-progress: true'`

/** How many may wait with `queue: max`; source: GitHub's reference on concurrency. */
const MAX_WAITING = 100

/** The concurrency groups of one repository: names ignore case, and who waits first goes first. */
export class ConcurrencyGroups {
  private readonly inside = new Map<string, Entrant>()
  private readonly waiting = new Map<string, Waiting[]>()

  /** Waits for a place in the group; the place is held until `leave`. */
  async enter(entrant: Entrant): Promise<Entry> {
    const name = entrant.group.toLowerCase()
    const queue = this.queue(name)
    const holder = this.inside.get(name)
    if (!holder) return this.admit(name, entrant)
    if (entrant.queue === 'single')
      for (const older of queue.splice(0))
        older.settle(
          refused(`Canceling since a higher priority waiting request for '${entrant.group}' exists`),
        )
    if (queue.length >= MAX_WAITING)
      return refused(
        `Canceling since ${MAX_WAITING} already wait in the concurrency group '${entrant.group}'`,
      )

    return new Promise((resolve) => {
      const place: Waiting = { entrant, settle: resolve }
      queue.push(place)
      onAbort(entrant.signal, () => {
        const index = queue.indexOf(place)
        if (index >= 0) queue.splice(index, 1)
        resolve(refused('The operation was canceled.'))
      })
      if (entrant.cancelInProgress) holder.evict()
    })
  }

  private admit(name: string, entrant: Entrant): Entry {
    this.inside.set(name, entrant)
    return { entered: true, leave: () => this.leave(name, entrant) }
  }

  private leave(name: string, entrant: Entrant): void {
    if (this.inside.get(name) !== entrant) return
    this.inside.delete(name)
    const next = this.queue(name).shift()
    next?.settle(this.admit(name, next.entrant))
  }

  private queue(name: string): Waiting[] {
    const known = this.waiting.get(name) ?? []
    this.waiting.set(name, known)
    return known
  }
}

function refused(message: string): Entry {
  return { entered: false, message }
}
