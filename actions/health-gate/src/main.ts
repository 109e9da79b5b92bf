import {
  escapeText,
  GateFailed,
  InputError,
  providerPorts,
  table,
  type Ports,
} from '@deploy-actions/action-kit'
import {
  FAIL_AFTER,
  holdUntilGreen,
  watchChecks,
  type ConfiguredCheck,
  type GateResult,
  type NamedChecks,
} from '@deploy-actions/checks'
import {
  checksOf,
  configuredTarget,
  correlationOf,
  scriptVariables,
  sections,
  variablesOf,
} from '@deploy-actions/config'
import { doubtOf, newestRollout, LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { defined, parseDuration } from '@deploy-actions/rollout'
import { armsOf, joinTransaction } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

const DEFAULTS = {
  timeout: parseDuration('15m') as number,
  interval: parseDuration('15s') as number,
  'green-for': 0,
}

/** The checks by name, and the times that the inputs leave to the config. */
interface Plan {
  title: string
  checks: ReadonlyMap<string, ConfiguredCheck>
  times: typeof DEFAULTS & { 'fail-after'?: number | undefined }
  variables: Record<string, string>
}

/** Holds until everything named is green, or watches that it stays so. */
export async function main(inputs: Inputs, ports: Ports): Promise<Outputs> {
  if (inputs.mode === 'watch' && inputs.for === undefined)
    throw new InputError([
      { where: 'input `for`', message: 'is missing; with mode: watch it says how long, for example 30m' },
    ])
  const plan = await planGate(inputs, ports)
  const checkPorts = providerPorts(ports, plan.variables)
  const checks = new Map([...plan.checks].map(([name, check]) => [name, check.open(checkPorts)]))
  const result = await run(inputs, plan, checks, ports)
  return conclude(plan, result, ports)
}

function run(inputs: Inputs, { times }: Plan, checks: NamedChecks, ports: Ports): Promise<GateResult> {
  const { clock, signal, log } = ports
  const pace = { clock, signal, log, intervalMs: inputs.interval ?? times.interval }
  if (inputs.mode === 'watch')
    return watchChecks(checks, {
      ...pace,
      forMs: inputs.for as number,
      failAfter: inputs['fail-after'] ?? FAIL_AFTER,
    })
  return holdUntilGreen(checks, {
    ...pace,
    greenForMs: inputs['green-for'] ?? times['green-for'],
    timeoutMs: inputs.timeout ?? times.timeout,
    ...defined({ attempts: inputs.attempts, failAfter: inputs['fail-after'] ?? times['fail-after'] }),
    failFast: inputs['fail-fast'],
    onTimeout: inputs['on-timeout'],
  })
}

async function planGate(inputs: Inputs, ports: Ports): Promise<Plan> {
  if (inputs.checks !== undefined) {
    const correlationId = correlationOf(inputs, 'gate', ports.context)
    const variables = {
      ...variablesOf(inputs, ports.context, correlationId),
      ...defined({ region: inputs.region }),
    }
    const checks = await sections.checks(inputs.checks, variables)
    return { title: inputs.mode, checks: new Map(Object.entries(checks)), times: DEFAULTS, variables: {} }
  }
  if (inputs.gate === undefined)
    throw new InputError([
      {
        where: 'inputs `checks` and `gate`',
        message: 'give one: checks as YAML, or gate (before | after-deploy | after-rollout) of rollout.yml',
      },
    ])
  const transaction =
    inputs.transaction === undefined ? undefined : await joinTransaction(inputs.transaction, ports.context)
  const release = transaction?.record.release
  const infra = transaction?.settings.infra ?? inputs.infra
  const target = await configuredTarget({ ...inputs, ...release, infra }, ports.context)
  const { service, region, environment } = target
  ports.evidence.about(defined({ service, region, environment, transaction: transaction?.record.id }))
  // Before the transaction there is no arm; after a region is done, its live arm is what the ledger says.
  const arms = transaction?.settings.arms
  const arm =
    arms?.canary ??
    inputs.arm ??
    (inputs.gate === 'before' ? undefined : await liveArm(inputs, service, environment, ports))
  const config = await target.config(defined({ arm }))
  const gate = config.gates[inputs.gate]
  return {
    title: inputs.gate,
    checks: checksOf(config, gate),
    times: gate ?? DEFAULTS,
    variables: scriptVariables(
      target,
      { ...inputs, ...release },
      ports.context,
      arm === undefined ? undefined : { baseline: arm, canary: arm, ...arms, arm },
    ),
  }
}

/** The arm that serves as far as the ledger knows: what the newest rollout committed it onto, or found it on. */
async function liveArm(
  inputs: Inputs,
  service: string,
  environment: string,
  ports: Ports,
): Promise<string | undefined> {
  const entry = await newestRollout(
    openLedger(inputs.ledger, service, ports, { patienceMs: LEDGER_PATIENCE_MS.plan }),
    environment,
  )
  const arms = entry && doubtOf(entry) === undefined ? armsOf(entry.record) : undefined
  return entry?.state === 'committed' ? arms?.canary : arms?.baseline
}

function conclude(
  { title }: Plan,
  { verdict, reason, checks, greenSince }: GateResult,
  ports: Ports,
): Outputs {
  ports.log.info(`${title}: ${verdict}: ${reason}`)
  ports.evidence.facts({ verdict, checks, greenSince })
  const rows = checks.map(({ name, state, since, attempts, detail }) => [
    name,
    state,
    since,
    String(attempts),
    detail,
  ])
  const changes = checks.flatMap(({ name, changes }) =>
    changes.map(({ at, state, detail }) => [at, name, state, detail]),
  )
  const timeline =
    changes.length > checks.length
      ? [
          '',
          '**Changes**',
          '',
          table(
            ['When', 'Check', 'State', 'Detail'],
            changes.sort(([a = ''], [b = '']) => a.localeCompare(b)),
          ),
        ]
      : []
  ports.summary.add(
    [
      `### Gate ${escapeText(title)}: ${verdict}`,
      '',
      `${escapeText(reason)}.`,
      '',
      ...(rows.length > 0 ? [table(['Check', 'State', 'Since', 'Tries', 'Last'], rows)] : []),
      ...timeline,
    ].join('\n'),
  )
  const outputs = {
    verdict,
    reason,
    checks,
    ...defined({ 'green-since': greenSince }),
  }
  if (verdict === 'fail') throw new GateFailed(`${title}: ${reason}`, { outputs })
  return { outcome: verdict === 'pass' ? 'green' : 'inconclusive', ...outputs }
}
