import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'
import { marksIn, payloadOf } from './deployment'
import type { LatestStatus } from './latest-statuses'
import { DECOMMISSION_LASTS_MS, MAX_DECOMMISSIONS, readOldArm } from './old-arm'
import { transactionRecord } from './record'

/** A target whose old arm seems to be due to go. */
export type DueTarget = Pick<LatestStatus, 'service' | 'environment'>

const keeping = lazily(() => z.looseObject({ keepOldMs: transactionRecord.shape.keepOldMs.unwrap() }))

/**
 * The targets whose newest transaction says to be committed for longer than its old arm stays, and not to have
 * decommissioned it: as far as one query tells, which proves nothing.
 * @param found newest first
 */
export function dueTargets(found: readonly LatestStatus[], now: Date): DueTarget[] {
  const newest = new Map<string, LatestStatus>()
  for (const one of found) {
    const [mark] = marksIn([{ description: one.said }])
    const key = `${one.service} ${one.environment}`
    if (mark?.state !== 'superseded' && !newest.has(key)) newest.set(key, one)
  }
  return [...newest.values()]
    .filter((one) => one.movedTo === undefined && isDue(one, now))
    .map(({ service, environment }) => ({ service, environment }))
}

/** By what was said last: of a try that failed or was lost, when and the how manieth it was. */
function isDue({ said, saidAt, payload, createdAt }: LatestStatus, now: Date): boolean {
  const keepOldMs = keepOldIn(payload)
  if (keepOldMs === undefined || saidAt === undefined) return false
  const agoMs = now.getTime() - saidAt.getTime()
  const [mark] = marksIn([{ description: said }])
  if (mark) return mark.state === 'committed' && agoMs >= keepOldMs
  const word = readOldArm(said ?? '')
  // GitHub itself says that one is inactive, when another one succeeds there: then the ledger tells.
  if (!word) return now.getTime() - createdAt.getTime() >= keepOldMs
  if (word.phase === 'done') return false
  if (word.phase === 'left') return true
  return word.attempt < MAX_DECOMMISSIONS && (word.phase === 'failed' || agoMs >= DECOMMISSION_LASTS_MS)
}

/** GraphQL gives a payload as text; what was sent as an object may have been made text before. */
function keepOldIn(payload: string | null): number | undefined {
  const read = keeping().safeParse(payloadOf(payloadOf(payload)))
  return read.success ? read.data.keepOldMs : undefined
}
