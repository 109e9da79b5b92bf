import { digestOf } from '@deploy-actions/evidence'
import type { TransactionState } from '@deploy-actions/rollout'

/** 128 bits: nobody finds a second record that fits. */
const DIGEST_DIGITS = 32

/**
 * The artifact that is uploaded before a record is opened. The record's digest is in its name, so that whether a
 * record is that of its run is seen from a list of names, even after the artifact's content has expired.
 * @param payload the record as it stands in the ledger, fields of other versions included
 */
export const restorePointArtifact = (id: string, payload: unknown): string =>
  `restore-point-${id}-${digestOf(payload).slice('sha256:'.length, 'sha256:'.length + DIGEST_DIGITS)}`

/** The transaction whose restore-point artifact has that name; undefined for other artifacts. */
export const idIn = (name: string): string | undefined => /^restore-point-(.+)-[0-9a-f]{32}$/.exec(name)?.[1]

/** The file of a restore-point artifact. */
export const RESTORE_POINT_FILE = 'restore-point.json'

/**
 * The artifact that is uploaded before a transaction is closed: who posts a status may be anybody, who uploads is a job
 * of the run. Its names in the order in which they are tried, since one whose upload failed stays taken (seen on
 * GitHub: DataDog/dd-trace-js#10228).
 */
export const stateArtifacts = (id: string, state: TransactionState): string[] => {
  const name = `state-${id}-${state}`
  return [name, `${name}-2`, `${name}-3`]
}
