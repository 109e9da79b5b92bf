import {
  clockTime,
  escapeText,
  GateFailed,
  InputError,
  providerPorts,
  reviewOf,
  type Ports,
} from '@deploy-actions/action-kit'
import { configuredTarget, listsOutputs, sections, type ConfiguredTarget } from '@deploy-actions/config'
import {
  LEDGER_PATIENCE_MS,
  openLedger,
  type Entry,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import { defined, holdingStates } from '@deploy-actions/rollout'
import { described, type ObservedRouter } from '@deploy-actions/traffic'
import { keptSettings, openRouter as openKept } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { runStatus } from './run-status'
import { servesAll } from './serves-all'

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
    const status = own || ledger !== 'github' ? undefined : await runStatus(run, github)
    if (own || (status !== undefined && status !== 'completed'))
      throw new GateFailed(
        `transaction ${id} is ${state}, and run ${run} is ${own ? 'this one' : status}: wait for it, or cancel it, and run this again`,
      )
  }
}

/** @throws GateFailed unless a reviewer let this run into the environment of the target, where that has reviewers */
async function mustBeReviewed(
  { id, environment }: TransactionRecord,
  { ledger }: Inputs,
  ports: Ports,
): Promise<void> {
  // A ledger of files has no GitHub beside it.
  if (ledger !== 'github') return
  const review = await reviewOf(environment, ports)
  if (review === 'nobody-asked')
    ports.log.warning(`${environment} has no required reviewers: nobody but you has looked at this`)
  if (review === 'missing')
    throw new GateFailed(
      `transaction ${id} is not resolved: nobody approved this run for ${environment}; run it in a job with \`environment: ${environment}\`, which has required reviewers`,
    )
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
  // What stands on outputs that nobody has handed over is known to the run that opened it.
  const isUntold = target && inputs.infra === undefined && listsOutputs(target.file)
  if (target && !isUntold) return openConfigured(target, ports)
  if (inputs.router === undefined) return openKept(await keptSettings(ledger, record), ports)
  const { names } = await sections.arms(inputs.arms ?? '{}')
  return (await sections.router(inputs.router, {})).open(providerPorts(ports), names)
}
