import { describe, expect, it } from '@jest/globals'
import type { ChildProcess, ChildResult } from './ports'
import { deployVariables, fillLine, runScript, script, scriptFailure } from './script'

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

describe('a script line with variables', () => {
  const fill = (values: Record<string, string>) => (part: string) =>
    part.replace(/\$\{([^}]*)\}/g, (whole, name: string) => values[name] ?? whole)
  const filled = (line: string, values: Record<string, string>) => script.safeParse(fillLine(line, fill(values)))

  it.each([
    ['ops/deploy.sh --version ${version} --fast', '1.4 rc', ['--version', '1.4 rc', '--fast']],
    ['ops/deploy.sh ${version} end', '', ['', 'end']],
    ['ops/deploy.sh ${version}', '', ['']],
    ['ops/deploy.sh v=${version}', `"a" 'b' $c; d`, [`v="a" 'b' $c; d`]],
    ['ops/deploy.sh ${version}-${version}', 'a b', ['a b-a b']],
    ['ops/deploy.sh', 'unused', []],
  ])('%j with %j is split before it is filled', (line, version, args) =>
    expect(filled(line, { version }).data).toEqual({ path: 'ops/deploy.sh', args }),
  )

  it('takes a path with blanks for one path, and refuses one that a variable leads out of the repository', () => {
    expect(filled('ops/${tool}.sh', { tool: 'a b' }).data).toEqual({ path: 'ops/a b.sh', args: [] })
    expect(filled('ops/${tool} x', { tool: '../../sh' }).error?.issues[0]?.message).toBe(
      '"ops/../../sh x" lies outside the repository',
    )
    expect(filled('${tool} x', { tool: '' }).error?.issues[0]?.message).toBe('" x" names no script')
  })

  it.each(['a.sh "${version}"', 'a.sh $${version}', 'a.sh ${version} | sh', 'a.sh ${version', 'a.sh $version'])(
    '%j is refused as it would be without one',
    (line) => expect(filled(line, { version: '1' }).error?.issues[0]?.message).toContain('is not run by a shell'),
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
