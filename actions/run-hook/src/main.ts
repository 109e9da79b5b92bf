import {
  Cancelled,
  escapeText,
  fenced,
  GateFailed,
  InputError,
  providerPorts,
  runScriptToEnd,
  showOutput,
  type Ports,
} from '@deploy-actions/action-kit'
import {
  configuredTarget,
  scriptVariables,
  type ConfiguredTarget,
  type Hook as ConfiguredHook,
  type HookName,
} from '@deploy-actions/config'
import type { Deployed } from '@deploy-actions/deploys'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { defined, parseDuration } from '@deploy-actions/rollout'
import {
  joinTransaction,
  mustBeCommitted,
  mustBeOpen,
  type JobTransaction,
} from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

const DEFAULT_TIMEOUT_MS = parseDuration('10m') as number

/** What is to be run: the deployer of rollout.yml, one of its hooks, or a script. */
interface Hook {
  name: string
  run(): Promise<Deployed>
  /** said of a failure: what it means for the release */
  failed?: string
}

/** Runs the deployer or a hook of rollout.yml, or one script with `DEPLOY_*` variables; how it ended is the outcome. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  if ((inputs.hook === undefined) === (inputs.run === undefined))
    throw new InputError([
      {
        where: 'inputs `hook` and `run`',
        message:
          'give exactly one; hook: deploy brings the release onto the canary arm as deploy of rollout.yml says, another one runs that hook of it, run: any script of the repository',
      },
    ])
  if (inputs.hook !== undefined && (inputs['env-secrets'].length > 0 || inputs.oidc))
    throw new InputError([
      {
        where: 'inputs `env-secrets` and `oidc`',
        message: 'are for run; what the scripts of rollout.yml get is said there, beside them',
      },
    ])
  const transaction =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const hook = await prepare(inputs, transaction, ports)
  if (inputs['dry-run']) {
    ports.log.info(`would run ${hook.name}`)
    return { outcome: 'would-run', reason: `would run ${hook.name}` }
  }
  if (transaction) await mustStand(transaction, inputs, ports)
  return conclude(hook, await hook.run(), ports)
}

/** Somebody may have taken the release back while the job waited. */
function mustStand(transaction: JobTransaction, { hook }: Inputs, ports: Ports): Promise<void> {
  const ledger = openLedger(transaction.ledger, transaction.record.service, ports, {
    patienceMs: LEDGER_PATIENCE_MS.forward,
  })
  return hook === 'finished' ? mustBeCommitted(ledger, transaction) : mustBeOpen(ledger, transaction)
}

async function prepare(inputs: Inputs, transaction: JobTransaction | undefined, ports: Ports): Promise<Hook> {
  const { run, hook } = inputs
  if (run !== undefined) {
    const target = inputs.region === undefined ? undefined : await targetOf(inputs, transaction, ports)
    const { timeout = DEFAULT_TIMEOUT_MS, 'env-secrets': names, oidc } = inputs
    return scriptHook({ run, timeout, 'env-secrets': names, oidc }, inputs, target, transaction, ports)
  }
  if (hook === 'schema-compatibility')
    return hookOfConfig(hook, inputs, await targetOf(inputs, transaction, ports), transaction, ports)
  if (transaction === undefined) throw needsTransaction(hook)
  const target = await targetOf(inputs, transaction, ports)
  return hook === 'finished'
    ? hookOfConfig(hook, inputs, target, transaction, ports)
    : deployHook(inputs, target, transaction, ports)
}

const needsTransaction = (hook: Inputs['hook']): InputError =>
  new InputError([
    {
      where: 'input `transaction`',
      message:
        hook === 'finished'
          ? 'is missing; finished follows the commit of the transaction of restore-point begin, which says which arm serves now'
          : 'is missing; a deploy acts within the transaction of restore-point begin, which says which arm it may write',
    },
  ])

async function targetOf(
  inputs: Inputs,
  transaction: JobTransaction | undefined,
  ports: Ports,
): Promise<ConfiguredTarget> {
  const infra = transaction?.settings.infra ?? inputs.infra
  const target = await configuredTarget({ ...inputs, ...transaction?.record.release, infra }, ports.context)
  const { service, region, environment } = target
  ports.evidence.about(defined({ service, region, environment, transaction: transaction?.record.id }))
  return target
}

async function deployHook(
  inputs: Inputs,
  target: ConfiguredTarget,
  { record: { release }, settings: { arms } }: JobTransaction,
  ports: Ports,
): Promise<Hook> {
  const { deploy } = await target.config({ arm: arms.canary })
  const given = { ...release, image: inputs.image }
  const variables = scriptVariables(target, given, ports.context)
  const deployer = deploy.open(providerPorts(ports, variables), arms)
  return {
    name: `deploy (${deploy.written.type})`,
    async run() {
      const deployed = await deployer.deploy(given, arms.canary, ports.signal)
      if (deployed.ended !== 'done') return deployed
      // What the tool said is one thing, what runs another.
      const verified = await deployer.verify(arms.canary, ports.signal)
      const facts = { ...deployed.facts, verified }
      if (verified.state !== 'unverified') return { ...deployed, facts }
      return { ...deployed, facts, ended: 'failed', detail: `${deployed.detail}, but ${verified.detail}` }
    },
  }
}

/** One of `hooks` of rollout.yml. @throws InputError when it has none of that name */
async function hookOfConfig(
  name: HookName,
  inputs: Inputs,
  target: ConfiguredTarget,
  transaction: JobTransaction | undefined,
  ports: Ports,
): Promise<Hook> {
  const { hooks } = await target.config(defined({ arm: transaction?.settings.arms.canary }))
  const hook = hooks[name]
  if (!hook)
    throw new InputError([
      { where: `${target.file.path}: hooks`, message: `has no ${name}; add it, or leave out this step` },
    ])
  const { run } = scriptHook(hook, inputs, target, transaction, ports)
  const failed = 'the release is committed and serves: nothing is taken back for that'
  return { name: `${name} (${hook.run.path})`, run, ...(name === 'finished' && { failed }) }
}

function scriptHook(
  { run: script, timeout: timeoutMs, ...access }: ConfiguredHook,
  inputs: Inputs,
  target: ConfiguredTarget | undefined,
  transaction: JobTransaction | undefined,
  ports: Ports,
): Hook {
  const arms = transaction?.settings.arms
  const release = { ...inputs, ...transaction?.record.release }
  const variables = target
    ? scriptVariables(target, release, ports.context, arms && { arm: arms.canary, ...arms })
    : {}
  const { signal } = ports
  return {
    name: script.path,
    run: () => runScriptToEnd(script, providerPorts(ports, variables), { timeoutMs, signal, access }),
  }
}

function conclude({ name, failed }: Hook, deployed: Deployed, ports: Ports): Outputs {
  const { ended, facts } = deployed
  const { detail, output } = showOutput(name, deployed, ports)
  const reason = ended === 'failed' && failed !== undefined ? `${detail}; ${failed}` : detail
  ports.evidence.facts({ ...facts, ended, output })
  const shown = output.trim() === '' ? '' : `\n\n${fenced(output)}`
  ports.summary.add(
    `### ${escapeText(name)}: ${ended === 'done' ? 'done' : 'failed'}\n\n${escapeText(reason)}${shown}`,
  )
  const exitCode = typeof facts['exitCode'] === 'number' ? { 'exit-code': facts['exitCode'] } : {}
  if (ended === 'cancelled') throw new Cancelled(reason, { outputs: exitCode })
  if (ended === 'failed') throw new GateFailed(reason, { outputs: exitCode })
  return { outcome: 'done', reason, ...exitCode }
}
