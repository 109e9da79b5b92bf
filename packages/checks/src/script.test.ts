import { describe, expect, it } from '@jest/globals'
import { Cancelled, ProviderError, type ChildProcess, type ChildResult } from '@deploy-actions/action-kit'
import { configured, createFakePorts } from '@deploy-actions/testing'
import type { Reading } from './check'
import script from './script'

async function probe(end: Partial<ChildResult> | Error): Promise<Reading & { ran: ChildProcess[] }> {
  const ran: ChildProcess[] = []
  const ports = createFakePorts({
    context: { workspace: '/repo' },
    variables: { DEPLOY_ARM: 'green' },
    process(child) {
      ran.push(child)
      if (end instanceof Error) throw end
      return end
    },
  })
  const settings = { type: 'script', run: 'ops/smoke.sh --deep', timeout: '30s' }
  const check = configured(script, settings).open(ports)
  return { ...(await check.probe(ports.signal)), ran }
}

describe('a script check', () => {
  it.each<[Partial<ChildResult>, Reading]>([
    [{ exitCode: 0 }, { state: 'green', detail: 'ops/smoke.sh succeeded' }],
    [
      { exitCode: 0, stdout: 'checked 12\n97.5\n' },
      { state: 'green', detail: 'ops/smoke.sh succeeded: 97.5', value: 97.5 },
    ],
    [
      { exitCode: 3, stderr: 'warming up\ncart is down\n' },
      { state: 'red', detail: 'ops/smoke.sh ended with exit code 3: cart is down' },
    ],
    [
      { exitCode: null, ended: 'timeout' },
      { state: 'red', detail: 'ops/smoke.sh did not end in time and was stopped' },
    ],
  ])('that ends as %j', async (end, reading) => {
    const { ran: _, ...result } = await probe(end)
    expect(result).toEqual(reading)
  })

  it('runs in the repository with its variables, by no shell', async () => {
    const { ran } = await probe({})
    expect(ran).toMatchObject([
      {
        command: ['/repo/ops/smoke.sh', '--deep'],
        cwd: '/repo',
        env: { DEPLOY_ARM: 'green' },
        timeoutMs: 30_000,
      },
    ])
  })

  it('that cannot be started is red for good', async () => {
    const missing = new ProviderError(
      '/repo/ops/smoke.sh could not be started: ENOENT; is it there and executable?',
      { provider: 'x' },
    )
    expect(await probe(missing)).toMatchObject({ state: 'red', fatal: true, detail: missing.message })
  })

  it('gives no answer when the run was cancelled', async () => {
    await expect(probe({ exitCode: null, ended: 'cancelled' })).rejects.toBeInstanceOf(Cancelled)
  })
})

describe('a script check with secrets', () => {
  const settings = { type: 'script', run: 'ops/smoke.sh', 'env-secrets': ['SMOKE_KEY'], oidc: true }
  const secrets = { SMOKE_KEY: 'swordfish-1', OTHER: 'swordfish-2' }

  it('gets those that it names, and tells none of them', async () => {
    const ran: ChildProcess[] = []
    const ports = createFakePorts({
      secrets,
      oidc: { url: 'https://token', token: 'request-token' },
      process: (child) => (ran.push(child), { exitCode: 1, stderr: 'no swordfish-1, no request-token\n' }),
    })
    const reading = await configured(script, settings).open(ports).probe(ports.signal)
    expect(ran[0]?.env).toEqual({
      SMOKE_KEY: 'swordfish-1',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
    })
    expect(reading).toMatchObject({ state: 'red', detail: expect.stringContaining('no ***, no ***') })
  })

  it('is red for good in a job that may not ask for OIDC tokens', async () => {
    const ports = createFakePorts({ secrets })
    expect(await configured(script, settings).open(ports).probe(ports.signal)).toMatchObject({
      state: 'red',
      fatal: true,
      detail: expect.stringContaining('id-token: write'),
    })
  })
})
