import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, missingScript, type Ports } from '@deploy-actions/action-kit'
import { LAST_SUCCESS, type Inputs } from './inputs'
import { secretProblems } from './session'

/** What belongs to one mode is refused in the other: the tool would take it and do nothing by it. */
const OF_PLAN = ['var-files', 'target', 'replace'] as const

/** @throws InputError with all that does not fit the mode, or is not there */
export async function mustFit(inputs: Inputs, ports: Ports): Promise<void> {
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
  const isPlanned = inputs.mode === 'plan' || inputs.mode === 'apply'
  if (inputs['changed-since'] !== '' && !(isPlanned && inputs['changed-since'] === LAST_SUCCESS))
    say('changed-since', 'is for mode: regions, and last-success for mode: plan and apply')
  if (inputs.service !== undefined && inputs.config === undefined)
    say('service', 'is that of a rollout.yml: name that by config')
  if (inputs.stack !== undefined && inputs.config === undefined)
    say('stack', 'is one of a rollout.yml: name that by config')
  if (inputs.infra && inputs.mode !== 'outputs') say('infra', 'is for mode: outputs')
  if (inputs['give-outputs'] && inputs.mode !== 'plan') say('give-outputs', 'is for mode: plan')
  if (inputs['policy-script'] && inputs.mode !== 'plan')
    say('policy-script', 'is for mode: plan; what is applied is the plan as it was judged')
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
  const unusable =
    inputs['policy-script'] && (await missingScript(inputs['policy-script'], context.workspace))
  if (unusable !== undefined) say('policy-script', unusable)
  if (problems.length > 0) throw new InputError(problems)
}
