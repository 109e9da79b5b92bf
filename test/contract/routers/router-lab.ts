import type { WrittenSettings } from '@deploy-actions/action-kit'
import type { Weights } from '@deploy-actions/rollout'

/** Something that a router steers, with two members: blue has all the traffic. */
export interface RouterLab {
  settings: WrittenSettings
  secrets?: Record<string, string>
  /** What the thing itself says, read without the router. */
  weights(): Promise<Weights>
  /** Somebody else gives blue and green these whole percents. */
  meddle(blue: number, green: number): Promise<void>
  close(): Promise<void>
}
export type OpenRouterLab = () => Promise<RouterLab>
