import {
  Cancelled,
  escapeText,
  fenced,
  GateFailed,
  providerPorts,
  runScriptToEnd,
  showOutput,
  type Ports,
  type Problem,
} from '@deploy-actions/action-kit'
import {
  correlationOf,
  scriptVariables,
  type Hook,
  type RegionConfig,
  type RolloutFile,
} from '@deploy-actions/config'
import { formatDuration, PLAN_LIMIT_MS } from '@deploy-actions/rollout'
import type { Inputs } from './inputs'

/** The hook, and the region that it is run for. */
interface Asked {
  hook: Hook
  config: RegionConfig
}

/** Regions mostly share what they ask: each different line is run once, for the first region that has it. */
function asked(due: readonly RegionConfig[]): Asked[] {
  const found = new Map<string, Asked>()
  for (const config of due) {
    const hook = config.hooks['schema-compatibility']
    const key = JSON.stringify(hook)
    if (hook && !found.has(key)) found.set(key, { hook, config })
  }
  return [...found.values()]
}

/** That the plan job could not wait for all of them. */
export function slowCompatibility(due: readonly RegionConfig[]): Problem[] {
  const worst = asked(due).reduce((sum, { hook }) => sum + hook.timeout, 0)
  if (worst <= PLAN_LIMIT_MS) return []
  return [
    {
      where: 'hooks.schema-compatibility',
      message: `could take ${formatDuration(worst)} in all, and may take at most ${formatDuration(PLAN_LIMIT_MS)}: the plan job is ended after 1h; shorten its timeout`,
    },
  ]
}

/** Asks whether the release gets on with the schema, when nothing else speaks against the rollout. @throws GateFailed when it does not */
export async function mustBeCompatible(
  due: readonly RegionConfig[],
  file: RolloutFile,
  inputs: Inputs,
  ports: Ports,
): Promise<void> {
  const kept: Record<string, unknown>[] = []
  const refused: string[] = []
  for (const one of asked(due)) {
    const { ended, detail, output, facts } = await ask(one, file, inputs, ports)
    kept.push({ region: one.config.region.name, ...facts, ended, output })
    ports.evidence.facts({ schemaCompatibility: kept })
    if (ended === 'cancelled') throw new Cancelled(detail)
    if (ended === 'failed') refused.push(detail)
    const shown = output.trim() === '' ? '' : `\n\n${fenced(output)}`
    ports.summary.add(`### schema-compatibility: ${escapeText(detail)}${shown}`)
  }
  if (refused.length > 0)
    throw new GateFailed(
      `nothing was begun: by hooks.schema-compatibility the release does not go with the schema: ${refused.join('; ')}`,
    )
}

async function ask(
  { hook, config: { region: entry } }: Asked,
  file: RolloutFile,
  inputs: Inputs,
  ports: Ports,
) {
  const { service } = file
  const target = {
    ...{ service, region: entry.name, environment: entry.environment, entry, variables: {} },
    correlationId: correlationOf(inputs, service, ports.context),
  }
  const variables = scriptVariables(target, inputs, ports.context)
  const ending = await runScriptToEnd(hook.run, providerPorts(ports, variables), {
    timeoutMs: hook.timeout,
    signal: ports.signal,
    access: hook,
  })
  return { ...ending, ...showOutput(`schema-compatibility (${hook.run.path})`, ending, ports) }
}
