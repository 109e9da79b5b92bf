import {
  clockTime,
  escapeText,
  GateFailed,
  InputError,
  listApprovals,
  providerPorts,
  readEnvironment,
  reviewersOf,
  type Ports,
} from '@deploy-actions/action-kit'
import { configuredTarget, sections, type ConfiguredTarget } from '@deploy-actions/config'
import {
  LEDGER_PATIENCE_MS,
  openLedger,
  type Entry,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import { defined, holdingStates, WHOLE } from '@deploy-actions/rollout'
import {
  described,
  lingering,
  routers,
  type ObservedRouter,
  type RouterReading,
} from '@deploy-actions/traffic'
import { keptSettings } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/**
 * Closes a transaction that still holds its target, once a person has put that right. It is believed only as far as it
 * can be proven: a reviewer let this run into the target's environment, and the router shows one serving arm with all
 * the traffic.
 */
export async function resolve(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const reason = required(inputs)
  const target = inputs.region === undefined ? undefined : await configuredTarget(inputs, ports.context)
  const service = target?.service ?? inputs.service
  if (service === undefined)
    throw new InputError([{ where: 'input `region`', message: 'is missing; or give the service' }])
  const ledger = openLedger(inputs.ledger, service, ports, {
    trustedWorkflows: inputs['trusted-workflows'],
    patienceMs: LEDGER_PATIENCE_MS.plan,
  })
  const environment = target?.environment ?? inputs.environment
  const [entry] = await ledger.find(defined({ id: inputs.to, environment, limit: 1 }))
  if (!entry)
    throw new InputError([
      {
        where: 'input `to`',
        message: `the ledger has no transaction ${inputs.to} of ${service}${environment === undefined ? '' : ` in ${environment}`}`,
      },
    ])
  const { record, state } = entry
  const { id, region } = record
  ports.evidence.about({ service, region, environment: record.environment, transaction: id })
  if (!holdingStates.includes(state))
    throw new GateFailed(`transaction ${id} is ${state}: it holds nothing, and nothing was written`)
  if (state !== 'restore-failed') await mustHaveEnded(entry, inputs, ports)
  await mustBeReviewed(record, inputs, ports)

  const router = await openRouter(target, record, ledger, inputs, ports)
  const reading = await router.read(ports.signal)
  const arm = servesAll(reading)
  ports.evidence.facts({ weights: reading.weights, effective: reading.effective, readAt: reading.readAt })
  if (arm === undefined)
    throw new GateFailed(
      `transaction ${id} is not resolved: no single serving arm has all the traffic (${reading.strangers ?? described(reading)}); put it right first, then run this again`,
    )
  const what = `${arm} serves all of ${service} in ${region}, read at ${clockTime(reading.readAt)}; ${ports.context.actor}: ${reason}`
  const outputs = { reason: what, transaction: id }
  if (inputs['dry-run']) {
    ports.log.info(`would resolve ${id}: ${what}`)
    return { outcome: 'would-resolve', ...outputs }
  }
  await ledger.mark(record, 'resolved', `${ports.context.actor}: ${reason}`)
  ports.log.info(`resolved ${id}: ${what}`)
  ports.summary.add(
    `### ${escapeText(region)}: resolved by hand\n\n${escapeText(what)}. The target is free for the next rollout.`,
  )
  return { outcome: 'resolved', ...outputs }
}

/** @throws InputError with everything that is missing */
function required({ to, reason }: Inputs): string {
  const problems = [
    ...(to === 'open'
      ? [{ where: 'input `to`', message: 'is missing; with mode: resolve it is the id of the transaction' }]
      : []),
    ...(reason === undefined || reason.trim() === ''
      ? [{ where: 'input `reason`', message: 'is missing; it says who put the target right, and how' }]
      : []),
  ]
  if (problems.length > 0 || reason === undefined) throw new InputError(problems)
  return reason
}

/** What a run under way has open, or a restorer has in hand, is theirs. @throws GateFailed */
async function mustHaveEnded(
  { record: { id, run: opener }, state, markedBy }: Entry,
  { ledger }: Inputs,
  { github, context }: Ports,
): Promise<void> {
  const restorer = state === 'restoring' ? markedBy : undefined
  for (const run of new Set([opener.id, restorer ?? opener.id])) {
    const own = run === context.runId
    // A ledger of files has no GitHub beside it.
    const status = own || ledger !== 'github' ? undefined : await statusOf(run, github)
    if (own || (status !== undefined && status !== 'completed'))
      throw new GateFailed(
        `transaction ${id} is ${state}, and run ${run} is ${own ? 'this one' : status}: wait for it, or cancel it, and run this again`,
      )
  }
}

async function statusOf(run: number, github: Ports['github']): Promise<string> {
  const { status } = await github.request<{ status: string }>(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
    { run_id: run },
    { permission: 'actions: read' },
  )
  return status
}

/** @throws GateFailed unless a reviewer let this run into the environment of the target, where that has reviewers */
async function mustBeReviewed(
  { id, environment }: TransactionRecord,
  { ledger }: Inputs,
  ports: Ports,
): Promise<void> {
  // A ledger of files has no GitHub beside it.
  if (ledger !== 'github') return
  const approvals = await listApprovals(ports)
  const approved = approvals.some(
    (one) => one.state === 'approved' && one.environment.toLowerCase() === environment.toLowerCase(),
  )
  if (approved) return
  const found = await readEnvironment(environment, ports)
  if (!found || reviewersOf(found) === 0)
    ports.log.warning(`${environment} has no required reviewers: nobody but you has looked at this`)
  else
    throw new GateFailed(
      `transaction ${id} is not resolved: nobody approved this run for ${environment}; run it in a job with \`environment: ${environment}\`, which has required reviewers`,
    )
}

/** The one arm that holds all the traffic and serves, while nobody else gets any: no other server, no client that is bound. */
function servesAll(reading: RouterReading): string | undefined {
  const { weights, effective, differs, strangers } = reading
  if (differs !== undefined || strangers !== undefined || lingering(reading, weights).length > 0)
    return undefined
  return Object.keys(weights).find((arm) => weights[arm] === WHOLE && effective[arm] === WHOLE)
}

async function openConfigured(target: ConfiguredTarget, ports: Ports): Promise<ObservedRouter> {
  const { traffic, arms } = await target.config({ secrets: ports.secrets })
  return traffic.canary.router.open(providerPorts(ports), arms.names)
}

/** From rollout.yml, from the inputs, or as the run that opened the transaction knew it. */
async function openRouter(
  target: ConfiguredTarget | undefined,
  record: TransactionRecord,
  ledger: Ledger,
  inputs: Inputs,
  ports: Ports,
): Promise<ObservedRouter> {
  if (target) return openConfigured(target, ports)
  if (inputs.router === undefined) return openRecorded(record, ledger, ports)
  const { names } = await sections.arms(inputs.arms ?? '{}')
  return (await sections.router(inputs.router, {})).open(providerPorts(ports), names)
}

/** The router as the run that opened the transaction knew it. */
async function openRecorded(
  record: TransactionRecord,
  ledger: Ledger,
  ports: Ports,
): Promise<ObservedRouter> {
  const { router, arms } = await keptSettings(ledger, record)
  return (await routers.configure(router)).open(providerPorts(ports), [arms.baseline, arms.canary])
}
