import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Cancelled,
  deployVariables,
  providerPorts,
  runScriptToEnd,
  showOutput,
} from '@deploy-actions/action-kit'
import type { PlanJson, SensitiveTexts } from '@deploy-actions/terraform'
import type { Session } from './session'

/** Longer than any judges a plan. */
const TIMEOUT_MS = 10 * 60_000

/**
 * What a script of the repository has against a plan, as one sentence; undefined where it has nothing, or there is none. The
 * plan lies in clear, as the tool prints it, in a file that is gone with the step. @throws Cancelled
 */
export async function scriptViolation(
  { inputs, ports }: Session,
  { json, secrets }: { json: PlanJson; secrets: SensitiveTexts },
  folder: string,
): Promise<string | undefined> {
  const script = inputs['policy-script']
  if (!script) return undefined
  const plan = join(folder, 'plan.json')
  await writeFile(plan, JSON.stringify(json), { mode: 0o600 })
  const { region, environment, stack = '', service = '', path } = inputs
  const variables = deployVariables({ plan, region, environment, stack, service, path })
  const ending = await runScriptToEnd(script, providerPorts(ports, variables), {
    timeoutMs: TIMEOUT_MS,
    signal: ports.signal,
    // What it prints of the plan may be any value of it.
    clean: (text) => secrets.clean(text),
  })
  const shown = showOutput(`policy (${script.path})`, ending, ports)
  ports.evidence.facts({ policyScript: { ...ending.facts, ended: ending.ended, output: shown.output } })
  if (ending.ended === 'cancelled')
    throw new Cancelled(shown.detail, { outputs: { 'failure-reason': 'cancelled' } })
  return ending.ended === 'failed' ? `by the policy, ${shown.detail}` : undefined
}
