import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { createFakeClock, createFakePorts } from '@deploy-actions/testing'
import type { Ledger } from '@deploy-actions/ledger'
import type { Permissions } from '@deploy-actions/workflow-engine'
import { createGitHubLedger } from '../../packages/ledger/src/github-ledger'
import { transactionRecord } from '../../packages/ledger/src/record.fixture'
import { mainSha, testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { stubbedWorld } from './stub-suite'

// callers/canary-step.yml, as people copy it.

const read = (): Promise<string> =>
  readFile(join(process.cwd(), 'workflows-templates/callers/canary-step.yml'), 'utf8')

const opened: { close(): Promise<void> }[] = []
afterEach(() => Promise.all(opened.splice(0).map((part) => part.close())))

describe('the caller of canary-step alone', () => {
  const environment = 'production'
  const path = '.github/workflows/canary.yml'

  /** Our ledger in a job of a run of the caller. */
  function ledgerOf(world: TestGitHub, id: number, permissions: Permissions): Ledger {
    const known = world.runs.find((run) => run.id === id)
    const run = known ?? world.begin({}, { id, path }).run
    const job = world.join(run, permissions)
    const { log, signal } = createFakePorts()
    const [github, artifacts, context] = [world.client(job), world.artifacts(job, run), world.context(run)]
    return createGitHubLedger(
      'shop',
      { github, artifacts, context, clock: createFakeClock(), signal, log },
      {},
    )
  }

  const record = (run: number) =>
    transactionRecord({
      id: `${run}-1-shop-${environment}-1`,
      region: environment,
      environment,
      commit: mainSha,
      run: { id: run, attempt: 1, workflowRef: `acme/shop/${path}@refs/heads/main`, actor: 'ann' },
    })

  it('lets each job of a private repository see whom the environment takes: a second rollout begins, and is restored', async () => {
    const { jobs } = parse(await read()) as { jobs: Record<'deploy' | 'guard', { permissions: Permissions }> }
    const world = await testGitHub({
      environments: [
        { name: environment, branchPolicy: { protected_branches: true, custom_branch_policies: false } },
      ],
      protectedBranches: ['main'],
      // The time of the records.
      now: () => new Date('2026-11-21T10:00:00.000Z'),
    })
    opened.push(world)
    const first = ledgerOf(world, 1, jobs.deploy.permissions)
    await first.open(record(1), {})
    await first.mark(record(1), 'committed', '')
    await ledgerOf(world, 2, jobs.deploy.permissions).open(record(2), {})
    const guard = ledgerOf(world, 2, jobs.guard.permissions)
    expect(await guard.find({ environment, state: ['open'] })).toMatchObject([
      { record: { id: record(2).id } },
    ])
    await guard.mark(record(2), 'restoring', '')
    await guard.mark(record(2), 'restored', '')
  })

  it('lets no queued run begin before the guard of the one that died', async () => {
    const order: string[] = []
    const caller = (await read()).replaceAll('OWNER/', 'acme/')
    const world = await stubbedWorld({}, caller, {
      onEvent: (event) => {
        if (event.type === 'job' && event.job.status === 'in_progress') order.push(event.job.name)
      },
    })
    opened.push({ close: () => world.remove() })
    await world.become({ 'deploy canary-step': { fails: true } })
    const inputs = { version: '1.4.0', digest: `sha256:${'4'.repeat(64)}` }
    const runs = [await world.start({ inputs }), await world.start({ inputs })]
    await Promise.all(runs.map(({ done }) => done))
    expect(order).toEqual(['canary', 'guard', 'canary', 'guard'])
  })
})
