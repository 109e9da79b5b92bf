import { describe, expect, it } from '@jest/globals'
import {
  Cancelled,
  GateFailed,
  InputError,
  type ChildProcess,
  type ChildResult,
} from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { main } from './main'

async function run(
  inputs: Record<string, string>,
  result: Partial<ChildResult> = {},
  secrets: Record<string, string> = {},
) {
  const children: ChildProcess[] = []
  const ports = createFakePorts({
    secrets,
    process: (child) => {
      children.push(child)
      return result
    },
  })
  const outcome = await main(schema.parse(inputs), ports).catch((error: Error) => error)
  return { outcome, ports, children }
}

describe('run-hook', () => {
  it('runs a script of the repository with its fixed arguments and nothing of the runner', async () => {
    const { outcome, children, ports } = await run(
      { run: 'ops/warm.sh --all eu', timeout: '30s' },
      { stdout: 'warm\n' },
    )
    expect(outcome).toEqual({ outcome: 'done', reason: 'ops/warm.sh succeeded', 'exit-code': 0 })
    expect(children).toMatchObject([
      { command: [`${ports.context.workspace}/ops/warm.sh`, '--all', 'eu'], env: {}, timeoutMs: 30_000 },
    ])
  })

  it('fails with the exit code and the last line that the script wrote', async () => {
    const { outcome } = await run({ run: 'ops/warm.sh' }, { exitCode: 3, stderr: 'trying\ncache refused\n' })
    expect(outcome).toBeInstanceOf(GateFailed)
    expect((outcome as GateFailed).message).toBe('ops/warm.sh ended with exit code 3: cache refused')
    expect((outcome as GateFailed).outputs).toEqual({ 'exit-code': 3 })
  })

  it('keeps handed-over secrets out of log, summary and evidence, in every form', async () => {
    const secret = 's3cret/value'
    const { ports } = await run(
      { run: 'ops/warm.sh' },
      { stdout: `${secret} ${Buffer.from(secret).toString('base64')} ${encodeURIComponent(secret)}` },
      { KEY: secret },
    )
    const said = JSON.stringify([ports.recorded.log, ports.recorded.summary, ports.recorded.facts])
    for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)])
      expect(said).not.toContain(form)
    expect(said).toContain('*** *** ***')
  })

  it('gives a script the secrets that the step names, and no other', async () => {
    const secrets = { KEY: 'swordfish-1', HOOK: 'swordfish-2', OTHER: 'swordfish-3' }
    const { children } = await run({ run: 'ops/warm.sh', 'env-secrets': 'KEY, HOOK' }, {}, secrets)
    expect(children[0]?.env).toEqual({ KEY: 'swordfish-1', HOOK: 'swordfish-2' })
    const { outcome, children: none } = await run(
      { run: 'ops/warm.sh', 'env-secrets': 'KEY,NONE', oidc: 'true' },
      {},
      secrets,
    )
    expect((outcome as Error).message).toMatch(/the secret NONE[^]*id-token: write/)
    expect(none).toEqual([])
  })

  it('says that it was cancelled, or out of time', async () => {
    expect(
      (await run({ run: 'ops/warm.sh' }, { exitCode: null, ended: 'cancelled' })).outcome,
    ).toBeInstanceOf(Cancelled)
    expect((await run({ run: 'ops/warm.sh' }, { exitCode: null, ended: 'timeout' })).outcome).toMatchObject({
      message: 'ops/warm.sh did not end in time and was stopped',
    })
  })

  it('runs nothing in a dry run', async () => {
    const { outcome, children } = await run({ run: 'ops/warm.sh', 'dry-run': 'true' })
    expect(outcome).toMatchObject({ outcome: 'would-run' })
    expect(children).toEqual([])
  })

  it.each([
    [{}, /give exactly one/],
    [{ hook: 'deploy', run: 'ops/x.sh' }, /give exactly one/],
    [
      { hook: 'deploy', 'env-secrets': 'KEY' },
      /what the scripts of rollout\.yml get is said there, beside them/,
    ],
    [{ hook: 'deploy' }, /a deploy acts within the transaction of restore-point begin/],
    [{ hook: 'deploy', transaction: '1-1-shop-eu-1' }, /was not begun in this job/],
  ])('refuses %j', async (inputs, message) => {
    const { outcome, children } = await run(inputs)
    expect(outcome).toBeInstanceOf(InputError)
    expect((outcome as Error).message).toMatch(message)
    expect(children).toEqual([])
  })

  it.each(['/etc/passwd', '../ops.sh', '-rf x', 'ops/x.sh "$HOME"', 'ops/x.sh | sh', 'ops/x.sh; rm x'])(
    'takes no script line like %s',
    (line) => {
      expect(schema.safeParse({ run: line }).success).toBe(false)
    },
  )
})
