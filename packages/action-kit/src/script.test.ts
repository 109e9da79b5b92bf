import { describe, expect, it } from '@jest/globals'
import type { ChildProcess, ChildResult } from './ports'
import { deployVariables, runScript, script, scriptFailure } from './script'

describe('a script line', () => {
  it.each([
    ['ops/deploy.sh', 'ops/deploy.sh', []],
    ['  ops/deploy.sh   --fast  1 ', 'ops/deploy.sh', ['--fast', '1']],
    ['./ops/a..b.sh x=../y', './ops/a..b.sh', ['x=../y']],
  ])('%j is a path and plain arguments', (line, path, args) =>
    expect(script.parse(line)).toEqual({ path, args }),
  )

  it.each([
    ['', 'names no script'],
    ['   ', 'names no script'],
    ['/bin/sh', 'lies outside the repository'],
    ['../deploy.sh', 'lies outside the repository'],
    ['ops/../../deploy.sh', 'lies outside the repository'],
    ['-rf ops', 'begins with -, which is not a path'],
    ...[
      'a; b',
      'a && b',
      'a | b',
      'a > b',
      'a $HOME',
      'a `b`',
      "a 'b c'",
      'a "b"',
      'a *',
      'a (b)',
      'a {b}',
      'a\\b',
      'a ?',
    ].map((line) => [
      line,
      'is not run by a shell: write a path and plain arguments; variables reach the script as DEPLOY_*',
    ]),
  ])('%j is refused', (line, why) =>
    expect(script.safeParse(line).error?.issues[0]?.message).toBe(`${JSON.stringify(line)} ${why}`),
  )
})

it('runs a script of the repository with nothing but its variables', async () => {
  const ran: ChildProcess[] = []
  const { signal } = new AbortController()
  const ended: ChildResult = { exitCode: 0, stdout: '', stderr: '', ended: 'exit', ms: 1 }
  const process = { run: (child: ChildProcess) => Promise.resolve((ran.push(child), ended)) }
  expect(
    await runScript(
      { path: 'ops/deploy.sh', args: ['--fast'] },
      { process, workspace: '/repo', variables: { DEPLOY_REGION: 'eu', DEPLOY_ARM: 'blue' } },
      { variables: { DEPLOY_ARM: 'green' }, timeoutMs: 5, signal },
    ),
  ).toBe(ended)
  expect(ran).toEqual([
    {
      command: ['/repo/ops/deploy.sh', '--fast'],
      cwd: '/repo',
      env: { DEPLOY_REGION: 'eu', DEPLOY_ARM: 'green' },
      timeoutMs: 5,
      signal,
    },
  ])
})

it('names variables as shells can read them', () => {
  expect(deployVariables({ region: 'eu', 'correlation-id': 'c', 'vars-probe.url': 'u' })).toEqual({
    DEPLOY_REGION: 'eu',
    DEPLOY_CORRELATION_ID: 'c',
    DEPLOY_VARS_PROBE_URL: 'u',
  })
})

describe('how a script ended', () => {
  it.each<[Partial<ChildResult>, string | undefined]>([
    [{}, undefined],
    [{ exitCode: 1 }, 'ops/a.sh ended with exit code 1'],
    [{ exitCode: 1, stdout: 'one\ntwo\n' }, 'ops/a.sh ended with exit code 1: two'],
    [{ exitCode: 1, stdout: 'two', stderr: 'why\nthis\n\n' }, 'ops/a.sh ended with exit code 1: this'],
    [{ exitCode: null }, 'ops/a.sh ended with exit code none (killed)'],
    [{ exitCode: 1, stderr: 'x'.repeat(400) }, `ops/a.sh ended with exit code 1: ${'x'.repeat(300)}`],
    [{ exitCode: null, ended: 'timeout' }, 'ops/a.sh did not end in time and was stopped'],
    // It may well have ended by itself when it was told to stop.
    [{ exitCode: 0, ended: 'cancelled' }, 'ops/a.sh was stopped because the run was cancelled'],
  ])('%j', (end, words) =>
    expect(
      scriptFailure(
        { path: 'ops/a.sh', args: [] },
        { exitCode: 0, stdout: '', stderr: '', ended: 'exit', ms: 1, ...end },
      ),
    ).toBe(words),
  )
})
