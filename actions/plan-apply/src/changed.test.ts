import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { GateFailed, type Ports } from '@deploy-actions/action-kit'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { main } from './main'

// Of a repository of git's: what is planned of it since a commit.

const ROLLOUT = `version: 1
service: shop
regions:
  - { name: eu, environment: production-eu }
  - { name: us, environment: production-us }
infrastructure:
  plan-key-secret: PLAN_KEY
  stacks:
    network: { path: infra/network, backend-config: { key: '\${region}/network' } }
    data: { path: infra/data, needs: [network], backend-config: { key: '\${region}/data' } }
    app: { path: infra/app, var-files: ['vars/\${region}.tfvars'], backend-config: { key: '\${region}/app' } }
canary: {}
`
let fake: FakePorts
let ports: Ports
let workspace: string
let base: string

const git = async (...args: string[]): Promise<string> =>
  (
    await promisify(execFile)('git', args, {
      cwd: workspace,
      env: {
        PATH: process.env['PATH'],
        GIT_CONFIG_GLOBAL: '/dev/null',
        ...Object.fromEntries(
          ['AUTHOR', 'COMMITTER'].flatMap((who) => [
            [`GIT_${who}_NAME`, 'ann'],
            [`GIT_${who}_EMAIL`, 'ann@example.com'],
          ]),
        ),
      },
    })
  ).stdout.trim()

/** @returns the id of the commit */
async function commit(files: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, name)), { recursive: true })
    await writeFile(join(workspace, name), text)
  }
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'a change')
  return git('rev-parse', 'HEAD')
}

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'changed-'))
  fake = createFakePorts({ real: true })
  ports = { ...fake, context: { ...fake.context, workspace } }
  await git('init', '--quiet', '--initial-branch=main')
  await mkdir(join(workspace, 'infra/app'), { recursive: true })
  await symlink('../../shared/tags.tf', join(workspace, 'infra/app/tags.tf'))
  base = await commit({
    'rollout.yml': ROLLOUT,
    'infra/network/main.tf': 'module "vpc" { source = "../../modules/vpc" }\n',
    'modules/vpc/main.tf': 'locals { table = file("${path.module}/../../tables/routes.csv") }\n',
    'tables/routes.csv': 'a,b\n',
    'infra/data/main.tf': '',
    'infra/app/main.tf':
      'locals { all = fileset(path.module, "../../files/motd/h*.txt"), one = file("../../files/policies/${var.region}.json") }\n',
    'shared/tags.tf': '',
    'vars/eu.tfvars': 'n = 1\n',
    'vars/us.tfvars': 'n = 1\n',
    'src/app.ts': '',
  })
})
afterEach(() => rm(workspace, { recursive: true }))

const due = async (since = base, input: Record<string, string> = {}): Promise<unknown[]> =>
  (
    await main(
      schema.parse({ mode: 'regions', config: 'rollout.yml', 'changed-since': since, ...input }),
      ports,
    )
  ).regions?.map(({ title }) => title) ?? []
const both = (...stacks: string[]): string[] =>
  ['eu', 'us'].flatMap((region) => stacks.map((stack) => `${region}, ${stack}`))

