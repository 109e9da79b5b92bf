import type { Log } from '@deploy-actions/action-kit'
import type { Delivery, EventKind, RolloutEvent } from './event'
import { openNotifier, type NotifierPorts, type NotifierSettings } from './registry'

/** A sink and the events it wants; without `on` it wants all. */
export interface Subscription {
  on?: readonly EventKind[] | undefined
  sink: NotifierSettings
}

/** Tells every sink that wants this event. A broken sink is a warning and never fails a rollout. */
export async function tell(
  event: RolloutEvent,
  subscriptions: readonly Subscription[],
  ports: NotifierPorts & { log: Log; signal: AbortSignal },
): Promise<({ sink: string } & Delivery)[]> {
  const wanted = subscriptions.filter(({ on }) => on === undefined || on.includes(event.kind))
  return Promise.all(
    wanted.map(async ({ sink }) => {
      const delivery = await (await openNotifier(sink, ports)).send(event, ports.signal)
      if (!delivery.delivered)
        ports.log.warning(
          `${sink.type} was not told of ${event.kind}: ${delivery.detail ?? 'no reason given'}`,
        )
      return { sink: sink.type, ...delivery }
    }),
  )
}
