import { afterEach, describe, expect, it } from '@jest/globals'
import type { EngineEvent } from './run-view'
import { conclusions, jobNamed, testWorld, until, type TestWorld } from './engine.fixture'
import { WorkflowError } from './workflow-error'

let world: TestWorld
afterEach(() => world.remove())

const planned = (regions: string) => `
  plan:
    runs-on: ubuntu-latest
    outputs: { regions: "\${{ steps.it.outputs.regions }}", width: "\${{ steps.it.outputs.width }}" }
    steps:
      - id: it
        run: |
          echo 'regions=${regions}' >> $GITHUB_OUTPUT
          echo 'width=1' >> $GITHUB_OUTPUT`

const rollout = (regions: string, failFast: boolean, rest = '') => `
on: workflow_dispatch
jobs:${planned(regions)}
  regions:
    needs: plan
    strategy:
      fail-fast: ${failFast}
      max-parallel: \${{ fromJSON(needs.plan.outputs.width) }}
      matrix: { region: "\${{ fromJSON(needs.plan.outputs.regions) }}" }
    uses: acme/deploy-actions/.github/workflows/region.yml@v1
    with: { region: "\${{ matrix.region.name }}" }
${rest}`

const region = {
  '.github/workflows/region.yml': `
on:
  workflow_call:
    inputs:
      region: { type: string, required: true }
    outputs:
      promoted: { value: "\${{ jobs.deploy.outputs.promoted }}" }
jobs:
  deploy:
    runs-on: ubuntu-latest
    outputs: { promoted: "\${{ steps.go.outputs.promoted }}" }
    steps:
      - id: go
        run: |
          test "$REGION" != bad
          [ "$REGION" = quiet ] || echo "promoted=$REGION" >> $GITHUB_OUTPUT
        env: { REGION: "\${{ inputs.region }}" }
  guard:
    needs: deploy
    if: always()
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`,
}

const errors = async (promise: Promise<unknown>): Promise<readonly string[]> =>
  promise.then(
    () => [],
    (error: unknown) => (error instanceof WorkflowError ? error.findings : [String(error)]),
  )

describe('a matrix of called workflows', () => {
  it('finishes a whole leg before the next with max-parallel 1, in the order of the vector', async () => {
    const order: string[] = []
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'job' && (event.job.status === 'in_progress' || event.job.status === 'completed'))
        order.push(`${event.job.name} ${event.job.status}`)
    }
    world = await testWorld(rollout('[{"name":"eu"},{"name":"us"}]', false), { suite: region, onEvent })
    const run = await world.run()
    const leg = (name: string) => [
      `regions (${name}) / deploy in_progress`,
      `regions (${name}) / deploy completed`,
      `regions (${name}) / guard in_progress`,
      `regions (${name}) / guard completed`,
    ]
    expect(order).toEqual(['plan in_progress', 'plan completed', ...leg('eu'), ...leg('us')])
    expect(run.referencedWorkflows).toMatchObject([
      { path: 'acme/deploy-actions/.github/workflows/region.yml@refs/tags/v1', ref: 'refs/tags/v1' },
    ])
  })

  it('goes on after a failed leg without fail-fast, and the last set output wins', async () => {
    const report = `
  report:
    needs: regions
    if: always() && needs.regions.result == 'failure' && needs.regions.outputs.promoted == 'us'
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]`
    const regions = '[{"name":"eu"},{"name":"bad"},{"name":"us"},{"name":"quiet"}]'
    world = await testWorld(rollout(regions, false, report), { suite: region })
    expect(conclusions(await world.run())).toMatchObject({
      'regions (bad) / deploy': 'failure',
      'regions (bad) / guard': 'success',
      'regions (us) / deploy': 'success',
      report: 'success',
    })
  })

  it('cancels the later legs with fail-fast', async () => {
    world = await testWorld(rollout('[{"name":"bad"},{"name":"us"}]', true), { suite: region })
    expect(conclusions(await world.run())).toEqual({
      plan: 'success',
      'regions (bad) / deploy': 'failure',
      'regions (bad) / guard': 'success',
      'regions (us)': 'cancelled',
    })
  })

  it('guards the leg that runs when its run is cancelled, and cancels the later ones', async () => {
    const script = `    - id: go
        run: |
          echo ready
          exec sleep 60`
    const [before = '', after = ''] = region['.github/workflows/region.yml'].split(
      /    - id: go[^]*?(?=  guard:)/,
    )
    const suite = { '.github/workflows/region.yml': `${before}${script}\n${after}` }
    world = await testWorld(rollout('[{"name":"eu"},{"name":"us"}]', false), { suite })
    const handle = await world.start()
    await until(() =>
      handle.view.jobs.some((job) => job.steps.some((step) => step.log.includes('\nready\n'))),
    )
    handle.cancel()
    expect(conclusions(await handle.done)).toEqual({
      plan: 'success',
      'regions (eu) / deploy': 'cancelled',
      'regions (eu) / guard': 'success',
      'regions (us)': 'cancelled',
    })
  })

  it('fails an empty matrix in words of GitHub', async () => {
    world = await testWorld(rollout('[]', false), { suite: region })
    const run = await world.run()
    expect(jobNamed(run, 'regions')).toMatchObject({
      conclusion: 'failure',
      annotations: [{ level: 'error', message: "Matrix vector 'region' does not contain any values" }],
    })
    expect(run.conclusion).toBe('failure')
  })
})

