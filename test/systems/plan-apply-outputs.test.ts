import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openTerraformLab, SECRET, TOOLS, type Inputs, type TerraformLab } from './terraform.fixture'

// What the rest of rollout.yml may name of an infrastructure, as plan-apply ships, with the tools themselves.

const configuration = (host: string): string => `
terraform {
  backend "http" {}
}
variable "token" {
  sensitive = true
}
resource "terraform_data" "proxy" {
  input = "a proxy"
}
output "host" {
  value = "${host}"
}
output "id" {
  value = terraform_data.proxy.id
}
output "weight" {
  value = 7
}
output "token" {
  value     = var.token
  sensitive = true
}
output "again" {
  value = "Bearer \${nonsensitive(var.token)}"
}
`

describe.each(TOOLS)('with $name', ({ tool }) => {
  let lab: TerraformLab
  beforeEach(async () => {
    lab = await openTerraformLab(tool, configuration('10.1.0.5'))
  })
  afterEach(() => lab.close())

  const rollout = (infrastructure: string): Promise<void> =>
    writeFile(
      join(lab.job.workspace, 'rollout.yml'),
      `version: 1
service: shop
regions: [{ name: eu, environment: prod-eu, vars: { state: '${lab.server.address}' } }]
infrastructure:
  plan-key-secret: PLAN_KEY
  tool-secrets: [TF_VAR_token]
${infrastructure}`,
    )
  /** By what rollout.yml says, but for the tool that is tried and the store. */
  const step = (inputs: Inputs) =>
    lab.step({
      ...{ config: 'rollout.yml', path: '', environment: '' },
      ...{ 'backend-config': '', 'plan-key-secret': '', 'tool-secrets': '' },
      ...inputs,
    })
  const bring = async (more: Inputs = {}): Promise<void> => {
    const { outputs } = await step({ ...more, mode: 'plan' })
    const plan = { 'plan-id': outputs['plan-id'] ?? '', 'plan-sha256': outputs['plan-sha256'] ?? '' }
    expect((await step({ ...more, ...plan, mode: 'apply' })).outputs).toMatchObject({ outcome: 'applied' })
  }
  const infraOf = (outputs: Readonly<Record<string, string>>): unknown =>
    JSON.parse(outputs['infra'] ?? 'null')

  it('tells them as they will be once the plan is applied, and none that only the apply makes known', async () => {
    const single = `  path: infra\n  backend-config: { address: '\${vars.state}/eu' }\n`
    await rollout(`${single}  outputs: { host: 10.0.0.1, id: x, weight: '1' }\n`)
    const first = await step({ mode: 'plan', 'give-outputs': 'true' })
    expect(first.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'outputs-unknown' })
    expect(first.outputs['reason']).toMatch(
      /cannot be told: id is not known before the apply; .*apply it first, without one, by infrastructure\.yml/,
    )
    expect(first.outputs).not.toHaveProperty('plan-id')
    expect(first.outputs['infra'] ?? '').toBe('')

    await bring()
    const state = lab.stateOf('eu') as unknown as { outputs: { id: { value: string } } }
    const stands = { host: '10.1.0.5', id: state.outputs.id.value, weight: '7' }
    const standing = await step({ mode: 'plan', 'give-outputs': 'true' })
    expect(standing.outputs).toMatchObject({ outcome: 'no-changes' })
    expect(infraOf(standing.outputs)).toEqual(stands)

    await lab.write(configuration('10.1.0.6'))
    const moved = await step({ mode: 'plan', 'give-outputs': 'true' })
    expect(moved.outputs).toMatchObject({ outcome: 'planned' })
    expect(infraOf(moved.outputs)).toEqual({ ...stands, host: '10.1.0.6' })
    expect(moved.stdout).toContain('${infra.host} is 10.1.0.6')
    // Nothing is applied yet, and the state says what stands.
    expect(infraOf((await step({ mode: 'outputs' })).outputs)).toEqual(stands)
  }, 120_000)

  it('tells none that is sensitive, or holds what is, and says each', async () => {
    const single = `  path: infra\n  backend-config: { address: '\${vars.state}/eu' }\n`
    await rollout(`${single}  outputs: { token: x, again: x, none: x }\n`)
    const why = /token is sensitive, .*; again holds a secret, .*; none is not an output of the configuration/
    const planned = await step({ mode: 'plan', 'give-outputs': 'true' })
    expect(planned.outputs['reason']).toMatch(why)
    await bring()
    const read = await step({ mode: 'outputs' })
    expect(read.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'outputs-unknown' })
    expect(read.outputs['reason']).toMatch(why)
    for (const { stdout, outputs, summary } of [planned, read])
      expect(JSON.stringify([stdout.replace(/::add-mask::.*/g, ''), outputs, summary])).not.toContain(SECRET)
  }, 120_000)

  it('reads those of stacks from their states, and says all that are not there', async () => {
    await mkdir(join(lab.job.workspace, 'app'))
    await writeFile(join(lab.job.workspace, 'app/main.tf'), configuration('10.1.0.7'))
    await rollout(`  stacks:
    network: { path: infra, outputs: { host: x }, backend-config: { address: '\${vars.state}/network' } }
    app: { path: app, outputs: { host: x, id: x }, backend-config: { address: '\${vars.state}/app' } }
    dns: { path: app, backend-config: { address: '\${vars.state}/dns' } }
`)
    await bring({ stack: 'network' })
    expect((await step({ mode: 'outputs' })).outputs).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /do not give: app\.host is not an output of the configuration; app\.id is not an output/,
      ),
    })
    await bring({ stack: 'app' })
    const state = lab.stateOf('app') as unknown as { outputs: { id: { value: string } } }
    const { outputs } = await step({ mode: 'outputs' })
    expect(outputs).toMatchObject({ outcome: 'read' })
    expect(infraOf(outputs)).toEqual({
      'network.host': '10.1.0.5',
      'app.host': '10.1.0.7',
      'app.id': state.outputs.id.value,
    })
  }, 120_000)
})
