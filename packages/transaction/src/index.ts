export { beginTransaction, leftOpen, prepareTransaction, type BeginRequest } from './begin'
export { findTargetArms, lookAtRouter, readRouter, type FoundArms } from './find-arms'
export * from './job-transaction'
export {
  abandonTransaction,
  Aborted,
  abortedBecause,
  commitTransaction,
  joinTransaction,
  mustBeCommitted,
  mustBeOpen,
  NotOpen,
  notOpen,
} from './join'
export { PATIENCE_MS, type Patience } from './patience'
export { restoreUnfinishedTraffic } from './post'
export {
  jobStateAfter,
  restoreTarget,
  restoreTraffic,
  stillReached,
  type HealthProof,
  type RestoreResult,
} from './restore'
export {
  armsOf,
  describePoint,
  restorePointsOf,
  weightsFound,
  type RestoredPoint,
  type RestorePoint,
} from './restore-point'
export { rewriteAfterReload } from './rewrite'
export {
  drainRegion,
  findShare,
  giveShareBack,
  readShares,
  unusualShare,
  type FoundShare,
  type MovedShares,
  shareHistory,
} from './share'
export {
  claimOf,
  closedBy,
  closedMeanwhile,
  lateClaim,
  noteHeld,
  noteWrite,
  stillHeld,
  stillNewest,
  whyNotAlone,
} from './still-ours'
export { ANY_TIME, whyNotNow, type Beginning } from './why-not-now'
export { keptSettings, keptSteps, openRouter, readSettings } from './kept-settings'
