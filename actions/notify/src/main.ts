import { GateFailed, InputError, runUrl, type Ports } from '@deploy-actions/action-kit'
import {
  configuredTarget,
  correlationOf,
  readRollout,
  releaseOf,
  resolveAll,
  sections,
} from '@deploy-actions/config'
import { firstFailure } from '@deploy-actions/evidence'
import {
  quickCardMarkdown,
  tell,
  type EventKind,
  type RolloutEvent,
  type Subscription,
} from '@deploy-actions/notifiers'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** Where an event is told, and what of it comes from the config. */
interface Telling {
  service: string
  region?: string
  environment?: string
  correlationId: string
  subscriptions: Subscription[]
  links: Record<string, string>
}

/** Tells the sinks of one event and shows its Quick Card in the summary. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const telling = await readTelling(inputs, ports)
  const { service, region, environment } = telling
  ports.evidence.about({
    service,
    ...(region === undefined ? {} : { region }),
    ...(environment === undefined ? {} : { environment }),
  })
  const cause =
    inputs.cause ?? (badNews.includes(inputs.event) ? await firstFailure(ports.evidence.folder) : undefined)
  const event = eventOf({ ...inputs, cause }, telling, ports)
  ports.summary.add(quickCardMarkdown(event))
  const delivered = await tell(event, telling.subscriptions, { ...ports, secrets: inputs.secrets })
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
  if (inputs.sinks !== undefined) {
    if (inputs.service === undefined)
      throw new InputError([
        {
          where: 'input `service`',
          message: 'is missing; without rollout.yml it says what the event is about',
        },
      ])
    const { service, region, environment } = inputs
    return {
      service,
      ...(region === undefined ? {} : { region }),
      ...(environment === undefined ? {} : { environment }),
      correlationId: correlationOf(inputs, service, ports.context),
      subscriptions: await sections.sinks(inputs.sinks),
      links: {},
    }
  }
  if (inputs.region !== undefined) {
    const target = await configuredTarget(inputs, ports.context)
    const { notifications, evidence } = await target.config({ secrets: inputs.secrets })
    return { ...target, subscriptions: notifications, links: evidence.links }
  }
  // An event of the whole rollout: the first region's sinks and links stand for all.
  const file = await readRollout(inputs.config, ports.context)
  const correlationId = correlationOf(inputs, file.service, ports.context)
  const { version = '', digest = '', image } = inputs
  const variables = {
    version,
    digest,
    ...(image === undefined ? {} : { image }),
    commit: ports.context.sha,
    'run-id': String(ports.context.runId),
    'correlation-id': correlationId,
  }
  const [first] = await resolveAll(file, { variables, secrets: inputs.secrets })
  return {
    service: file.service,
    correlationId,
    subscriptions: first?.notifications ?? [],
    links: first?.evidence.links ?? {},
  }
}

/** Events whose cause is what went wrong in this job, unless the inputs say another. */
const badNews: readonly EventKind[] = ['failed', 'restoring', 'restored', 'restore-failed']

function eventOf(inputs: Inputs, telling: Telling, ports: Ports): RolloutEvent {
  const { runId, attempt, workflowRef, actor } = ports.context
  const { cause, impact, next } = inputs
  const { region, environment } = telling
  return {
    kind: inputs.event,
    at: ports.clock.now().toISOString(),
    service: telling.service,
    ...(region === undefined ? {} : { region }),
    ...(environment === undefined ? {} : { environment }),
    release: releaseOf(inputs),
    ...(cause === undefined ? {} : { cause }),
    ...(impact === undefined ? {} : { impact }),
    status: inputs.status ?? inputs.event,
    ...(next === undefined ? {} : { next }),
    links: [
      { title: 'Run', url: runUrl(ports.context) },
      ...Object.entries(telling.links).map(([title, url]) => ({ title, url })),
    ],
    run: { id: runId, attempt, workflowRef, actor },
    correlationId: telling.correlationId,
  }
}
