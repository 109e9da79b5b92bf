import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Artifacts, GitHub } from '@deploy-actions/action-kit'
import type { TransactionRecord } from '@deploy-actions/ledger'
import { createFakePorts } from '@deploy-actions/testing'
import { jobTransaction, transactionRecord } from './transaction.fixture'
import { trustedSettings, Untrusted } from './trust'

const { settings } = jobTransaction(9999)
const ours = 'acme/deploy-actions/.github/workflows/region.yml@v1'
const caller = '.github/workflows/deploy.yml'

interface World {
  repository?: string
  path?: string
  referenced?: string[] | null
  /** the files of the run's artifacts by name */
  artifacts?: Record<string, unknown>
  trusted?: string[]
}

/** What a restorer makes of this record in a world in which all is as it should be, but for `change`. */
async function trust(record: TransactionRecord, change: World = {}) {
  const {
    repository = 'acme/shop',
    path = caller,
    referenced = [ours],
    artifacts = { [`restore-point-${record.id}`]: { record, settings } },
    trusted = [],
  } = change
  const asked: unknown[] = []
  const run = {
    id: record.run.id,
    path,
    repository: { full_name: repository },
    referenced_workflows: referenced?.map((one) => ({ path: one })) ?? null,
  }
  const github: GitHub = {
    request: <T>(...call: unknown[]) => Promise.resolve((asked.push(call), run) as T),
    list: () => Promise.reject(new Error('not asked')),
  }
  const names = Object.keys(artifacts)
  const stored: Artifacts = {
    upload: () => Promise.reject(new Error('not asked')),
    list: (runId) => Promise.resolve(runId === record.run.id ? names.map((name, id) => ({ id, name })) : []),
    download: ({ name }, folder) =>
      writeFile(join(folder, 'restore-point.json'), JSON.stringify(artifacts[name])),
  }
  const ports = createFakePorts({ github, artifacts: stored })
  const result = await trustedSettings(record, trusted, ports).catch((error: unknown) => error)
  return { result, asked }
}

const refused = (why: string) => ({
  name: 'Untrusted',
  message: `transaction 1001-1-shop-eu-1 is not acted on: ${why}`,
})
const record = transactionRecord()
const artifact = 'restore-point-1001-1-shop-eu-1'

describe('a record', () => {
  it('is trusted when our workflow opened it and it is what was uploaded before', async () => {
    const { result, asked } = await trust(record)
    expect(result).toEqual(settings)
    expect(asked).toEqual([
      ['GET /repos/{owner}/{repo}/actions/runs/{run_id}', { run_id: 1001 }, { permission: 'actions: read' }],
    ])
  })

  it('of a workflow that calls the actions itself is trusted where it is named', async () => {
    expect((await trust(record, { referenced: null, trusted: [caller] })).result).toEqual(settings)
    const shared = 'acme/pipelines/.github/workflows/rollout.yml'
    expect(
      (await trust(record, { referenced: [`${shared}@refs/heads/main`], trusted: [shared] })).result,
    ).toEqual(settings)
  })

  it.each<[string, World, string]>([
    [
      'a run of another repository',
      { repository: 'mallory/shop' },
      'run 1001 belongs to mallory/shop, not to acme/shop',
    ],
    [
      'a run without our workflow',
      { referenced: [] },
      'run 1001 uses none of the workflows that may open one (it ran .github/workflows/deploy.yml); name it in `trusted-workflows` if it may',
    ],
    [
      'a workflow whose name only begins like ours',
      { referenced: ['acme/deploy-actions/.github/workflows/region.yml.evil@v1'] },
      'run 1001 uses none of the workflows that may open one (it ran .github/workflows/deploy.yml, acme/deploy-actions/.github/workflows/region.yml.evil@v1); name it in `trusted-workflows` if it may',
    ],
    [
      'a workflow of a repository whose name only ends like ours',
      { referenced: ['acme/my-deploy-actions/.github/workflows/region.yml@v1'] },
      'run 1001 uses none of the workflows that may open one (it ran .github/workflows/deploy.yml, acme/my-deploy-actions/.github/workflows/region.yml@v1); name it in `trusted-workflows` if it may',
    ],
    [
      'no artifact',
      { artifacts: { other: {} } },
      `run 1001 uploaded no artifact ${artifact} before it opened the record`,
    ],
    [
      'an artifact with other weights',
      {
        artifacts: {
          [artifact]: {
            record: {
              ...record,
              restore: [{ kind: 'traffic', router: 'canary', weights: { blue: 0, green: 10_000 } }],
            },
            settings,
          },
        },
      },
      'its record differs from the one that run 1001 uploaded before opening it',
    ],
  ])('of %s is refused', async (_, world, why) => {
    const { result } = await trust(record, world)
    expect(result).toBeInstanceOf(Untrusted)
    expect(result).toMatchObject(refused(why))
  })

  it('whose artifact holds something else is an error', async () => {
    expect((await trust(record, { artifacts: { [artifact]: { record: {} } } })).result).toMatchObject({
      message: `artifact ${artifact} holds no restore point`,
    })
  })
})