describe('inputs and secrets of a call', () => {
  const callee = (inputs: string, script: string, secrets = '') => ({
    '.github/workflows/callee.yml': `
on:
  workflow_call:
    inputs: ${inputs}
    ${secrets}
jobs:
  show:
    runs-on: ubuntu-latest
    steps: [{ run: "${script}" }]
`,
  })
  const caller = (keys: string) => `
on: workflow_dispatch
env: { FROM_CALLER: "no" }
jobs:
  call:
    uses: ./.github/workflows/callee.yml
    ${keys}
`

  it('types them, fills in defaults with expressions, and keeps the env of the caller out', async () => {
    const inputs = `{ flag: { type: boolean }, count: { type: number }, name: { type: string, default: "\${{ github.actor }}-\${{ vars.REGION }}" } }`
    const script =
      'echo flag=${{ inputs.flag }} count=${{ inputs.count }} name=${{ inputs.name }} env=$FROM_CALLER.'
    world = await testWorld(caller('with: { flag: "${{ 1 == 1 }}" }'), { repository: callee(inputs, script) })
    const run = await world.run()
    expect(jobNamed(run, 'call / show').steps[1]?.log).toContain('flag=true count=0 name=ann-eu env=.')
  })

  it('fails a value of another type', async () => {
    world = await testWorld(caller(`with: { flag: "\${{ 'true' }}" }`), {
      repository: callee('{ flag: { type: boolean } }', 'true'),
    })
    expect(jobNamed(await world.run(), 'call').annotations).toEqual([
      { level: 'error', message: "The input 'flag' is a boolean; unexpected value 'true'" },
    ])
  })

  it('passes the secrets that are named, or all', async () => {
    const script = 'test \\"${{ secrets.KEY }}\\" = one && echo \\"other:${{ secrets.OTHER }}.\\"'
    const secrets = 'secrets: { KEY: { required: true } }'
    const options = {
      secrets: { MINE: 'one', KEY: 'one', OTHER: 'two' },
      repository: callee('{}', script, secrets),
    }
    world = await testWorld(caller('secrets: { KEY: "${{ secrets.MINE }}" }'), options)
    const named = await world.run()
    await world.remove()
    world = await testWorld(caller('secrets: inherit'), options)
    const inherited = await world.run()
    expect(jobNamed(named, 'call / show').steps[1]?.log).toContain('other:.')
    expect(jobNamed(inherited, 'call / show').steps[1]?.log).toContain('other:***.')
  })

  it('lists every missing and unknown one before the run starts', async () => {
    world = await testWorld(caller('with: { nonsense: 1 }\n    secrets: { NOBODY: x }'), {
      repository: callee(
        '{ region: { type: string, required: true } }',
        'true',
        'secrets: { KEY: { required: true } }',
      ),
    })
    const at = '.github/workflows/main.yml (Line: 6, Col: 5)'
    expect(await errors(world.start())).toEqual([
      `${at}: Input region is required, but not provided while calling.`,
      `${at}: Invalid input, nonsense is not defined in the referenced workflow.`,
      `${at}: Secret KEY is required, but not provided while calling.`,
      `${at}: Invalid secret, NOBODY is not defined in the referenced workflow.`,
    ])
  })
})

describe('permissions', () => {
  const caller = (permissions: string) => `
on: workflow_dispatch
permissions: { contents: read }
jobs:
  call:
    ${permissions}
    uses: acme/deploy-actions/.github/workflows/deploy.yml@v1
`
  const suite = {
    '.github/workflows/deploy.yml': `
on: workflow_call
permissions: {}
jobs:
  deploy:
    permissions: { id-token: write, contents: read }
    runs-on: ubuntu-latest
    steps: [{ run: 'echo "token:$ACTIONS_ID_TOKEN_REQUEST_TOKEN."' }]
  report:
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`,
  }

  it('refuses a nested job that asks for more than its caller may, in words of GitHub', async () => {
    world = await testWorld(caller(''), { suite })
    const [finding = ''] = await errors(world.start())
    expect(finding).toContain(
      "The nested job 'deploy' is requesting 'id-token: write', but is only allowed 'id-token: none'.",
    )
  })

  it('gives each job what it asks for, or what its file says', async () => {
    world = await testWorld(caller('permissions: { contents: read, id-token: write }'), { suite })
    const run = await world.run()
    expect(jobNamed(run, 'call / deploy').permissions).toEqual({ 'id-token': 'write', contents: 'read' })
    expect(jobNamed(run, 'call / report').permissions).toEqual({})
  })
})

