import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
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
const STACKS = `infrastructure:
  tool: tofu
  policy: { max-destroy: 2 }
  plan-key-secret: PLAN_KEY
  stacks:
    app: { path: infra/app, needs: [network], backend-config: { key: '\${region}/app' } }
    network: { path: infra/network, backend-config: { key: '\${region}/network' } }
`
const EDGE = `    edge: { path: infra/network, backend-config: { key: '\${region}/edge' } }
`
let ports: Ports
const write = (text: string): Promise<void> => writeFile(join(ports.context.workspace, 'rollout.yml'), text)
beforeEach(async () => {
  const fake = createFakePorts()
  ports = { ...fake, context: { ...fake.context, workspace: await mkdtemp(join(tmpdir(), 'configured-')) } }
  await write(REGIONS + INFRASTRUCTURE)
  for (const folder of ['infra/app', 'infra/network'])
    await mkdir(join(ports.context.workspace, folder), { recursive: true })
  for (const name of ['eu', 'us']) await writeFile(join(ports.context.workspace, `${name}.tfvars`), '')
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

  it('are those of one of its stacks, by its name', async () => {
    await write(REGIONS + STACKS)
    expect(await ofConfig({ stack: 'app' })).toMatchObject({
      ...{ path: 'infra/app', environment: 'production-eu', 'backend-config': ['key=eu/app'] },
      ...{ 'max-destroy': 2, needs: [] },
    })
    const refused = (more: Record<string, string>): Promise<string> =>
      ofConfig(more).then(String, (error: InputError) => error.message)
    expect(await refused({})).toMatch(/input `stack`: is missing; known in rollout\.yml: network, app$/m)
    expect(await refused({ stack: 'ap' })).toMatch(
      /no stack is named ap; known in rollout\.yml: network, app$/m,
    )
    await write(REGIONS + INFRASTRUCTURE)
    expect(await refused({ stack: 'app' })).toMatch(/rollout\.yml has one infrastructure without stacks/)
  })

  it.each(['apply', 'drift', 'recover'])('of mode: %s are those that belong to it', async (mode) => {
    const { 'var-files': varFiles, 'max-destroy': maxDestroy } = await ofConfig({ mode })
    expect(varFiles).toEqual(mode === 'apply' ? [] : ['eu.tfvars'])
    expect(maxDestroy).toBe(2)
  })
})

