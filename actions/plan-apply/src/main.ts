import { InputError, type Ports } from '@deploy-actions/action-kit'
import { defined } from '@deploy-actions/rollout'
import { isWithheld } from '@deploy-actions/terraform'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { apply } from './apply'
import { completed, type Given, type Inputs } from './inputs'
import type { Outputs } from './outputs'
import { drift, plan } from './plan'
import { recover } from './recover'
import { openSession, secretProblems } from './session'

/** Plans what is to become of an infrastructure, or applies exactly what was approved. */
export async function main(given: Given, ports: Ports): Promise<Outputs> {
  if (given.mode === 'regions') return (await import('./configured')).regions(given, ports)
  const inputs =
    given.config === undefined
      ? completed(given)
      : await (await import('./configured')).configured(given, ports)
  const { region, environment } = inputs
  ports.evidence.about(defined({ region: region || undefined, environment: environment || undefined }))
  await mustFit(inputs, ports)
  for (const name of Object.keys(ports.ambient).filter(isWithheld))
    ports.log.warning(
      `${name} is not handed to the tool: what nobody sees would change what is planned, or show secrets`,
    )
  if (inputs.mode === 'apply') return apply(inputs, ports)
  if (inputs.mode === 'recover') return recover(await openSession(inputs, ports))
  if (inputs.mode === 'drift') return drift(await openSession(inputs, ports))
  return plan(await openSession(inputs, ports))
}

/** What belongs to one mode is refused in the other: the tool would take it and do nothing by it. */
const OF_PLAN = ['var-files', 'target', 'replace'] as const

/** @throws InputError with all that does not fit the mode, or is not there */
async function mustFit(inputs: Inputs, ports: Ports): Promise<void> {
  const { context } = ports
  const problems = secretProblems(inputs, ports)
  const say = (name: string, message: string): void =>
    void problems.push({ where: `input \`${name}\``, message })
  if (inputs.mode === 'apply') {
    for (const name of OF_PLAN)
      if (inputs[name].length > 0)
        say(name, 'is for mode: plan; what is applied is the plan as it was approved')
    if (inputs.destroy) say('destroy', 'is for mode: plan; what is applied is the plan as it was approved')
    if (inputs['plan-id'] === undefined) say('plan-id', 'is missing: `plan-id` of the step that planned')
    if (inputs['plan-sha256'] === undefined)
      say('plan-sha256', 'is missing: `plan-sha256` of the step that planned')
    if (inputs['plan-store'] === 'none') say('plan-store', 'none keeps no plan that could be applied')
  } else {
    if (inputs['export-outputs'].length > 0) say('export-outputs', 'is for mode: apply')
    if (inputs.transaction !== undefined) say('transaction', 'is for mode: apply')
  }
  if (inputs.needs.length > 0) {
    if (inputs.mode !== 'plan') say('needs', 'is for mode: plan')
    if (inputs['plan-store'] !== 'artifact')
      say('needs', 'is known of stacks whose plans are kept as artifacts of the run alone')
  }
  if (inputs.stack !== undefined && inputs.config === undefined)
    say('stack', 'is one of a rollout.yml: name that by config')
  if (inputs.comment && inputs.mode !== 'plan') say('comment', 'is for mode: plan')
  if (inputs.issue && inputs.mode !== 'drift') say('issue', 'is for mode: drift')
  if (inputs.mode === 'recover') {
    if (inputs['plan-id'] === undefined) say('plan-id', 'is missing: the id that the apply said')
    if (inputs['plan-store'] === 'none') say('plan-store', 'none keeps nothing')
  } else if (inputs['plan-run'] !== undefined) say('plan-run', 'is for mode: recover')
  const files = [
    { name: 'path', paths: [inputs.path] },
    { name: 'backend-config-files', paths: inputs['backend-config-files'] },
    { name: 'var-files', paths: inputs['var-files'] },
  ]
  for (const { name, paths } of files)
    for (const path of paths)
      if (
        !(await access(join(context.workspace, path)).then(
          () => true,
          () => false,
        ))
      )
        say(name, `${path} is not in the repository, or was not checked out`)
  if (problems.length > 0) throw new InputError(problems)
}
