import type { Ports } from '@deploy-actions/action-kit'
import { defined } from '@deploy-actions/rollout'
import { isWithheld } from '@deploy-actions/terraform'
import { apply } from './apply'
import { completed, type Given } from './inputs'
import { mustFit } from './must-fit'
import type { Outputs } from './outputs'
import { drift, plan } from './plan'
import { recover } from './recover'
import { openSession } from './session'

/** Plans what is to become of an infrastructure, or applies exactly what was approved. */
export async function main(given: Given, ports: Ports): Promise<Outputs> {
  if (given.mode === 'regions') return (await import('./configured')).regions(given, ports)
  if (given.mode === 'outputs') return (await import('./stack-outputs')).stackOutputs(given, ports)
  const inputs =
    given.config === undefined
      ? completed(given)
      : await (await import('./configured')).configured(given, ports)
  const { region, environment } = inputs
  ports.evidence.about(defined({ region: region || undefined, environment: environment || undefined }))
  await mustFit(inputs, ports)
  if (inputs['changed-since'] !== '') await (await import('./other-runs')).mustBeNewest(ports)
  for (const name of Object.keys(ports.ambient).filter(isWithheld))
    ports.log.warning(
      `${name} is not handed to the tool: what nobody sees would change what is planned, or show secrets`,
    )
  if (inputs.mode === 'apply') return apply(inputs, ports)
  if (inputs.mode === 'recover') return recover(await openSession(inputs, ports))
  if (inputs.mode === 'drift') return drift(await openSession(inputs, ports))
  return plan(await openSession(inputs, ports))
}
