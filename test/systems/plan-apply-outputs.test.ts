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

  it('tells those that its plan leaves as they are, and none that an apply changes or makes known', async () => {
    const single = `  path: infra\n  backend-config: { address: '\${vars.state}/eu' }\n`
    // What is new may be told where nothing is read by it before the apply.
    await rollout(
      `${single}  outputs: { host: 10.0.0.1, weight: '1' }\nhooks: { finished: 'x \${infra.host}' }\n`,
    )
    const fresh = await step({ mode: 'plan', 'give-outputs': 'true' })
    expect(infraOf(fresh.outputs)).toEqual({ host: '10.1.0.5', weight: '7' })
    await rollout(`${single}  outputs: { host: 10.0.0.1 }\ntraffic: { x: '\${infra.host}' }\n`)
    const early = await step({ mode: 'plan', 'give-outputs': 'true' })
    expect(early.outputs['reason']).toMatch(
      /host is made by this plan, and traffic, deploy or checks name it/,
    )
    await rollout(`${single}  outputs: { host: 10.0.0.1, id: x, weight: '1' }\n`)
    const first = await step({ mode: 'plan', 'give-outputs': 'true' })
    expect(first.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'outputs-unknown' })
    expect(first.outputs['reason']).toMatch(
      /cannot stand on: id is not known before the apply: bring the infrastructure first, .*by infrastructure\.yml$/,
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
    expect(moved.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'outputs-unknown' })
    expect(moved.outputs['reason']).toMatch(
      /host is changed by this plan, and the rollout begins before that/,
    )
    // Nothing is applied yet, and the state says what stands.
    const infra = JSON.stringify(stands)
    expect(infraOf((await step({ mode: 'outputs', infra })).outputs)).toEqual(stands)
    await bring()
    const other = await step({ mode: 'outputs', infra })
    expect(other.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'outputs-changed' })
    expect(other.outputs['reason']).toMatch(
      /what this rollout was told: host is 10\.1\.0\.6, and was 10\.1\.0\.5;/,
    )
    expect(infraOf((await step({ mode: 'plan', 'give-outputs': 'true' })).outputs)).toEqual({
      ...stands,
      host: '10.1.0.6',
    })
  }, 120_000)

  it('tells none that is sensitive, or holds what is, and says each', async () => {
    const single = `  path: infra\n  backend-config: { address: '\${vars.state}/eu' }\n`
    await rollout(`${single}  outputs: { token: x, again: x, none: x }\n`)
    const why = /token is sensitive, .*; again holds a text that is a secret .*; none is not there/
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
        /does not give: app\.host is not there; app\.id is not there; what is not there is brought by/,
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
    // One of them is held against what was told of it alone.
    const told = { ...(infraOf(outputs) as Record<string, string>), 'network.host': 'another' }
    const alone = (stack: string) => step({ mode: 'outputs', stack, infra: JSON.stringify(told) })
    expect((await alone('app')).outputs).toMatchObject({ outcome: 'read' })
    expect((await alone('network')).outputs).toMatchObject({
      'failure-reason': 'outputs-changed',
      reason: expect.stringMatching(/: network\.host is 10\.1\.0\.5, and was another; run all/),
    })
  }, 120_000)
})
