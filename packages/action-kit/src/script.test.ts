import { describe, expect, it } from '@jest/globals'
import { InputError } from './errors'
import type { ChildProcess, ChildResult } from './ports'
import {
  deployVariables,
  fillLine,
  runScript,
  runScriptToEnd,
  script,
  scriptAccess,
  scriptFailure,
} from './script'

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
  const filled = (line: string, values: Record<string, string>) =>
    script.safeParse(fillLine(line, fill(values)))

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

  it.each([
    'a.sh "${version}"',
    'a.sh $${version}',
    'a.sh ${version} | sh',
    'a.sh ${version',
    'a.sh $version',
  ])('%j is refused as it would be without one', (line) =>
    expect(filled(line, { version: '1' }).error?.issues[0]?.message).toContain('is not run by a shell'),
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
      {
        process,
        workspace: '/repo',
        variables: { DEPLOY_REGION: 'eu', DEPLOY_ARM: 'blue' },
        secrets: new Map([['KEY', 'never asked for']]),
        oidc: { url: 'https://t', token: 'never asked for' },
      },
      { variables: { DEPLOY_ARM: 'green' }, timeoutMs: 5, signal },
    ),
  ).toEqual(ended)
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

describe('what a script prints', () => {
  const secret = 'p4ssw0rd-of-the-database'
  const printing = (printed: Partial<ChildResult>) =>
    runScriptToEnd(
      { path: 'ops/policy.sh', args: [] },
      {
        process: {
          run: () =>
            Promise.resolve({ exitCode: 1, stdout: '', stderr: '', ended: 'exit', ms: 1, ...printed }),
        },
        workspace: '/repo',
        variables: {},
        secrets: new Map(),
        oidc: undefined,
      },
      {
        timeoutMs: 5,
        signal: new AbortController().signal,
        clean: (text) => text.replaceAll(secret, '(hidden)'),
      },
    )

  it('is cleaned before its last line is cut, so that no half of a secret is left', async () => {
    const before = 'x'.repeat(300 - 10)
    const { detail, output } = await printing({ stderr: `${before}${secret} end\n` })
    expect(detail).toBe(`ops/policy.sh ended with exit code 1: ${before}(hidden) e`)
    expect(output).toBe(`${before}(hidden) end\n`)
  })

  it('loses the line of which the beginning is cut off, as it may begin within a secret', async () => {
    const half = secret.slice(5)
    const rest = 'y'.repeat(1024 * 1024)
    expect((await printing({ stdout: `${half}\n${rest}`.slice(0, 1024 * 1024) })).output).toBe(
      rest.slice(0, 1024 * 1024 - half.length - 1),
    )
    expect((await printing({ stdout: `${half}${rest}`.slice(0, 1024 * 1024) })).output).toBe('')
  })
})

describe('what a script prints that is stopped', () => {
  it('loses the line in which it was stopped', async () => {
    const { stdout, stderr } = await runScript(
      { path: 'ops/policy.sh', args: [] },
      {
        process: {
          run: () =>
            Promise.resolve({
              exitCode: null,
              stdout: 'one\nhalf of a s',
              stderr: 'half',
              ended: 'timeout',
              ms: 1,
            }),
        },
        workspace: '/repo',
        variables: {},
        secrets: new Map(),
        oidc: undefined,
      },
      { timeoutMs: 5, signal: new AbortController().signal },
    )
    expect([stdout, stderr]).toEqual(['one\n', ''])
  })
})

describe('what a script gets beyond its variables', () => {
  const access = { 'env-secrets': ['API_KEY', 'HOOK'], oidc: true }
  const oidc = { url: 'https://token.example.com/?v=2', token: 'request-token-1' }
  async function run(
    given: Partial<Parameters<typeof runScriptToEnd>[1]>,
    printed: Partial<ChildResult> = {},
  ) {
    const ran: ChildProcess[] = []
    const ended: ChildResult = { exitCode: 0, stdout: '', stderr: '', ended: 'exit', ms: 1, ...printed }
    const ending = await runScriptToEnd(
      { path: 'ops/deploy.sh', args: [] },
      {
        process: { run: (child: ChildProcess) => Promise.resolve((ran.push(child), ended)) },
        workspace: '/repo',
        variables: { DEPLOY_REGION: 'eu' },
        secrets: new Map([
          ['API_KEY', 'a+key/1'],
          ['HOOK', 'https://hook'],
          ['OTHER', 'other-secret'],
        ]),
        oidc,
        ...given,
      },
      { timeoutMs: 5, signal: new AbortController().signal, access },
    ).catch((error: Error) => error)
    return { ending, env: ran[0]?.env }
  }

  it('is what its options name, and nothing else', async () => {
    const { ending, env } = await run({})
    expect(env).toEqual({
      API_KEY: 'a+key/1',
      HOOK: 'https://hook',
      ACTIONS_ID_TOKEN_REQUEST_URL: oidc.url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.token,
      DEPLOY_REGION: 'eu',
    })
    expect(ending).toMatchObject({
      facts: { variables: { DEPLOY_REGION: 'eu' }, envSecrets: ['API_KEY', 'HOOK'], oidc: true },
    })
  })

  it('is in nothing that is told of it, in any form', async () => {
    const forms = [
      'a+key/1',
      encodeURIComponent('a+key/1'),
      Buffer.from('a+key/1').toString('base64'),
      oidc.token,
    ]
    const { ending } = await run(
      {},
      { exitCode: 1, stdout: forms.join('\n'), stderr: `refused: ${forms.join(' ')}` },
    )
    for (const form of forms) expect(JSON.stringify(ending)).not.toContain(form)
    expect(ending).toMatchObject({
      detail: 'ops/deploy.sh ended with exit code 1: refused: *** *** *** ***',
      leaked: true,
    })
  })

  it('must be there: all that is missing is said at once, and nothing runs', async () => {
    const { ending, env } = await run({ secrets: new Map([['HOOK', '']]), oidc: undefined })
    expect(ending).toBeInstanceOf(InputError)
    expect((ending as Error).message).toMatch(
      /the secret API_KEY[^]*the secret HOOK[^]*this job may not: give it, and every job that calls it, id-token: write/,
    )
    expect(env).toBeUndefined()
  })

  it.each(['PATH', 'DEPLOY_STATE', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'A-B', '1A', ''])(
    'cannot be a secret named %j',
    (name) => expect(scriptAccess['env-secrets'].safeParse([name]).success).toBe(false),
  )

  it.each(['DOCKER_CONFIG', 'HELM_PLUGINS'])('may be a secret named %s, which then stands for it', (name) =>
    expect(scriptAccess['env-secrets'].safeParse([name]).success).toBe(true),
  )
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
