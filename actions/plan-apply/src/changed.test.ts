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

const due = async (since = base): Promise<unknown[]> =>
  (
    await main(schema.parse({ mode: 'regions', config: 'rollout.yml', 'changed-since': since }), ports)
  ).regions?.map(({ title }) => title) ?? []
const both = (...stacks: string[]): string[] =>
  ['eu', 'us'].flatMap((region) => stacks.map((stack) => `${region}, ${stack}`))

/** The workflow succeeded last for a commit. */
const succeeded = (sha: string): void => {
  const of = { path: '.github/workflows/infrastructure.yml', event: 'push', head_branch: 'main' }
  const request = <T>(route: string): Promise<T> =>
    Promise.resolve(
      (route.endsWith('/runs')
        ? { workflow_runs: [{ ...of, head_sha: sha }] }
        : { ...of, head_sha: 'f'.repeat(40) }) as T,
    )
  ports = { ...ports, github: { ...fake.github, request } }
}

describe('what is planned since the last run that succeeded', () => {
  it('is what has changed since its commit', async () => {
    succeeded(base)
    expect(await due('last-success')).toEqual([])
    await commit({ 'infra/app/more.tf': '' })
    expect(await due('last-success')).toEqual(both('app'))
  })

  it('is nothing for an older commit that is run again: it would undo what is newer', async () => {
    await commit({ 'infra/app/more.tf': '' })
    const newer = await commit({ 'infra/app/other.tf': '' })
    await git('checkout', '--quiet', 'HEAD~1')
    succeeded(newer)
    const failure = await due('last-success').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(GateFailed)
    expect((failure as Error).message).toMatch(
      /^this run is for \w{40}, and \w{40}, which is newer, .*run the newest commit instead or, .* by hand without changed-since$/,
    )
    // A person who names a commit means it.
    expect(await due(newer)).toEqual(both('app'))
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
