export { beginTransaction, leftOpen, prepareTransaction, type BeginRequest } from './begin'
export { findTargetArms, lookAtRouter, readRouter, type FoundArms } from './find-arms'
export * from './job-transaction'
export { abandonTransaction, commitTransaction, joinTransaction, mustBeOpen, NotOpen } from './join'
export { PATIENCE_MS, type Patience } from './patience'
export { restoreUnfinishedTraffic } from './post'
export {
  jobStateAfter,
  restoreTarget,
  restoreTraffic,
  stillReached,
  type HealthProof,
  type RestoredPoint,
  type RestoreResult,
} from './restore'
export { armsOf, describePoint, restorePointsOf, weightsFound, type RestorePoint } from './restore-point'
export { rewriteAfterReload } from './rewrite'
export { claimOf, closedBy, lateClaim, noteHeld, noteWrite, stillHeld, stillNewest } from './still-ours'
export { keptSettings, readSettings } from './kept-settings'
