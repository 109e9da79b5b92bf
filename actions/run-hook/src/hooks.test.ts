import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { GateFailed, InputError, type ChildProcess, type ChildResult } from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { createFakePorts } from '@deploy-actions/testing'
import { saveJobTransaction } from '@deploy-actions/transaction'
import { rolloutWithHooks } from '../../../packages/config/src/hooks.fixture'
import { jobTransaction } from '../../../packages/transaction/src/transaction.fixture'
import { inputs as schema } from './inputs'
import { main } from './main'

const HOOKS = `  finished: { run: 'ops/tag.sh \${arm}', timeout: 30s, env-secrets: [TAG] }
  schema-compatibility: ops/schema.sh`

/** A job that has begun a transaction, and committed it or not, runs a hook. */
async function run(
  more: Record<string, string>,
  {
    hooks = HOOKS,
    state,
    result = {},
  }: { hooks?: string; state?: 'committed'; result?: Partial<ChildResult> } = {},
) {
  const children: ChildProcess[] = []
  const ports = createFakePorts({
    secrets: { TAG: 'swordfish' },
    process: (child) => {
      children.push(child)
      return result
    },
  })
  const { temp, workspace } = ports.context
  const spec = `file:${temp}/ledger`
  await mkdir(workspace, { recursive: true })
  await writeFile(join(workspace, 'rollout.yml'), rolloutWithHooks(hooks))
  const transaction = jobTransaction(9999, { ledger: spec })
  await saveJobTransaction(temp, transaction)
  const ledger = openLedger(spec, 'shop', ports)
  await ledger.open(transaction.record, {})
  if (state) await ledger.mark(transaction.record, state, 'done')
  const outcome = await main(schema.parse({ region: 'eu', ...more }), ports).catch((error: Error) => error)
  return { outcome, children, ports }
}

const finished = { hook: 'finished', transaction: '1001-1-shop-eu-1' }

describe('a hook of rollout.yml', () => {
  it('finished is run once the transaction is committed, for the arm that serves now', async () => {
    const { outcome, children } = await run(finished, { state: 'committed' })
    expect(outcome).toMatchObject({ outcome: 'done', reason: 'ops/tag.sh succeeded' })
    expect(children).toMatchObject([
      {
        command: [expect.stringMatching(/ops\/tag\.sh$/), 'green'],
        timeoutMs: 30_000,
        env: {
          ...{ DEPLOY_ARM: 'green', DEPLOY_BASELINE_ARM: 'blue', DEPLOY_CANARY_ARM: 'green' },
          ...{ DEPLOY_VERSION: '1.4.0', TAG: 'swordfish' },
        },
      },
    ])
  })

  it('finished is not run when the release is not committed, or no more', async () => {
    const { outcome, children } = await run(finished)
    expect((outcome as Error).message).toMatch(
      /^transaction 1001-1-shop-eu-1 is open \(.*\): nothing is done that follows a commit$/,
    )
    expect(children).toEqual([])
  })

  it('says of a finished that fails that nothing is taken back', async () => {
    const result = { exitCode: 3, stderr: 'no rights for swordfish' }
    const { outcome, ports } = await run(finished, { state: 'committed', result })
    expect(outcome).toBeInstanceOf(GateFailed)
    const reason =
      'ops/tag.sh ended with exit code 3: no rights for ***; the release is committed and serves: nothing is taken back for that'
    expect((outcome as Error).message).toBe(reason)
    expect(ports.recorded.summary.join()).toContain('the release is committed and serves')
  })

  it('schema-compatibility needs no transaction, and knows no arm', async () => {
    const { outcome, children } = await run({ hook: 'schema-compatibility', version: '1.5.0' })
    expect(outcome).toMatchObject({ outcome: 'done' })
    expect(children[0]?.env).toMatchObject({ DEPLOY_VERSION: '1.5.0', DEPLOY_REGION: 'eu' })
    expect(children[0]?.env).not.toHaveProperty('DEPLOY_ARM')
  })

  it('is not run in a dry run', async () => {
    const { outcome, children } = await run({ ...finished, 'dry-run': 'true' }, { state: 'committed' })
    expect(outcome).toMatchObject({ outcome: 'would-run', reason: 'would run finished (ops/tag.sh)' })
    expect(children).toEqual([])
  })

  it.each([
    [
      finished,
      '  schema-compatibility: ops/schema.sh',
      'rollout.yml: hooks: has no finished; add it, or leave out this step',
    ],
    [{ hook: 'finished' }, HOOKS, /finished follows the commit of the transaction of restore-point begin/],
  ])('refuses %j with hooks that are %j', async (inputs, hooks, message) => {
    const { outcome, children } = await run(inputs, { hooks, state: 'committed' })
    expect(outcome).toBeInstanceOf(InputError)
    expect((outcome as Error).message).toMatch(message)
    expect(children).toEqual([])
  })
})
