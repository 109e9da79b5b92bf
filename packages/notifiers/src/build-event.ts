import { runRefOf, runUrl, type Clock, type RunContext } from '@deploy-actions/action-kit'
import { defined, type Release } from '@deploy-actions/rollout'
import type { RolloutEvent } from './event'

/** What events are about: a target, or the whole rollout where no region is named. */
export interface EventSubject {
  service: string
  region?: string | undefined
  environment?: string | undefined
  release: Release
  correlationId: string
  /** `evidence.links` of the config: title -> address */
  links: Record<string, string>
}

/** What happened. */
type Particulars = Pick<RolloutEvent, 'kind' | 'status'> & {
  [K in 'stage' | 'cause' | 'impact' | 'next']?: RolloutEvent[K] | undefined
}

/** An event of this run, now. */
export function buildEvent(
  { links, ...subject }: EventSubject,
  particulars: Particulars,
  { clock, context }: { clock: Pick<Clock, 'now'>; context: RunContext },
): RolloutEvent {
  return defined({
    ...subject,
    ...particulars,
    at: clock.now().toISOString(),
    links: [
      { title: 'Run', url: runUrl(context) },
      ...Object.entries(links).map(([title, url]) => ({ title, url })),
    ],
    run: runRefOf(context),
  })
}
