import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createChildProcesses, inheritedOf } from './child-processes'
import { createClock } from './clock'
import { ProviderError } from './errors'
import type { ChildProcess, ChildResult } from './ports'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'child-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const calls: unknown[] = []
const children = createChildProcesses(createClock(), { call: ({ ms: _, ...call }) => void calls.push(call) })

/** Runs a Node program of this text. */
async function run(program: string, more: Partial<ChildProcess> = {}): Promise<ChildResult> {
  calls.length = 0
  await writeFile(join(folder, 'program.mjs'), program)
  return children.run({
    command: [process.execPath, 'program.mjs'],
    cwd: folder,
    env: {},
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    ...more,
  })
}

describe('a child', () => {
  it('gives its output and exit code', async () => {
    const result = await run('console.log("out"); console.error("err"); process.exit(3)')
    expect(result).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n', ended: 'exit' })
    expect(calls).toEqual([{ system: 'process', what: `${process.execPath} program.mjs`, status: 3 }])
  })

  it('gets its own variables, and of ours only what finds programs and clusters, and keeps git to its own', async () => {
    process.env['DEPLOY_TEST_TOKEN'] = 'swordfish'
    process.env['GIT_CEILING_DIRECTORIES'] = folder
    const before = process.env['KUBECONFIG']
    process.env['KUBECONFIG'] = join(folder, 'kubeconfig')
    try {
      const { stdout } = await run('console.log(JSON.stringify(process.env))', {
        env: { DEPLOY_ARM: 'green' },
      })
      const env = JSON.parse(stdout) as Record<string, string>
      expect(env).toMatchObject({
        DEPLOY_ARM: 'green',
        PATH: process.env['PATH'],
        KUBECONFIG: join(folder, 'kubeconfig'),
        GIT_CEILING_DIRECTORIES: folder,
      })
      expect(env).not.toHaveProperty('DEPLOY_TEST_TOKEN')
    } finally {
      delete process.env['DEPLOY_TEST_TOKEN']
      delete process.env['GIT_CEILING_DIRECTORIES']
      if (before === undefined) delete process.env['KUBECONFIG']
      else process.env['KUBECONFIG'] = before
    }
  })

  it('is known to the runner as a part of the job, which ends what that leaves running', async () => {
    const before = process.env['RUNNER_TRACKING_ID']
    process.env['RUNNER_TRACKING_ID'] = 'github_7'
    try {
      const { stdout } = await run('console.log(process.env.RUNNER_TRACKING_ID)')
      expect(stdout).toBe('github_7\n')
    } finally {
      if (before === undefined) delete process.env['RUNNER_TRACKING_ID']
      else process.env['RUNNER_TRACKING_ID'] = before
    }
  })

  it('gets what Helm reads only where it asks for a login: a proxy may hold a password', () => {
    const environment = {
      ...{
        HTTPS_PROXY: 'http://me:swordfish@proxy',
        no_proxy: 'a',
        XDG_CACHE_HOME: '/c',
        SSL_CERT_DIR: '/s',
      },
      ...{ HELM_CACHE_HOME: '/h', HELM_DRIVER_SQL_CONNECTION_STRING: 'swordfish', HELM_PLUGINS: '/p' },
      ...{ MY_PROXY: 'x', HELM_DEBUG: 'true' },
    }
    const { MY_PROXY: _, HELM_DEBUG: __, ...helms } = environment
    expect(inheritedOf(environment, { cloudLogin: true })).toEqual(helms)
    expect(inheritedOf(environment)).toEqual({ HELM_PLUGINS: '/p' })
  })

  it('is given its arguments as they are: no shell reads them', async () => {
    const { stdout } = await run('console.log(process.argv[2])', {
      command: [process.execPath, 'program.mjs', '$HOME; `id` *'],
    })
    expect(stdout).toBe('$HOME; `id` *\n')
  })

  it('keeps the end of much output', async () => {
    const { stdout } = await run('process.stdout.write("x".repeat(2 * 1024 * 1024) + "the end")')
    expect(stdout).toHaveLength(1024 * 1024)
    expect(stdout.endsWith('xthe end')).toBe(true)
  })

  it('that cannot be started is an error that says so', async () => {
    const failure = await run('', { command: [join(folder, 'nothing-here')] }).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(ProviderError)
    expect((failure as Error).message).toMatch(
      /nothing-here could not be started: .*ENOENT; is it there and executable\?$/,
    )
  })
})

// A child with a child of its own, which notes which signal ended it. Both share the output.
const family = `
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
if (process.argv[2] === 'grandchild') {
  process.on('SIGTERM', () => { writeFileSync('ended', 'SIGTERM'); process.exit() })
  console.log('ready')
} else spawn(process.execPath, ['program.mjs', 'grandchild'], { stdio: 'inherit' })
setInterval(() => {}, 1000)`

describe('an end from outside', () => {
  it('comes to the whole group when the time is over', async () => {
    const result = await run(family, { timeoutMs: 700 })
    expect(result).toMatchObject({ exitCode: null, stdout: 'ready\n', ended: 'timeout' })
    expect(await readFile(join(folder, 'ended'), 'utf8')).toBe('SIGTERM')
    expect(calls).toMatchObject([{ status: 'timeout' }])
  })

  it('comes when the run is cancelled, before it began or while it goes on', async () => {
    expect(await run('setInterval(() => {}, 1000)', { signal: AbortSignal.abort() })).toMatchObject({
      ended: 'cancelled',
    })
    expect(await run('setInterval(() => {}, 1000)', { signal: AbortSignal.timeout(50) })).toMatchObject({
      ended: 'cancelled',
    })
  })

  it('is not put off by who ignores it, nor by who left the group and holds the output', async () => {
    const stubborn = `
import { spawn } from 'node:child_process'
process.on('SIGTERM', () => {})
const away = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30_000)'], { stdio: 'inherit', detached: true })
console.log(away.pid)
setInterval(() => {}, 1000)`
    const { ended, stdout } = await run(stubborn, { timeoutMs: 500 })
    process.kill(Number(stdout), 'SIGKILL')
    expect(ended).toBe('timeout')
  }, 15_000)
})
