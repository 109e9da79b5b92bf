export { restorePointArtifact } from './artifact-names'
export { takenBy } from './branch-policy'
export { whyOlder } from './downgrade'
export { type DueTarget } from './due-targets'
export { freezesFor, LONGEST_FREEZE_MS } from './freezes'
export { readDeployment, type Mark, type TransactionDeployment } from './deployment'
export {
  instructionKinds,
  type GivenInstruction,
  type Instruction,
  type InstructionKind,
} from './instructions'
export * from './ledger'
export { ArmGone, MAX_DECOMMISSIONS, whyArmGone, whyNoDecommission } from './old-arm'
export { MAX_NOTE } from './note'
export * from './open-ledger'
export { LEDGER_PATIENCE_MS } from './patience'
export * from './predecessor'
export { FORGOTTEN_AFTER_MS, type RefusedDeployment } from './proven-deployments'
export * from './record'
export { isOfSuite } from './run-proofs'
export { drillNote, takenBackNote, wasDrill, whyTakenBack } from './taken-back'
export { unclosedTargets, type UnclosedTarget } from './unclosed-targets'
