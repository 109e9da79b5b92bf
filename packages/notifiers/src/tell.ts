import { Cancelled, messageOf, type ProviderPorts } from '@deploy-actions/action-kit'
import type { ConfiguredNotifier, Delivery, EventKind, RolloutEvent } from './event'

/** A sink and the events it wants; without `on` it wants all. */
export interface Subscription {
  on?: readonly EventKind[] | undefined
  sink: ConfiguredNotifier
}

/** Tells every sink that wants this event. A broken sink is a warning and never fails a rollout. */
export async function tell(
  event: RolloutEvent,
  subscriptions: readonly Subscription[],
  ports: ProviderPorts,
): Promise<({ sink: string } & Delivery)[]> {
  const wanted = subscriptions.filter(({ on }) => on === undefined || on.includes(event.kind))
  return Promise.all(
    wanted.map(async ({ sink }) => {
      const { type } = sink.written
      const delivery = await deliver(event, sink, ports)
      if (!delivery.delivered)
        ports.log.warning(`${type} was not told of ${event.kind}: ${delivery.detail ?? 'no reason given'}`)
      return { sink: type, ...delivery }
    }),
  )
}

async function deliver(
  event: RolloutEvent,
  sink: ConfiguredNotifier,
  ports: ProviderPorts,
): Promise<Delivery> {
  try {
    return await sink.open(ports).send(event, ports.signal)
  } catch (error) {
    if (error instanceof Cancelled) throw error
    return { delivered: false, detail: messageOf(error) }
  }
}
