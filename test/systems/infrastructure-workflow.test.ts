import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { arch, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startGitHub, type GitHubEmulator } from '@deploy-actions/github-emulator'
import {
  checkout,
  createEngine,
  type Engine,
  type RunHandle,
  type StartRequest,
  type RunView,
} from '@deploy-actions/workflow-engine'
import { openStateServer, type StateServer } from '../../packages/rehearsal/src/state-server'
import { KEY, localProvider, programPath, TOOLS } from './terraform.fixture'

// The caller that users copy, with the workflows and actions as they ship, and the tools themselves: stacks of two regions.

const REGIONS = ['eastus', 'westeurope']
const LIMIT = 300_000

const NETWORK = `
terraform {
  backend "http" {}
}
variable "range" {}
resource "terraform_data" "network" {
  input = var.range
}
output "range" {
  value = terraform_data.network.output
}
`
/** It reads what the network has made, so that it cannot be planned before. */
const APP = `
terraform {
  backend "http" {}
}
variable "network" {}
variable "file" {}
data "terraform_remote_state" "network" {
  backend = "http"
  config  = { address = var.network }
}
resource "local_file" "app" {
  filename = var.file
  content  = "app in \${data.terraform_remote_state.network.outputs.range}"
}
`

describe.each(TOOLS)('infrastructure.yml, with $name', ({ name: kind, tool }) => {
  let folder: string
  let states: StateServer
  let github: GitHubEmulator
  let engine: Engine
  let handles: RunHandle[]
  let rejected: Set<string>
  let asked: string[]

  const repository = (): string => join(folder, 'repository')
  const made = (region: string): string => join(folder, `made-${region}`)
  const stateOf = (name: string): { outputs?: { range?: { value: string } }; serial?: number } =>
    JSON.parse(states.states.get(`/${name}`) ?? '{}') as never
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=ann', '-c', 'user.email=ann@example.com', ...args], {
      cwd: repository(),
      encoding: 'utf8',
    }).trim()
  async function commit(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(repository(), name)), { recursive: true })
      await writeFile(join(repository(), name), text)
    }
    git('add', '--all')
    git('commit', '--quiet', '--message', 'a change')
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'infrastructure-'))
    states = await openStateServer()
    handles = []
    rejected = new Set()
    asked = []
    await mkdir(repository())
    // The tool of this machine stands for the version that is asked for.
    const program = programPath(tool)
    const { terraform_version: version } = JSON.parse(
      execFileSync(program, ['version', '-json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    ) as { terraform_version: string }
    const tools = join(folder, 'tools', kind, version, arch())
    await mkdir(tools, { recursive: true })
    await symlink(program, join(tools, kind))
    await writeFile(`${tools}.complete`, '')
    git('init', '--quiet', '--initial-branch=main')
    const backendOf = (stack: string): string => {
      const address = `${states.address}/\${region}-${stack}`
      return `{ address: '${address}', lock_address: '${address}', unlock_address: '${address}' }`
    }
    const callers = ['infrastructure.yml', 'recover-state.yml'].map(async (name) => [
      `.github/workflows/${name}`,
      await readFile(join(process.cwd(), '.release/callers', name), 'utf8'),
    ])
    await commit({
      ...(Object.fromEntries(await Promise.all(callers)) as Record<string, string>),
      'rollout.yml': `version: 1
service: shop
regions:
${REGIONS.map((name) => `  - { name: ${name}, environment: production-${name} }`).join('\n')}
infrastructure:
  tool: ${kind}
  version: ${version}
  plan-key-secret: PLAN_KEY
  stacks:
    app:
      path: infrastructure/app
      needs: [network]
      var-files: ['infrastructure/\${region}-app.tfvars']
      backend-config: ${backendOf('app')}
    network:
      path: infrastructure/network
      var-files: ['infrastructure/\${region}-network.tfvars']
      backend-config: ${backendOf('network')}
`,
      'infrastructure/network/main.tf': NETWORK,
      'infrastructure/app/main.tf': APP,
      ...Object.fromEntries(
        REGIONS.flatMap((name) => [
          [`infrastructure/${name}-network.tfvars`, `range = "range of ${name}"\n`],
          [
            `infrastructure/${name}-app.tfvars`,
            `network = "${states.address}/${name}-network"\nfile = "${made(name)}"\n`,
          ],
        ]),
      ),
    })
    // A state that is refused is pushed again for a minute and a half.
    const epoch = String(Date.now())
    const providers = await localProvider({ job: { temp: folder } as never }, kind)
    github = await startGitHub({
      repository: 'acme/shop',
      repositoryFolder: repository(),
      branches: {
        get main() {
          return git('rev-parse', 'HEAD')
        },
      },
      history: {
        get main() {
          return git('rev-list', 'HEAD~1').split('\n')
        },
      },
      environments: REGIONS.map((name) => ({ name: `production-${name}`, reviewers: ['ann'] })),
      artifactFolder: join(folder, 'artifacts'),
      now: () => new Date(),
      runs: () => handles.map(({ view }) => view),
    })
    engine = createEngine({
      releaseTree: join(process.cwd(), '.release'),
      suiteRepository: 'OWNER/deploy-actions',
      repository: repository(),
      repositoryName: 'acme/shop',
      work: join(folder, 'work'),
      node: process.execPath,
      speed: 30,
      now: () => new Date(),
      vars: {},
      secrets: { DEPLOY_SECRETS: `PLAN_KEY=${KEY}` },
      serverUrl: github.serverUrl,
      apiUrl: github.url,
      builtIns: new Map([['actions/checkout', checkout]]),
      jobEnvironment: (job, run) => ({
        ...github.environmentFor(job, run),
        ...providers,
        RUNNER_TOOL_CACHE: join(folder, 'tools'),
        ...{ DEPLOY_ACTIONS_SPEED: '20', DEPLOY_ACTIONS_EPOCH: epoch },
      }),
      approve({ environment, job, run: { id } }) {
        asked.push(job.name.replace('infrastructure / ', ''))
        const isRejected = rejected.has(job.name.replace('infrastructure / ', ''))
        const answer = isRejected
          ? ({ state: 'rejected', comment: 'no' } as const)
          : ({ state: 'approved', comment: 'yes' } as const)
        github.recordApproval(id, { ...answer, user: 'ann', environments: [environment] })
        return Promise.resolve(answer)
      },
    })
  })
  afterEach(async () => {
    await github.close()
    await states.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function run(
    event: 'push' | 'workflow_dispatch',
    more: Partial<StartRequest> = {},
  ): Promise<RunView> {
    const handle = await engine.start({
      workflow: '.github/workflows/infrastructure.yml',
      ...{ event, ref: 'refs/heads/main', sha: git('rev-parse', 'HEAD'), actor: 'ann' },
      ...more,
    })
    handles.push(handle)
    return handle.done
  }
  const jobs = (of: RunView): Record<string, string | null> =>
    Object.fromEntries(
      of.jobs.map(({ name, conclusion }) => [name.replace('infrastructure / ', ''), conclusion]),
    )

  it(
    'plans each stack once what it needs is applied, asks for each, and takes back what has drifted',
    async () => {
      const first = await run('workflow_dispatch')
      expect(jobs(first)).toEqual({
        find: 'success',
        ...Object.fromEntries(
          REGIONS.flatMap((name) =>
            ['network', 'app'].flatMap((stack) => [
              [`${name}, ${stack} / plan`, 'success'],
              [`${name}, ${stack} / apply`, 'success'],
            ]),
          ),
        ),
      })
      expect(asked).toEqual(REGIONS.flatMap((name) => [`${name}, network / apply`, `${name}, app / apply`]))
      for (const name of REGIONS) expect(await readFile(made(name), 'utf8')).toBe(`app in range of ${name}`)
      // Somebody removes what it made in one region.
      await rm(made('westeurope'))
      asked = []
      const second = await run('workflow_dispatch')
      expect(second.conclusion).toBe('success')
      expect(asked).toEqual(['westeurope, app / apply'])
      expect(await readFile(made('westeurope'), 'utf8')).toBe('app in range of westeurope')
    },
    LIMIT,
  )

  it(
    'begins nothing behind a stack that was refused, and goes on there when it is run again',
    async () => {
      rejected.add('eastus, app / apply')
      const first = await run('workflow_dispatch')
      expect(first.conclusion).toBe('failure')
      expect(jobs(first)).toMatchObject({
        ...{ 'eastus, network / apply': 'success', 'eastus, app / apply': 'failure' },
        ...{ 'westeurope, network': 'cancelled', 'westeurope, app': 'cancelled' },
      })
      expect(stateOf('eastus-network').outputs?.range?.value).toBe('range of eastus')
      expect([...states.states.keys()]).toEqual(['/eastus-network'])
      rejected.clear()
      asked = []
      const again = await run('workflow_dispatch', { rerunOf: first })
      expect(again.conclusion).toBe('success')
      expect(jobs(again)).toMatchObject({ 'eastus, network / apply': 'skipped' })
      expect(asked).toEqual(['eastus, app / apply', 'westeurope, network / apply', 'westeurope, app / apply'])
    },
    LIMIT,
  )

  it(
    'plans what changed since a run after a push succeeded, and forgets nothing that such a run did not bring',
    async () => {
      expect((await run('push')).conclusion).toBe('success')
      await commit({ 'README.md': 'words' })
      asked = []
      expect(jobs(await run('push'))).toEqual({ find: 'success', stacks: 'skipped' })
      await commit({ 'infrastructure/eastus-network.tfvars': 'range = "another"\n' })
      rejected.add('eastus, network / apply')
      const refused = await run('push')
      expect(refused.conclusion).toBe('failure')
      rejected.clear()
      // What was refused is still to be brought, although this push is of something else.
      await commit({ 'README.md': 'other words' })
      asked = []
      const last = await run('push')
      expect(Object.keys(jobs(last)).toSorted()).toEqual([
        ...['eastus, app / apply', 'eastus, app / plan', 'eastus, network / apply', 'eastus, network / plan'],
        'find',
      ])
      expect(asked).toEqual(['eastus, network / apply', 'eastus, app / apply'])
      expect(await readFile(made('eastus'), 'utf8')).toBe('app in another')
      // What was refused would bring an older commit back, when it is run again.
      const again = await run('push', { sha: refused.headSha, rerunOf: refused })
      expect(jobs(again)).toEqual({ find: 'failure', stacks: 'skipped' })
    },
    LIMIT,
  )

  it(
    'keeps a state that its backend does not take, begins nothing behind it, and brings it there by hand',
    async () => {
      states.refuse(100)
      const first = await run('workflow_dispatch')
      expect(jobs(first)).toMatchObject({
        ...{ 'eastus, network / apply': 'failure', 'eastus, app': 'cancelled' },
      })
      const said = execFileSync('grep', ['-rhoE', 'kept sealed as [0-9]+', join(folder, 'artifacts')], {
        encoding: 'utf8',
      })
      const id = /\d+/.exec(said)?.[0] ?? ''
      states.refuse(0)
      const inputs = {
        ...{ service: 'shop', region: 'eastus', environment: 'production-eastus', stack: 'network' },
        ...{ 'plan-id': id, 'plan-run': String(first.id) },
      }
      const workflow = '.github/workflows/recover-state.yml'
      // It is of this stack alone.
      const astray = await run('workflow_dispatch', { workflow, inputs: { ...inputs, stack: 'app' } })
      expect(astray.conclusion).toBe('failure')
      expect([...states.states.keys()]).toEqual([])
      expect((await run('workflow_dispatch', { workflow, inputs })).conclusion).toBe('success')
      expect(stateOf('eastus-network').outputs?.range?.value).toBe('range of eastus')
      const after = await run('workflow_dispatch')
      expect(after.conclusion).toBe('success')
      expect(jobs(after)).toMatchObject({ 'eastus, network / apply': 'skipped' })
    },
    LIMIT,
  )
})
