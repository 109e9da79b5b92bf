import { doubtOf, newest, type Ledger } from './ledger'
import type { TransactionRecord } from './record'

/** Whether a region's predecessor is done, and in words why or why not. */
export interface PredecessorProof {
  proven: boolean
  reason: string
  /** the predecessor's newest transaction: the rollout.yml and scripts of its commit restore it */
  transaction?: TransactionRecord
}

/**
 * Proves from the ledger that the predecessor's newest transaction is committed with this digest, by any run: the
 * order of a matrix guarantees nothing, and a job's result does not prove what serves.
 */
export async function provePredecessor(
  ledger: Ledger,
  { name, environment }: { name: string; environment: string },
  digest: string,
): Promise<PredecessorProof> {
  const entry = await newest(ledger, environment)
  if (!entry) return { proven: false, reason: `${name} comes first and has no transaction yet` }
  const transaction = entry.record
  const { id, release } = transaction
  const doubt = doubtOf(entry)
  if (doubt !== undefined)
    return {
      proven: false,
      reason: `${name} comes first, and its newest transaction ${id} proves nothing: ${doubt}`,
    }
  if (entry.state !== 'committed')
    return {
      proven: false,
      reason: `${name} comes first, and its newest transaction ${id} (${release.version}) is ${entry.state}`,
      transaction,
    }
  if (entry.record.weightsOnly)
    return {
      proven: false,
      reason: `${name} comes first, and its weights were set by hand since (transaction ${id})`,
      transaction,
    }
  if (release.digest !== digest)
    return {
      proven: false,
      reason: `${name} comes first and still runs ${release.version} (${release.digest})`,
      transaction,
    }
  if (transaction.finish)
    return {
      proven: false,
      reason: `${name} comes first, and ${release.version} was not brought onto its old arm, too (transaction ${id})`,
      transaction,
    }
  return {
    proven: true,
    reason: `${name} is committed with ${release.version} (transaction ${id})`,
    transaction,
  }
}