describe('the regions of a rollout.yml', () => {
  const listed = (more: Record<string, string> = {}) =>
    main(schema.parse({ mode: 'regions', config: 'rollout.yml', ...more }), ports)
  const titles = async (more: Record<string, string>): Promise<unknown[]> =>
    ((await listed(more)).regions ?? []).map(({ title, needs }) => [title, needs])

  it('are told with where it is', async () => {
    const of = (name: string) => ({
      ...{ title: name, name, environment: `production-${name}`, path: 'infra', stack: '', needs: '' },
    })
    expect(await listed()).toMatchObject({
      ...{ outcome: 'listed', service: 'shop', regions: [of('eu'), of('us')] },
    })
  })

  it('are told stack by stack, each after those that it needs, as far as they are asked for', async () => {
    await write(REGIONS + STACKS)
    const eu = [
      ['eu, network', ''],
      ['eu, app', 'network'],
    ]
    expect(await titles({})).toEqual([...eu, ['us, network', ''], ['us, app', 'network']])
    expect(await titles({ regions: 'eu' })).toEqual(eu)
    // Of what is not brought by this run, this run does not wait for anything.
    expect(await titles({ stacks: 'app', regions: 'us' })).toEqual([['us, app', '']])
  })

  it('are no more than a matrix has jobs', async () => {
    const many = Array.from({ length: 129 }, (_, index) => `  - { name: r${index}, environment: e${index} }`)
    await write(`${REGIONS}${many.join('\n')}\n${STACKS}`)
    await expect(titles({})).rejects.toThrow(/comes to 262 infrastructures, .* at most 256 jobs: name fewer/)
    expect(await titles({ stacks: 'network' })).toHaveLength(131)
  })

  it('wait for what they need by way of one that this run leaves alone, too', async () => {
    await write(REGIONS + STACKS.replace('infra/network,', 'infra/network, needs: [edge],') + EDGE)
    expect(await titles({ stacks: 'app,network,edge', regions: 'eu' })).toEqual([
      ['eu, edge', ''],
      ['eu, network', 'edge'],
      ['eu, app', 'network'],
    ])
    expect(await titles({ stacks: 'app edge', regions: 'eu' })).toEqual([
      ['eu, edge', ''],
      ['eu, app', 'edge'],
    ])
  })

  it('are told with all that is wrong at once, before anything is planned', async () => {
    const twice = REGIONS.replace('regions:', 'regions:\n  - { name: us, environment: other }')
    await write(twice + STACKS.replaceAll('${region}/', ''))
    const problems = await listed({ regions: 'asia', stacks: 'ap', service: 'shep' }).catch(
      (error: InputError) => error.problems.map(({ where, message }) => `${where}: ${message}`),
    )
    expect(problems).toEqual([
      'input `service`: is shep, and rollout.yml is of shop',
      expect.stringMatching(/: regions\[2\]\.name: us is there twice$/),
      expect.stringMatching(/stacks\.app: has one state for us and eu/),
      expect.stringMatching(/stacks\.network: has one state for us and eu/),
      expect.stringMatching(/^input `regions`: no region is named asia/),
      expect.stringMatching(/^input `stacks`: no stack is named ap; known/),
    ])
    // Neither is one planned by itself. What is applied was judged, and what is saved by hand goes to where it is of.
    const message = (mode: string, more: Record<string, string> = {}): Promise<string> =>
      ofConfig({ mode, stack: 'app', ...more }).then(
        () => '',
        (error: InputError) => error.message,
      )
    expect(await message('plan')).toMatch(/one state for us and eu/)
    for (const mode of ['apply', 'recover']) expect(await message(mode)).toBe('')
    // A step that says itself where its state is has the file say nothing of it.
    expect(await message('plan', { 'backend-config': 'key=eu/app' })).toBe('')
  })

  it('may share an environment, where nothing is released to them', async () => {
    await write(REGIONS.replace('production-us', 'production-eu') + STACKS)
    expect(await titles({ stacks: 'network' })).toEqual([
      ['eu, network', ''],
      ['us, network', ''],
    ])
    await write(
      (REGIONS.replace('production-us', 'production-eu') + STACKS).replaceAll('${region}', '${environment}'),
    )
    await expect(listed()).rejects.toThrow(/has one state for eu and us/)
  })

  it('are none of which a file is missing', async () => {
    await rm(join(ports.context.workspace, 'infra/app'), { recursive: true })
    await write(REGIONS + STACKS)
    await expect(listed()).rejects.toThrow(
      /^infrastructure\.stacks\.app\.path: infra\/app is not in the repository$/,
    )
    expect(await titles({ stacks: 'network', regions: 'eu' })).toEqual([['eu, network', '']])
  })

  it('are those that there are', async () => {
    const refused = (more: Record<string, string>): Promise<string> =>
      listed(more).then(String, (error: InputError) => error.message)
    expect(await refused({ regions: 'eu,usa' })).toMatch(
      /no region is named usa; known in rollout\.yml: eu, us$/m,
    )
    expect(await refused({ stacks: 'app' })).toMatch(
      /input `stacks`: no stack is named app; known in rollout\.yml: none$/m,
    )
    expect(await refused({ stacks: ' ' })).toMatch(/input `stacks`: names no stack/)
  })

  it('are none where they have no infrastructure, or a wrong one', async () => {
    await write(REGIONS)
    const refused = (): Promise<string> => listed().then(String, (error: InputError) => error.message)
    expect(await refused()).toMatch(/rollout\.yml:\d+:\d+: infrastructure: is missing/)
    await write(`${REGIONS}${INFRASTRUCTURE}  pth: x\n`)
    expect(await refused()).toMatch(/infrastructure\.pth: unknown key; .*Did you mean path\?/)
  })
})
