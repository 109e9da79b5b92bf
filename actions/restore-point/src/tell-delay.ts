import { messageOf, providerPorts, type Ports } from '@deploy-actions/action-kit'
import type { ConfiguredTarget } from '@deploy-actions/config'
import type { TransactionRecord } from '@deploy-actions/ledger'
import { buildEvent, tell } from '@deploy-actions/notifiers'

/** Tells the sinks of rollout.yml that the traffic is still not back. The restore neither waits for it nor fails by it. */
export async function tellDelay(
  target: ConfiguredTarget,
  { service, region, environment, release, correlationId }: TransactionRecord,
  why: string,
  ports: Ports,
): Promise<void> {
  try {
    const { notifications, evidence } = await target.outline({ secrets: ports.secrets })
    const event = buildEvent(
      { service, region, environment, release, correlationId, links: evidence.links },
      {
        kind: 'restoring',
        status: 'the traffic is NOT back after a minute; it is tried on',
        cause: why,
        next: 'look at the router now; its restore point is in the log of this run',
      },
      ports,
    )
    await tell(event, notifications, providerPorts(ports))
  } catch (error) {
    ports.log.warning(`nobody could be told that the restore takes long: ${messageOf(error)}`)
  }
}
