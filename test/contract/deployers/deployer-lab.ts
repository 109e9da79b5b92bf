import type { WrittenSettings } from '@deploy-actions/action-kit'

/** A platform with two arms: blue serves 1.0.0, 0.9.0 stands idle on green. */
export interface DeployerLab {
  settings: WrittenSettings
  secrets?: Record<string, string>
  /** the repository, for deployers that run what is in it */
  workspace: string
  /** What runs on each arm, by the platform itself: its version. */
  versions(): Promise<Record<string, string>>
  /** From now on the platform refuses every release. */
  refuse(): Promise<void>
  /** Something that the deployer needs is taken out of the repository; absent where it needs nothing of that. */
  spoil?(): Promise<void>
  close(): Promise<void>
}
export type OpenDeployerLab = () => Promise<DeployerLab>