interface Began {
  sha: string
  event?: string
  conclusion?: 'success' | 'failure'
  status?: string
  attempt?: number
  /** days ago */
  created?: number
  /** days ago, where it was run again */
  started?: number
  /** days ago */
  ended?: number
}
const PATH = '.github/workflows/infrastructure.yml'
/** How many days ago the run was created that asks. */
let ownCreated: number
beforeEach(() => void (ownCreated = 0))
/** GitHub, which lists these runs of the workflow, the newest first, and knows how commits lie to each other. */
function hasRun(...all: readonly Began[]): void {
  const now = Date.now()
  const ago = (days: number): string => new Date(now - days * 86_400_000).toISOString()
  const bodies = all.map((one, index) => {
    const {
      sha,
      event = 'push',
      created = 1,
      started = created,
      ended = started,
      conclusion = 'success',
    } = one
    const { status = 'completed', attempt = 1 } = one
    return {
      ...{ id: 1_000 - index, path: PATH, head_branch: 'main', head_sha: sha, event, conclusion, status },
      ...{ run_attempt: attempt, created_at: ago(created), run_started_at: ago(started) },
      updated_at: ago(ended),
    }
  })
  const own = { path: PATH, head_branch: 'main', event: 'push', created_at: ago(ownCreated) }
  const runs = ({ event, status }: Record<string, unknown>) =>
    bodies.filter(
      (run) =>
        (event === undefined || run.event === event) && (status === undefined || run.conclusion === status),
    )
  const isAncestor = async (older: string, newer: string): Promise<boolean> =>
    git('merge-base', '--is-ancestor', older, newer).then(
      () => true,
      () => false,
    )
  const compared = async (basehead: string): Promise<string> => {
    const [first = '', second = ''] = basehead.split('...')
    if (await isAncestor(second, first)) return 'behind'
    return (await isAncestor(first, second)) ? 'ahead' : 'diverged'
  }
  const request = async (route: string, parameters: Record<string, unknown> = {}): Promise<unknown> => {
    if (route.includes('/compare/')) return { status: await compared(String(parameters['basehead'])) }
    return route.endsWith('/runs') ? { workflow_runs: runs(parameters).slice(0, 1) } : own
  }
  const list = (_: string, parameters: Record<string, unknown> = {}): Promise<unknown[]> =>
    Promise.resolve(runs(parameters))
  ports = { ...ports, github: { request, list } as Ports['github'] }
}
/** As the run of what is checked out. */
async function dueHere(input: Record<string, string> = {}): Promise<unknown[]> {
  const sha = await git('rev-parse', 'HEAD')
  ports = { ...ports, context: { ...ports.context, sha } }
  return due('last-success', input)
}

