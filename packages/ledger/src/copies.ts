import { digestOf } from '@deploy-actions/evidence'
import { formatDuration } from '@deploy-actions/rollout'
import type { TransactionRecord } from './record'

const HOUR_MS = 3_600_000

/** Whoever opens asks, uploads and creates, and waits for GitHub up to 65 minutes with each of them. */
const LONGEST_OPENING_MS = 4 * HOUR_MS

/** So much may the clock of a runner be ahead of GitHub's. */
const CLOCK_AHEAD_MS = HOUR_MS

/** The original of what was created at a time was created no earlier than this before it. */
export const COPIED_WITHIN_MS = LONGEST_OPENING_MS + CLOCK_AHEAD_MS

/**
 * Why the opener of a record cannot have created a deployment when GitHub did; undefined when it can. GitHub's time
 * nobody can write, and that of a record is part of what its run has uploaded.
 */
export function misdated({ openedAt }: TransactionRecord, createdAt: Date): string | undefined {
  const ms = createdAt.getTime() - Date.parse(openedAt)
  const apart = (side: string): string =>
    `GitHub created its deployment ${formatDuration(Math.abs(ms))} ${side} the time of its record`
  if (ms > LONGEST_OPENING_MS)
    return `${apart('after')}, and what is later than ${formatDuration(LONGEST_OPENING_MS)} counts for nothing`
  if (-ms > CLOCK_AHEAD_MS)
    return `${apart('before')}, and a clock that is ahead by more than ${formatDuration(CLOCK_AHEAD_MS)} counts for nothing`
  return undefined
}

/** What a deployment is known by. */
export interface Dated {
  /** the lower, the earlier it was created */
  number: number
  record: TransactionRecord
  /** the record as it stands there, with what another version may have added */
  payload: unknown
  /** by GitHub's own time, which nobody can write */
  createdAt: Date
  /** the number of the first one with this very payload, where there is one before it */
  copyOf?: number
}

interface Held<D> {
  deployment: D
  digest: string
  /** of what GitHub created before this, in ms since 1970, none can have the same record */
  originalSinceMs: number
}

/**
 * Who copies a payload into a deployment of his own has all that its run has proven. But the original was there first,
 * and not long after the time in its record: each is held back until the list has come to something older.
 */
export class CopyWatch<D extends Dated> {
  #held: Held<D>[] = []

  /** Takes the next one, and gives those, newest first, of which it is now known whether they are copies. */
  next(deployment: D): D[] {
    const { number, record, payload, createdAt } = deployment
    const released = this.#releaseAt(createdAt.getTime())
    const digest = digestOf(payload)
    for (const one of this.#held) if (one.digest === digest) one.deployment.copyOf = number
    const isMisdated = misdated(record, createdAt) !== undefined
    // Such a one counts for nothing anyway; nothing is read for it.
    const originalSinceMs = isMisdated ? Infinity : Date.parse(record.openedAt) - CLOCK_AHEAD_MS
    this.#held.push({ deployment, digest, originalSinceMs })
    return released
  }

  /** The rest, at the end of the list. */
  rest(): D[] {
    return this.#releaseAt(-Infinity)
  }

  /** In the order of the list: one that is held back holds back those behind it. */
  #releaseAt(ms: number): D[] {
    const first = this.#held.findIndex(({ originalSinceMs }) => ms >= originalSinceMs)
    const released = this.#held.splice(0, first === -1 ? this.#held.length : first)
    return released.map(({ deployment }) => deployment)
  }
}
