import {
  Cancelled,
  escapeText,
  fenced,
  GateFailed,
  InputError,
  providerPorts,
  redact,
  runScriptToEnd,
  type Ports,
  type Script,
} from '@deploy-actions/action-kit'
import { configuredTarget, scriptVariables, type ConfiguredTarget } from '@deploy-actions/config'
import type { Deployed } from '@deploy-actions/deploys'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { defined, parseDuration } from '@deploy-actions/rollout'
import { joinTransaction, mustBeOpen, type JobTransaction } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

const DEFAULT_TIMEOUT_MS = parseDuration('10m') as number
/** How much of a tool's output goes into the summary and the evidence. */
const SHOWN_CHARACTERS = 4_000

/** What is to be run: the deployer of rollout.yml, or a script. */
interface Hook {
  name: string
  run(): Promise<Deployed>
}

/** Runs the deployer of rollout.yml, or one script with `DEPLOY_*` variables; how it ended is the outcome. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  if ((inputs.hook === undefined) === (inputs.run === undefined))
    throw new InputError([
      {
        where: 'inputs `hook` and `run`',
        message:
          'give exactly one; hook: deploy brings the release onto the canary arm as deploy of rollout.yml says, run: any script of the repository',
      },
    ])
  if (inputs.hook !== undefined && (inputs['env-secrets'].length > 0 || inputs.oidc))
    throw new InputError([
      {
        where: 'inputs `env-secrets` and `oidc`',
        message: 'are for run; what the scripts of a deploy get is said in rollout.yml, beside them',
      },
    ])
  const transaction =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const hook = await prepare(inputs, transaction, ports)
  if (inputs['dry-run']) {
    ports.log.info(`would run ${hook.name}`)
    return { outcome: 'would-run', reason: `would run ${hook.name}` }
  }
  if (transaction)
    await mustBeOpen(
      openLedger(transaction.ledger, transaction.record.service, ports, {
        patienceMs: LEDGER_PATIENCE_MS.forward,
      }),
      transaction,
    )
  return conclude(hook.name, await hook.run(), ports)
}

async function prepare(inputs: Inputs, transaction: JobTransaction | undefined, ports: Ports): Promise<Hook> {
  if (inputs.run !== undefined) {
    const target = inputs.region === undefined ? undefined : await targetOf(inputs, transaction, ports)
    return scriptHook(inputs.run, inputs, target, transaction, ports)
  }
  if (transaction === undefined)
    throw new InputError([
      {
        where: 'input `transaction`',
        message:
          'is missing; a deploy acts within the transaction of restore-point begin, which says which arm it may write',
      },
    ])
  return deployHook(inputs, await targetOf(inputs, transaction, ports), transaction, ports)
}

async function targetOf(
  inputs: Inputs,
  transaction: JobTransaction | undefined,
  ports: Ports,
): Promise<ConfiguredTarget> {
  const target = await configuredTarget({ ...inputs, ...transaction?.record.release }, ports.context)
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

function scriptHook(
  script: Script,
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
  return {
    name: script.path,
    run: () =>
      runScriptToEnd(script, providerPorts(ports, variables), {
        timeoutMs: inputs.timeout ?? DEFAULT_TIMEOUT_MS,
        signal: ports.signal,
        access: inputs,
      }),
  }
}

function conclude(name: string, { ended, detail, facts, output: printed }: Deployed, ports: Ports): Outputs {
  const secrets = [...ports.secrets.values()]
  const output = redact(printed, secrets)
  const reason = redact(detail, secrets)
  ports.log.foreign(`Output of ${name}`, output)
  ports.evidence.facts({ ...facts, ended, output: output.slice(-SHOWN_CHARACTERS) })
  const shown = output.trim() === '' ? '' : `\n\n${fenced(output.slice(-SHOWN_CHARACTERS))}`
  ports.summary.add(
    `### ${escapeText(name)}: ${ended === 'done' ? 'done' : 'failed'}\n\n${escapeText(reason)}${shown}`,
  )
  const exitCode = typeof facts['exitCode'] === 'number' ? { 'exit-code': facts['exitCode'] } : {}
  if (ended === 'cancelled') throw new Cancelled(reason, { outputs: exitCode })
  if (ended === 'failed') throw new GateFailed(reason, { outputs: exitCode })
  return { outcome: 'done', reason, ...exitCode }
}