describe('what is planned since the last run that succeeded', () => {
  it('is what has changed since its commit', async () => {
    hasRun({ sha: base })
    expect(await dueHere()).toEqual([])
    const failed = await commit({ 'infra/app/more.tf': '' })
    hasRun({ sha: failed, conclusion: 'failure' }, { sha: base })
    expect(await dueHere()).toEqual(both('app'))
  })

  it('is what has changed since one by the same event: one by hand may have been for less', async () => {
    const newer = await commit({ 'infra/app/more.tf': '' })
    hasRun({ sha: newer, event: 'workflow_dispatch' }, { sha: base })
    expect(await dueHere()).toEqual(both('app'))
  })

  describe('where it is run again', () => {
    const step = { config: 'rollout.yml', region: 'eu', stack: 'app', 'changed-since': 'last-success' }
    const sha256 = `sha256:${'0'.repeat(64)}`
    const modes: Record<string, string>[] = [
      { mode: 'regions' },
      { ...step, mode: 'plan' },
      { ...step, mode: 'apply', 'plan-id': '1', 'plan-sha256': sha256 },
    ]
    const refusals = async (): Promise<string[]> => {
      const sha = await git('rev-parse', 'HEAD')
      const secrets = new Map([['PLAN_KEY', 'k'.repeat(32)]])
      ports = { ...ports, secrets, context: { ...ports.context, sha } }
      const said = modes.map((inputs) =>
        main(schema.parse({ config: 'rollout.yml', 'changed-since': 'last-success', ...inputs }), ports).then(
          ({ outcome }) => outcome,
          (error: unknown) => {
            if (!(error instanceof GateFailed)) throw error
            return `${String(error.outputs?.['failure-reason'])}: ${error.message}`
          },
        ),
      )
      return Promise.all(said)
    }
    const refused = (newer: string): unknown =>
      modes.map(() =>
        expect.stringMatching(
          new RegExp(
            `^superseded: this run is for \\w{40}, and ${newer}, which is newer, .*run the newest commit instead or, .* by hand without changed-since$`,
          ),
        ),
      )

    it.each(['push', 'workflow_dispatch'])(
      'is nothing, and nothing is applied, where a newer commit has succeeded by %s since',
      async (event) => {
        await commit({ 'infra/app/more.tf': '' })
        const newer = await commit({ 'infra/app/other.tf': '' })
        await git('checkout', '--quiet', 'HEAD~1')
        ownCreated = 3
        hasRun({ sha: newer, event }, { sha: base, created: 4 })
        expect(await refusals()).toEqual(refused(newer))
        // A person who names a commit means it.
        expect(await due(newer)).toEqual(both('app'))
      },
    )

    it('is nothing for a commit that was pushed over, once another has succeeded', async () => {
      const over = await commit({ 'infra/app/other.tf': '' })
      await git('checkout', '--quiet', base)
      await commit({ 'infra/app/more.tf': '' })
      ownCreated = 3
      hasRun({ sha: over }, { sha: base, created: 4 })
      expect(await refusals()).toEqual(refused(over))
    })

    it('is planned where an older commit alone has succeeded since', async () => {
      await commit({ 'infra/app/more.tf': '' })
      ownCreated = 3
      hasRun({ sha: base, event: 'workflow_dispatch' }, { sha: base, created: 4 })
      expect(await dueHere()).toEqual(both('app'))
    })

    it.each(['schedule', 'pull_request'])('is planned whatever has succeeded by %s', async (event) => {
      const newer = await commit({ 'infra/app/more.tf': '' })
      await git('checkout', '--quiet', base)
      ownCreated = 3
      hasRun({ sha: newer, event }, { sha: base, created: 4 })
      expect(await dueHere()).toEqual(event === 'schedule' ? both('network', 'data', 'app') : [])
    })
  })

  it('is everything where an older commit was pushed over the last one', async () => {
    const newer = await commit({ 'infra/app/more.tf': '' })
    await git('reset', '--quiet', '--hard', base)
    hasRun({ sha: newer })
    expect(await dueHere()).toEqual(both('app'))
  })

  it('is what needs something that has changed and is not asked for', async () => {
    hasRun({ sha: base })
    await commit({ 'infra/network/main.tf': 'locals {}' })
    expect(await dueHere({ stacks: 'data, app' })).toEqual(both('data'))
  })

  describe('where other runs have begun since', () => {
    const told = (): unknown[] =>
      fake.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)
    const all = both('network', 'data', 'app')

    it('is everything, where one was for a commit that was pushed over', async () => {
      const gone = await commit({ 'infra/network/main.tf': 'locals { bad = 1 }' })
      await git('reset', '--quiet', '--hard', base)
      await commit({ 'src/app.ts': 'x' })
      hasRun({ sha: gone, conclusion: 'failure', created: 1 }, { sha: base, created: 2 })
      expect(await dueHere()).toEqual(all)
      expect(told()).toEqual([
        `a run since the last that succeeded was for ${gone}, and may have brought what this commit does not tell of: every infrastructure is planned`,
      ])
    })

    it('is everything, where one before it was run again after it', async () => {
      const newer = await commit({ 'src/app.ts': 'x' })
      hasRun({ sha: newer, created: 2 }, { sha: base, event: 'workflow_dispatch', created: 3, started: 1 })
      expect(await dueHere()).toEqual(all)
    })

    it.each<[string, Began]>([
      ['was of what is not merged', { sha: 'f'.repeat(40), event: 'pull_request' }],
      ['has not begun', { sha: 'f'.repeat(40), status: 'pending', conclusion: 'failure' }],
      ['was over by then', { sha: 'f'.repeat(40), created: 4, ended: 3, conclusion: 'failure' }],
      ['began before it', { sha: 'f'.repeat(40), created: 4, conclusion: 'failure' }],
    ])('is what has changed, where one %s', async (_, other) => {
      hasRun(other, { sha: base, created: 2 })
      expect(await dueHere()).toEqual([])
    })

    it.each<[string, Partial<Began>]>([
      ['goes on', { status: 'in_progress' }],
      ['went on after that had begun', { ended: 1 }],
    ])('is everything, where one of another history %s', async (_, more) => {
      const other = { sha: 'f'.repeat(40), created: 4, conclusion: 'failure' as const, ...more }
      hasRun({ sha: base, created: 2 }, other)
      expect(await dueHere()).toEqual(all)
      hasRun({ sha: base, created: 2 }, { ...other, sha: await git('rev-parse', 'HEAD') })
      expect(await dueHere()).toEqual([])
    })

    it('is everything, where GitHub does not tell of them', async () => {
      hasRun({ sha: base, created: 2 })
      ports = { ...ports, github: { ...ports.github, list: () => Promise.resolve([]) } }
      expect(await dueHere()).toEqual(all)
    })

    it('is everything, where they are more than are read', async () => {
      hasRun({ sha: base, created: 2 }, ...Array.from({ length: 999 }, () => ({ sha: base, created: 3 })))
      expect(await dueHere()).toEqual(all)
    })
  })
})

