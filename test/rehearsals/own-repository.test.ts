import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { runCliIn } from './run-rehearsal'

const LIMIT = 600_000

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

/** The blocks of code below a heading of the README, in their order. */
async function readmeBlocks(heading: string, language: string): Promise<string[]> {
  const readme = await readFile('.release/README.md', 'utf8')
  const section = readme.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)].flatMap(([, kind, text]) =>
    kind === language ? [text ?? ''] : [],
  )
}

describe('the quick start of the README', () => {
  it(
    'runs as it is written, in a new repository',
    async () => {
      const [config = '', caller = ''] = await readmeBlocks('Quick start', 'yaml')
      const [commands = ''] = await readmeBlocks('Quick start', 'sh')
      await put('rollout.yml', config)
      await put('.github/workflows/deploy.yml', await readFile('.release/callers/deploy.yml', 'utf8'))
      expect(caller).toContain('uses: OWNER/deploy-actions/.github/workflows/rollout.yml@v1')
      for (const script of ['deploy', 'snapshot', 'restore']) {
        await put(`ops/${script}.sh`, '#!/bin/sh\nexit 1\n')
        await chmod(join(folder, `ops/${script}.sh`), 0o755)
      }

      const lines = commands.trim().split('\n')
      const asWritten = lines.map((line) => line.split(' #')[0]?.trim().split(/\s+/) ?? [])
      expect(asWritten.map((words) => words.slice(0, 3).join(' '))).toEqual([
        'npx github:OWNER/deploy-actions#v1 validate',
        'npx github:OWNER/deploy-actions#v1 rehearse',
      ])
      const [validated, rehearsed] = [
        await runCliIn(folder, {}, ...(asWritten[0]?.slice(2) ?? [])),
        await runCliIn(folder, {}, ...(asWritten[1]?.slice(2) ?? [])),
      ]
      expect(validated).toEqual({
        exitCode: 0,
        output: 'rollout.yml: shop in us-east, eu-west: no problem found\n',
      })
      // The bad release is found in the second region: the rehearsal is red, and says why.
      expect(rehearsed.exitCode).toBe(1)
      expect(rehearsed.output).toContain(
        'rollout.yml: metrics.requests and metrics.errors are asked as they are written',
      )
      expect(rehearsed.output).toMatch(/^ +us-east +promoted /m)
      expect(rehearsed.output).toMatch(/^ +eu-west +restored /m)
    },
    LIMIT,
  )
})

describe('what init writes', () => {
  it(
    'is valid, and is rehearsed as it is',
    async () => {
      // The name by which a rehearsal knows the suite.
      const flags = ['--service', 'shop', '--suite', 'OWNER/deploy-actions']
      const region = (name: string, proxy: string) => [
        '--region',
        `${name}=production-${name},proxy=${proxy}`,
      ]
      const regions = [...region('us', '10.1.0.5'), ...region('eu', '10.2.0.5')]
      expect((await runCliIn(folder, {}, 'init', ...flags, ...regions)).exitCode).toBe(0)
      expect(await runCliIn(folder, {}, 'validate')).toMatchObject({ exitCode: 0 })
      const again = await runCliIn(folder, {}, 'init', ...flags, ...regions)
      expect(again.exitCode).toBe(1)
      const { exitCode, output } = await runCliIn(
        folder,
        {},
        ...['rehearse', '--config', 'rollout.yml', '--workflow', '.github/workflows/deploy.yml'],
      )
      expect(output).toMatch(/^ +us +promoted /m)
      expect(output).toMatch(/^ +eu +promoted /m)
      expect(exitCode).toBe(0)
    },
    LIMIT,
  )
})

describe('a config by another name', () => {
  it(
    'is the one that the jobs read, and its backend is called as it says',
    async () => {
      const [config = ''] = await readmeBlocks('Quick start', 'yaml')
      await put(
        'deploy/rollout.prod.yml',
        config.replace('backend: app', 'backend: shop').replaceAll('proxy="app"', 'proxy="shop"'),
      )
      await put('refused.yml', 'approvals: { production-us-east: { reject: not today } }\n')
      const { exitCode, output } = await runCliIn(
        folder,
        {},
        ...['rehearse', '--config', 'deploy/rollout.prod.yml', '--scenario', 'refused.yml'],
        ...['--world', 'deploy/world'],
      )
      expect(exitCode).toBe(1)
      expect(output).toContain('metrics.requests and metrics.errors are asked as they are written')
      expect(output).toContain('rollout / plan: success')
      expect(output).toContain('production-us-east: rejected (not today)')
    },
    LIMIT,
  )
})

const FIRST_COMMIT = {
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
}

describe('a workflow that calls git', () => {
  it(
    'works in a repository of its own: the one that it is rehearsed in stays as it is',
    async () => {
      const home = join(folder, 'home')
      const repository = join(folder, 'repository')
      const git = (...args: string[]): string =>
        execFileSync('git', args, {
          cwd: repository,
          env: { PATH: process.env['PATH'], HOME: home, ...FIRST_COMMIT },
          encoding: 'utf8',
        })
      await put('home/.gitconfig', '[user]\n\tname = A User\n\temail = user@example.com\n')
      await put('repository/ops/rollout.prod.yml', (await readmeBlocks('Quick start', 'yaml'))[0] ?? '')
      await put('repository/.gitignore', '.rehearsal\n')
      await put(
        'repository/release.yml',
        `on:
  workflow_dispatch:
    inputs:
      version: { type: string }
      digest: { type: string }
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - name: before the checkout
        run: if git rev-parse --show-toplevel; then exit 1; fi
      - uses: actions/checkout@v4
      - name: release
        run: |
          test "$(git rev-parse --show-toplevel)" = "$GITHUB_WORKSPACE"
          test "$(git rev-parse HEAD)" = "$GITHUB_SHA"
          git config --global user.name 'A Robot'
          git config user.name 'A Robot'
          git config user.email robot@example.com
          echo 1.1.0 > VERSION
          git add VERSION
          git commit -m 'Release 1.1.0'
          git tag v1.1.0
          git log --format=%an:%s --max-count=1
          cat ops/rollout.prod.yml
`,
      )
      git('init', '--quiet', '--initial-branch=main')
      git('add', '--all')
      git('commit', '--quiet', '--message', 'What is there')
      const everything = (): Promise<unknown> =>
        Promise.all([
          git('for-each-ref'),
          git('status', '--porcelain'),
          git('log', '--format=%H %an %s'),
          readFile(join(repository, '.git/config'), 'utf8'),
          readFile(join(home, '.gitconfig'), 'utf8'),
        ])
      const before = await everything()

      const { exitCode, output } = await runCliIn(
        repository,
        // As in a hook of the user's repository.
        { HOME: home, GIT_DIR: join(repository, '.git'), GIT_INDEX_FILE: join(repository, '.git/index') },
        ...['rehearse', '--config', 'ops/rollout.prod.yml', '--workflow', 'release.yml'],
      )
      expect({ exitCode, output }).toEqual({
        exitCode: 0,
        output: expect.stringContaining('success after'),
      })
      const logs = join(repository, /logs: (\S+)/.exec(output)?.[1] ?? '')
      const [log = ''] = await Promise.all(
        (await readdir(logs)).map((name) => readFile(join(logs, name), 'utf8')),
      )
      expect(log).toContain('A Robot:Release 1.1.0')
      expect(log).toContain('rehearsal-proxy-port')
      expect(await everything()).toEqual(before)
    },
    LIMIT,
  )
})
