import {
  Cancelled,
  escapeText,
  fenced,
  GateFailed,
  InputError,
  redact,
  runScript,
  scriptFailure,
  type Ports,
  type Script,
} from '@deploy-actions/action-kit'
import { configuredTarget, scriptVariables } from '@deploy-actions/config'
import { joinTransaction, mustBeOpen, openLedger, type JobTransaction } from '@deploy-actions/ledger'
import { parseDuration } from '@deploy-actions/rollout'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

const DEFAULT_TIMEOUT_MS = parseDuration('10m') as number
/** How much of a script's output goes into the summary and the evidence. */
const SHOWN_CHARACTERS = 4_000

interface Run {
  script: Script
  timeoutMs: number
  variables: Record<string, string>
}

/** Runs one script with `DEPLOY_*` variables; its exit code is the outcome. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  if ((inputs.hook === undefined) === (inputs.run === undefined))
    throw new InputError([
      {
        where: 'inputs `hook` and `run`',
        message:
          'give exactly one; hook: deploy runs deploy.script.run of rollout.yml, run: any script of the repository',
      },
    ])
  const transaction =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const run = await prepare(inputs, transaction, ports)
  if (inputs['dry-run']) {
    ports.log.info(`would run ${run.script.path} with ${Object.keys(run.variables).join(', ')}`)
    return { outcome: 'would-run', reason: `would run ${run.script.path}` }
  }
  if (transaction)
    await mustBeOpen(openLedger(transaction.ledger, transaction.record.service, ports), transaction.record)
  return execute(run, inputs, ports)
}

async function prepare(inputs: Inputs, transaction: JobTransaction | undefined, ports: Ports): Promise<Run> {
  if (inputs.hook !== undefined && transaction === undefined)
    throw new InputError([
      {
        where: 'input `transaction`',
        message:
          'is missing; a deploy acts within the transaction of restore-point begin, which says which arm it may write',
      },
    ])
  if (inputs.region === undefined && inputs.hook === undefined)
    return { script: inputs.run as Script, timeoutMs: inputs.timeout ?? DEFAULT_TIMEOUT_MS, variables: {} }
  const release = transaction?.record.release
  const target = await configuredTarget({ ...inputs, ...release }, ports.context)
  const { service, region, environment } = target
  ports.evidence.about({
    service,
    region,
    environment,
    ...(transaction ? { transaction: transaction.record.id } : {}),
  })
  const arms = transaction?.settings.arms
  const variables = scriptVariables(
    target,
    { ...inputs, ...release },
    ports.context,
    arms && { arm: arms.canary, ...arms },
  )
  if (inputs.run !== undefined)
    return { script: inputs.run, timeoutMs: inputs.timeout ?? DEFAULT_TIMEOUT_MS, variables }
  const config = await target.config(arms ? { arm: arms.canary } : {})
  return { script: config.deploy.script.run, timeoutMs: config.deploy.script.timeout, variables }
}

async function execute(
  { script, timeoutMs, variables }: Run,
  inputs: Inputs,
  ports: Ports,
): Promise<Outputs> {
  const result = await runScript(
    script,
    { process: ports.process, workspace: ports.context.workspace },
    { variables, timeoutMs, signal: ports.signal },
  )
  const output = redact(`${result.stdout}${result.stderr}`, inputs.secrets.values())
  ports.log.foreign(`Output of ${script.path}`, output)
  const failure = scriptFailure(script, result)
  const reason = redact(failure ?? `${script.path} succeeded`, inputs.secrets.values())
  ports.evidence.facts({
    script: script.path,
    args: script.args,
    variables,
    exitCode: result.exitCode,
    ended: result.ended,
    output: output.slice(-SHOWN_CHARACTERS),
  })
  const shown = output.trim() === '' ? '' : `\n\n${fenced(output.slice(-SHOWN_CHARACTERS))}`
  ports.summary.add(
    `### ${escapeText(inputs.hook ?? script.path)}: ${failure === undefined ? 'done' : 'failed'}\n\n${escapeText(reason)}${shown}`,
  )
  if (result.ended === 'cancelled') throw new Cancelled(reason)
  const exitCode = result.exitCode === null ? {} : { 'exit-code': result.exitCode }
  if (failure !== undefined) throw new GateFailed(reason, { outputs: exitCode })
  return { outcome: 'done', reason, ...exitCode }
}
