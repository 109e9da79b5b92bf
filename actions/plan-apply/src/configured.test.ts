import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { InputError, Ports } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { configured } from './configured'
import { inputs as schema, type Given, type Inputs } from './inputs'
import { main } from './main'

const REGIONS = `version: 1
service: shop
regions:
  - { name: eu, environment: production-eu }
  - { name: us, environment: production-us }
`
const INFRASTRUCTURE = `infrastructure:
  tool: tofu
  version: 1.12.3
  path: infra
  var-files: ['\${region}.tfvars']
  backend-config: { key: '\${region}', retry_max: '2', skip_cert_verification: 'false' }
  policy: { max-destroy: 2, protected: [module.db.**] }
  plan-key-secret: PLAN_KEY
  oidc: true
`
let ports: Ports
const write = (text: string): Promise<void> => writeFile(join(ports.context.workspace, 'rollout.yml'), text)
beforeEach(async () => {
  const fake = createFakePorts()
  ports = { ...fake, context: { ...fake.context, workspace: await mkdtemp(join(tmpdir(), 'configured-')) } }
  await write(REGIONS + INFRASTRUCTURE)
})
const given = (more: Record<string, string>): Given =>
  schema.parse({ mode: 'plan', config: 'rollout.yml', region: 'eu', ...more })
const ofConfig = (more: Record<string, string> = {}): Promise<Inputs> => configured(given(more), ports)

describe('the inputs of plan-apply by a rollout.yml', () => {
  it('are what that says for the region', async () => {
    expect(await ofConfig()).toMatchObject({
      ...{
        tool: 'tofu',
        path: 'infra',
        environment: 'production-eu',
        oidc: true,
        'var-files': ['eu.tfvars'],
      },
      'backend-config': ['key=eu', 'retry_max=2', 'skip_cert_verification=false'],
      ...{ 'max-destroy': 2, protected: ['module.db.**'], 'plan-key-secret': 'PLAN_KEY' },
    })
    expect(await ofConfig()).toMatchObject({ version: '1.12.3' })
  })

  it('are those that were given, where they are', async () => {
    const own = {
      tool: '/opt/tofu',
      environment: 'eu-plan',
      'backend-config': 'key=other',
      'max-destroy': '0',
    }
    expect(await ofConfig({ ...own, timeout: '5m' })).toMatchObject({
      ...{ tool: '/opt/tofu', environment: 'eu-plan', 'backend-config': ['key=other'] },
      ...{ 'max-destroy': 0, timeout: 300_000, protected: ['module.db.**'] },
    })
  })

  it('are those that were given, also where they are as by default', async () => {
    await write(
      `${REGIONS}${INFRASTRUCTURE}  verify: state\n  workspace: blue\n  timeout: 3h\n  lock-timeout: 30m\n  plan-max-age: 72h\n`,
    )
    const own = {
      verify: 'replan',
      workspace: 'default',
      timeout: '2h',
      'lock-timeout': '5m',
      'plan-max-age': '24h',
    }
    const more = { tool: 'terraform', path: '.', oidc: 'false' }
    expect(await ofConfig()).toMatchObject({ verify: 'state', workspace: 'blue', tool: 'tofu', oidc: true })
    expect(await ofConfig({ ...own, ...more })).toMatchObject({
      ...{ verify: 'replan', workspace: 'default', timeout: 7_200_000, 'lock-timeout': 300_000 },
      ...{ 'plan-max-age': 86_400_000, tool: 'terraform', path: '.', oidc: false },
    })
  })

  it.each(['apply', 'drift', 'recover'])('of mode: %s are those that belong to it', async (mode) => {
    const { 'var-files': varFiles, 'max-destroy': maxDestroy } = await ofConfig({ mode })
    expect(varFiles).toEqual(mode === 'apply' ? [] : ['eu.tfvars'])
    expect(maxDestroy).toBe(2)
  })
})

describe('the regions of a rollout.yml', () => {
  const listed = () => main(schema.parse({ mode: 'regions', config: 'rollout.yml' }), ports)

  it('are told with where it is', async () => {
    expect(await listed()).toMatchObject({
      outcome: 'listed',
      regions: [
        { name: 'eu', environment: 'production-eu', path: 'infra' },
        { name: 'us', environment: 'production-us', path: 'infra' },
      ],
    })
  })

  it('are none where they have no infrastructure, or a wrong one', async () => {
    await write(REGIONS)
    const refused = (): Promise<string> => listed().then(String, (error: InputError) => error.message)
    expect(await refused()).toMatch(/rollout\.yml:\d+:\d+: infrastructure: is missing/)
    await write(`${REGIONS}${INFRASTRUCTURE}  pth: x\n`)
    expect(await refused()).toMatch(/infrastructure\.pth: unknown key; .*Did you mean path\?/)
  })
})
