import type { WrittenSettings } from '@deploy-actions/action-kit'

/** Something that a check looks at: green at first. */
export interface CheckLab {
  settings: WrittenSettings
  secrets?: Record<string, string>
  /** the repository, for checks that run what is in it */
  workspace?: string
  red(): Promise<void>
  /** The check cannot be made any more. */
  break(): Promise<void>
  close(): Promise<void>
}
export type OpenCheckLab = () => Promise<CheckLab>
