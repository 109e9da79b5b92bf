import { GateFailed, InputError, providerPorts, type Ports } from '@deploy-actions/action-kit'
import {
  configuredTarget,
  correlationOf,
  readRollout,
  releaseOf,
  resolveAll,
  sections,
  variablesOf,
} from '@deploy-actions/config'
import { firstFailure } from '@deploy-actions/evidence'
import {
  buildEvent,
  quickCardMarkdown,
  tell,
  type EventKind,
  type EventSubject,
  type Subscription,
} from '@deploy-actions/notifiers'
import { defined } from '@deploy-actions/rollout'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** What an event is about, and where it is told. */
interface Telling extends Omit<EventSubject, 'release'> {
  subscriptions: Subscription[]
}

/** Tells the sinks of one event and shows its Quick Card in the summary. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const { subscriptions, ...about } = await readTelling(inputs, ports)
  const { service, region, environment } = about
  ports.evidence.about(defined({ service, region, environment }))
  const cause =
    inputs.cause ?? (badNews.includes(inputs.event) ? await firstFailure(ports.evidence.folder) : undefined)
  const { event: kind, status = kind, impact, next } = inputs
  const event = buildEvent(
    { ...about, release: releaseOf(inputs) },
    { kind, status, cause, impact, next },
    ports,
  )
  ports.summary.add(quickCardMarkdown(event))
  const delivered = await tell(event, subscriptions, providerPorts(ports))
  ports.evidence.facts({ event, delivered })
  const missed = delivered.filter((delivery) => !delivery.delivered)
  const reason = `${event.kind}: ${delivered.length - missed.length} of ${delivered.length} sinks told`
  ports.log.info(reason)
  if (missed.length > 0 && inputs['fail-on-error'])
    throw new GateFailed(
      `${reason}; ${missed.map(({ sink, detail }) => `${sink}: ${detail ?? ''}`).join('; ')}`,
      { outputs: { delivered } },
    )
  return { outcome: 'told', reason, delivered }
}

async function readTelling(inputs: Inputs, ports: Ports): Promise<Telling> {
  const { service, region, environment } = inputs
  if (inputs.sinks !== undefined) {
    if (service === undefined)
      throw new InputError([
        {
          where: 'input `service`',
          message: 'is missing; without rollout.yml it says what the event is about',
        },
      ])
    const correlationId = correlationOf(inputs, service, ports.context)
    const variables = {
      ...variablesOf(inputs, ports.context, correlationId),
      ...defined({ service, region, environment }),
    }
    const subscriptions = await sections.sinks(inputs.sinks, variables)
    return { service, region, environment, correlationId, subscriptions, links: {} }
  }
  if (region !== undefined) {
    const { outline, ...target } = await configuredTarget(inputs, ports.context)
    const { notifications, evidence } = await outline({ secrets: ports.secrets })
    const { service, environment, correlationId } = target
    return { service, region, environment, correlationId, subscriptions: notifications, ...evidence }
  }
  // An event of the whole rollout: the first region's sinks and links stand for all.
  const file = await readRollout(inputs.config, ports.context)
  const correlationId = correlationOf(inputs, file.service, ports.context)
  const variables = variablesOf(inputs, ports.context, correlationId)
  const [first] = await resolveAll(file, { variables, secrets: ports.secrets })
  return {
    service: file.service,
    correlationId,
    subscriptions: first?.notifications ?? [],
    links: first?.evidence.links ?? {},
  }
}

/** Events whose cause is what went wrong in this job, unless the inputs say another. */
const badNews: readonly EventKind[] = [
  'failed',
  'restoring',
  'restored',
  'restore-failed',
  'decommission-failed',
]