describe('what cannot be run', () => {
  it('is listed with file, line and column', async () => {
    world = await testWorld(`on: workflow_dispatch
jobs:
  a:
    runs-on: ubuntu-latest
    bogus: 1
    steps: [{ run: "true" }]
  b:
    needs: nobody
    runs-on: ubuntu-latest
    steps: [{ run: "true", if: "nothing.at.all" }]
`)
    const at = (line: number, column: number) =>
      `.github/workflows/main.yml (Line: ${line}, Col: ${column}): `
    expect(await errors(world.start())).toEqual([
      `${at(5, 5)}Unexpected value 'bogus'`,
      `${at(10, 32)}Unrecognized named-value: 'nothing'`,
      `${at(8, 12)}Job 'b' depends on unknown job 'nobody'.`,
    ])
  })

  it('includes a file that is no YAML, or no workflow', async () => {
    world = await testWorld('jobs: [')
    expect(await errors(world.start())).toEqual([expect.stringContaining('at line 1, column 8')])
    await world.remove()
    world = await testWorld('on: push')
    expect(await errors(world.start())).toContain(
      '.github/workflows/main.yml (Line: 1, Col: 1): Required property is missing: jobs',
    )
    expect(await errors(world.start({ workflow: '.github/workflows/none.yml' }))).toEqual([
      ".github/workflows/none.yml: workflow was not found: '.github/workflows/none.yml' of acme/shop",
    ])
  })

  it('is refused by name where only the rehearsal cannot', async () => {
    world = await testWorld(
      `on: workflow_dispatch
jobs:
  a:
    runs-on: windows-latest
    container: node:24
    services: { db: { image: "postgres" } }
    strategy: { matrix: { x: [1], include: [{ x: 2 }] } }
    steps:
      - uses: actions/cache@v4
      - uses: docker://alpine
      - uses: acme/deploy-actions/composed@v1
      - uses: acme/deploy-actions/missing@v1
      - run: "true"
        shell: pwsh
`,
      {
        suite: { 'composed/action.yml': 'name: x\ndescription: x\nruns: { using: composite, steps: [] }\n' },
      },
    )
    const at = (line: number, column: number) =>
      `.github/workflows/main.yml (Line: ${line}, Col: ${column}): `
    const no = ' is not supported by the rehearsal'
    expect(await errors(world.start())).toEqual([
      `${at(5, 5)}'container' of job 'a'${no}`,
      `${at(6, 5)}'services' of job 'a'${no}`,
      `${at(7, 35)}'include' in the matrix of job 'a'${no}`,
      `${at(4, 5)}The runner 'windows-latest'${no}`,
      `${at(14, 9)}The shell 'pwsh'${no}`,
      `${at(9, 9)}The action 'actions/cache'${no}`,
      `${at(10, 9)}'docker://alpine' is a container action, which the rehearsal does not support`,
      `composed/action.yml (Line: 3, Col: 9): An action with 'using: composite'${no}`,
      `${at(12, 9)}Can't find 'action.yml' or 'action.yaml' in 'missing' of acme/deploy-actions`,
    ])
  })

  it('includes a dispatch that GitHub would refuse', async () => {
    world = await testWorld(`
on:
  workflow_dispatch:
    inputs:
      order: { type: choice, options: [serial, parallel] }
      service: { type: string, required: true }
jobs: { a: { runs-on: x, steps: [{ run: "true" }] } }
`)
    expect(await errors(world.start({ inputs: { order: 'any', other: 'x' } }))).toEqual([
      'Unexpected inputs provided: ["other"]',
      "Provided value 'any' for input 'order' not in the list of allowed values",
      "Required input 'service' not provided",
    ])
    expect(await errors(world.start({ event: 'push', inputs: {} }))).toContain(
      ".github/workflows/main.yml (Line: 2, Col: 1): the workflow has no 'push' trigger",
    )
  })

  it('warns of `$/` that means another repository on GitHub', async () => {
    world = await testWorld(
      `
on: workflow_dispatch
jobs:
  call: { uses: $/.github/workflows/region.yml, with: { region: eu } }
`,
      { suite: region },
    )
    const run = await world.run()
    expect(conclusions(run)).toMatchObject({ 'call / deploy': 'success' })
    expect(run.annotations).toMatchObject([
      { level: 'warning', message: expect.stringContaining('means acme/shop itself') },
    ])
  })
})
