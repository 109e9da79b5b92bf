import type { HttpResponse } from '@deploy-actions/action-kit'
import type { simulateRegion } from '@deploy-actions/testing'
import type { RouterSystem } from './call'
import type { Switchboard } from './switchboard'

export type Region = Awaited<ReturnType<typeof simulateRegion>>

/** What steers the traffic of a place between blue and green, behind a tap; its worlds have it one after the other. */
export interface Router {
  /** whose calls are those to it */
  readonly system: RouterSystem
  /** what rollout.yml says of it */
  readonly settings: string
  /** how a release goes to it, and back in steps, as rollout.yml says it */
  readonly walk: { stages: string; staged?: string }
  /** lines for the `secrets` of a step; empty where it needs none */
  readonly secrets: string
  /** Whole percents, as it tells them itself: not by the tap. */
  weights(): Promise<Record<string, number>>
  /** As somebody does who is no action of ours; nothing else is left of what was there. */
  setWeights(weights: Record<string, number>): Promise<void>
  /** What the arms of a region have counted, whose traffic goes as it says. */
  metrics(region: Region): Promise<Partial<HttpResponse>>
  close(): Promise<void>
}

export type OpenRouter = (switchboard: Switchboard) => Promise<Router>

/** By half of the traffic to all of it. */
export const byPercents: Router['walk'] = {
  stages: '[{ weight: 50%, watch: 10s }, { weight: 100%, watch: 10s }]',
  staged: '[{ weight: 75%, watch: 10s }, { weight: 50%, watch: 10s }, { weight: 0% }]',
}

/** All of it at once. */
export const allAtOnce: Router['walk'] = {
  stages: '[{ weight: 100%, watch: 10s }]',
}