describe('what is planned since a commit', () => {
  it.each<[string, string, string, string[]]>([
    ['nothing of it changed', 'src/app.ts', 'x', []],
    ['a file in its folder', 'infra/app/files/motd.txt', 'x', both('app')],
    ['what another needs', 'infra/network/main.tf', 'locals {}', both('network', 'data')],
    ['a module that it takes from elsewhere', 'modules/vpc/outputs.tf', 'x', both('network', 'data')],
    ['a file that such a module reads', 'tables/routes.csv', 'c', both('network', 'data')],
    ['a file of a pattern', 'files/motd/hello.txt', 'x', both('app')],
    ['a file whose name is a variable', 'files/policies/eu.json', '{}', both('app')],
    ['a file that a link leads to', 'shared/tags.tf', 'locals {}', both('app')],
    ['the variables of one region', 'vars/us.tfvars', 'n = 2\n', ['us, app']],
    ['what rollout.yml says of something else', 'rollout.yml', ROLLOUT.replace('canary: {}', 'arms: {}'), []],
    [
      'what rollout.yml says of it',
      'rollout.yml',
      ROLLOUT.replace('infra/app,', 'infra/app, version: 1.15.7,'),
      both('app'),
    ],
  ])('is what it is of: %s', async (_, name, text, expected) => {
    await commit({ [name]: text })
    expect(await due()).toEqual(expected)
  })

  it.each([' a.tfvars', 'a.tfvars ', ' '])(
    'is of a file whose name has blanks at its ends: %j',
    async (name) => {
      const files = JSON.stringify([name])
      const named = await commit({
        'rollout.yml': ROLLOUT.replace('infra/data,', `infra/data, var-files: ${files},`),
        [name]: 'n = 1\n',
      })
      await commit({ [name]: 'n = 2\n' })
      expect(await due(named)).toEqual(both('data'))
    },
  )

  it('is said with what has changed', async () => {
    await commit({
      'infra/network/main.tf': 'locals {}',
      'rollout.yml': ROLLOUT.replace('infra/app,', 'infra/app, version: 1.15.7,'),
    })
    await due()
    const told = fake.recorded.log.map(({ line }) => line)
    expect(told).toEqual(
      expect.arrayContaining([
        'eu, network is planned: infra/network/main.tf has changed',
        'eu, data is planned: it needs network',
        'us, app is planned: what rollout.yml says of it has changed',
      ]),
    )
  })

  it('is what was changed and changed back, since a run in between may have applied it', async () => {
    await commit({ 'infra/network/main.tf': 'locals { bad = 1 }' })
    await git('revert', '--no-edit', 'HEAD')
    expect(await due()).toEqual(both('network', 'data'))
  })

  it.each<[string, { files?: Record<string, string>; links?: Record<string, string> }, string, string]>([
    [
      'where the last of several links leads',
      { links: { 'infra/data/a.tf': '../../links/a.tf', 'links/a.tf': '../shared/a.tf' } },
      'shared/a.tf',
      'data',
    ],
    ['a file of variables by a link', { links: { 'vars/eu.tfvars': '../shared/eu' } }, 'shared/eu', 'app'],
    [
      'what a folder of settings leads to',
      { links: { vars: 'shared/vars' }, files: { 'shared/vars/us.tfvars': '' } },
      'shared/vars/eu.tfvars',
      'app',
    ],
    ['the root, by a link', { links: { 'infra/data/all': '../..' } }, 'src/app.ts', 'data'],
    [
      'a module by a link',
      {
        files: { 'infra/data/main.tf': 'module "m" { source = "../../modules/m" }' },
        links: { 'modules/m': '../vendor/m' },
      },
      'vendor/m/main.tf',
      'data',
    ],
    [
      'the folder above',
      { files: { 'infra/data/main.tf': 'module "m" { source = ".." }' } },
      'infra/x.tf',
      'data',
    ],
    [
      'a path that goes up in its middle',
      { files: { 'infra/data/main.tf': 'locals { x = file("files/../../../x.json") }' } },
      'x.json',
      'data',
    ],
    [
      'a path behind a variable',
      { files: { 'infra/data/main.tf': 'locals { x = file("${local.base}/../x.json") }' } },
      'somewhere/x.json',
      'data',
    ],
    [
      'a path from the folder in which the tool is run',
      { files: { 'infra/data/main.tf': 'locals { x = file("${path.cwd}/../../x.json") }' } },
      'x.json',
      'data',
    ],
    [
      'a path that is put together',
      {
        files: {
          'infra/data/main.tf': 'locals { x = file(join("/", [path.module, "..", "..", "x.json"])) }',
        },
      },
      'x.json',
      'data',
    ],
    [
      'what a module reads from the folder of the stack',
      { files: { 'modules/vpc/main.tf': 'locals { x = file("../x.json") }' } },
      'infra/x.json',
      'network',
    ],
    [
      'what a hidden folder names',
      { files: { 'infra/data/.m/main.tf': 'locals { x = file("${path.module}/../../../x.json") }' } },
      'x.json',
      'data',
    ],
    [
      'what a value of a variable names',
      { files: { 'infra/data/terraform.tfvars': 'x = "../../x.json"' } },
      'x.json',
      'data',
    ],
    ['what data names', { files: { 'infra/data/files.yaml': 'x: ../../x.json' } }, 'x.json', 'data'],
  ])('is what it is of, by names and links: %s', async (_, { files = {}, links = {} }, name, stack) => {
    for (const [link, target] of Object.entries(links)) {
      await rm(join(workspace, link), { recursive: true, force: true })
      await mkdir(dirname(join(workspace, link)), { recursive: true })
      await symlink(target, join(workspace, link))
    }
    const before = await commit(files)
    await rm(join(workspace, name), { force: true })
    await commit({ [name]: 'x' })
    expect(await due(before)).toContain(`eu, ${stack}`)
  })

  it('is a link on the way to another, which git names by itself', async () => {
    const leadTo = async (target: string): Promise<string> => {
      await rm(join(workspace, 'shared/hop'), { force: true })
      await symlink(target, join(workspace, 'shared/hop'))
      return commit({})
    }
    await symlink('../../shared/hop', join(workspace, 'infra/data/a.tf'))
    const before = await leadTo('tags.tf')
    await leadTo('../src/app.ts')
    expect(await due(before)).toEqual(both('data'))
  })

  it('is what lies behind a link above its folder', async () => {
    await symlink('infra', join(workspace, 'deploy'))
    const before = await commit({ 'rollout.yml': ROLLOUT.replaceAll('path: infra/', 'path: deploy/') })
    await commit({ 'infra/data/more.tf': '' })
    expect(await due(before)).toEqual(both('data'))
    const linked = await git('rev-parse', 'HEAD')
    await git('mv', 'infra', 'moved')
    await rm(join(workspace, 'deploy'))
    await symlink('moved', join(workspace, 'deploy'))
    await commit({})
    expect(await due(linked)).toEqual(expect.arrayContaining(both('data')))
  })

  describe('where rollout.yml was changed and changed back', () => {
    const other = ROLLOUT.replace('infra/app,', 'infra/app, version: 1.15.7,')

    it('is what was said otherwise meanwhile', async () => {
      await commit({ 'rollout.yml': other })
      await commit({ 'rollout.yml': ROLLOUT })
      expect(await due()).toEqual(both('app'))
    })

    it('is what a merge has said otherwise', async () => {
      await git('checkout', '--quiet', '-b', 'topic')
      await commit({ 'rollout.yml': other })
      await git('checkout', '--quiet', 'main')
      await git('merge', '--quiet', '--no-ff', '--no-edit', 'topic')
      await git('revert', '--no-edit', '--mainline', '1', 'HEAD')
      expect(await due()).toEqual(both('app'))
    })

    it('is what a merge of an older branch has brought back', async () => {
      await git('branch', 'topic')
      const newer = await commit({ 'rollout.yml': other })
      await git('checkout', '--quiet', 'topic')
      await git('commit', '--quiet', '--allow-empty', '--message', 'a change')
      await git('checkout', '--quiet', 'main')
      await git('merge', '--quiet', '--strategy', 'ours', '--no-edit', 'topic')
      expect(await due(newer)).toEqual([])
      await git('checkout', '--quiet', 'topic')
      await git('merge', '--quiet', '--strategy', 'ours', '--no-edit', 'main')
      await commit({ 'rollout.yml': other })
      expect(await due(newer)).toEqual(both('app'))
    })

    it('is everything where it was gone, or is wrong, meanwhile', async () => {
      await git('rm', '--quiet', 'rollout.yml')
      await git('commit', '--quiet', '--message', 'a change')
      await commit({ 'rollout.yml': ROLLOUT })
      expect(await due()).toEqual(both('network', 'data', 'app'))
    })

    it('is read once in each of its forms, and everything where those are too many', async () => {
      const forms = async (count: number): Promise<void> => {
        for (let form = 0; form < count; form++) await commit({ 'rollout.yml': `${ROLLOUT}# ${form}\n` })
      }
      await forms(2)
      await forms(48)
      expect(await due()).toEqual([])
      const reads = fake.recorded.calls.filter(({ what }) => what.includes('cat-file blob'))
      expect(reads).toHaveLength(1 + 48)
      await commit({ 'rollout.yml': `${ROLLOUT}# x\n` })
      await commit({ 'rollout.yml': `${ROLLOUT}# y\n` })
      expect(await due()).toEqual([])
      await commit({ 'rollout.yml': `${ROLLOUT}# z\n` })
      expect(await due()).toEqual(both('network', 'data', 'app'))
      expect(fake.recorded.log.at(-2)?.line).toMatch(
        /^rollout.yml had 51 forms since \w{40}, and 50 are read: every infrastructure is planned$/,
      )
    })
  })

  it('is what a submodule brings, also where git is told to ignore that', async () => {
    const to = async (sha: string): Promise<void> => {
      await git('update-index', '--add', '--cacheinfo', `160000,${sha},vendor`)
      await git('commit', '--quiet', '--message', 'a submodule')
    }
    await commit({
      '.gitmodules': '[submodule "v"]\n  path = vendor\n  url = ./v\n  ignore = all\n',
      'infra/data/main.tf': 'module "a" { source = "../../vendor/a" }\n',
    })
    await to('1'.repeat(40))
    const before = await git('rev-parse', 'HEAD')
    await to('2'.repeat(40))
    expect(await due(before)).toEqual(both('data'))
  })

  it('is of a folder that is written with a slash at its end', async () => {
    const slash = await commit({ 'rollout.yml': ROLLOUT.replace('infra/app,', 'infra/app/,') })
    await commit({ 'infra/app/more.tf': '' })
    expect(await due(slash)).toEqual(both('app'))
  })

  it('is what was moved away, also where it is another file now', async () => {
    await git('mv', 'infra/app/main.tf', 'src/main.tf')
    await commit({})
    expect(await due()).toEqual(both('app'))
  })

  it('is a stack that is new, and one of a file that was wrong', async () => {
    const wrong = await commit({ 'rollout.yml': 'service: [' })
    await commit({ 'rollout.yml': ROLLOUT })
    expect(await due(wrong)).toEqual(both('network', 'data', 'app'))
    const before = await git('rev-parse', 'HEAD')
    await commit({
      'infra/dns/main.tf': '',
      'rollout.yml': ROLLOUT.replace(
        '    app:',
        "    dns: { path: infra/dns, backend-config: { key: '${region}/dns' } }\n    app:",
      ),
    })
    expect(await due(before)).toEqual(both('dns'))
  })

  it.each(['0'.repeat(40), 'a'.repeat(40), 'no-such-branch'])(
    'is everything since %s, which nobody knows',
    async (since) => {
      expect(await due(since)).toEqual(both('network', 'data', 'app'))
      expect(fake.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)).toEqual([
        expect.stringMatching(/the checkout does not hold \S+ \(.*\): every infrastructure is planned$/),
      ])
    },
  )
})
