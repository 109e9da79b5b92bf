import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError, type StoredArtifact } from '@deploy-actions/action-kit'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { restorePointArtifact } from './artifact-names'
import { ledgerArtifacts } from './ledger-artifacts'
import { transactionRecord } from './record.fixture'

const eu = transactionRecord()
const spoilt = new Error('the upload broke')

let ports: FakePorts
/** Names that an upload which broke has taken. */
let broken: string[]
/** What a run has uploaded, by REST. */
let proven: string[]
let downloads: [name: string, run: number | undefined][]
let lists: (number | undefined)[]
beforeEach(() => {
  ports = createFakePorts()
  broken = []
  proven = []
  downloads = []
  lists = []
})

function kept({ attempt = 1, earlier = [] as StoredArtifact[] } = {}) {
  const { upload, list, download } = ports.artifacts
  return ledgerArtifacts(
    'shop',
    {
      uploaded: (_, ...names) =>
        Promise.resolve(proven.some((name) => names.includes(name)) ? { id: 1, name: 'proof' } : undefined),
      reviewed: () => Promise.resolve(true),
      standing: () => Promise.reject(new Error('nobody asks what a run may')),
    },
    {
      context: { ...ports.context, attempt },
      artifacts: {
        upload: (name, ...what) => (broken.includes(name) ? Promise.reject(spoilt) : upload(name, ...what)),
        list: async (run) => {
          lists.push(run)
          return run === undefined && attempt > 1 ? earlier : list()
        },
        download: (artifact, folder, run) => {
          downloads.push([artifact.name, run])
          return download(artifact, folder, run)
        },
      },
    },
  )
}
const names = async () => (await ports.artifacts.list()).map(({ name }) => name)
const state = `state-${eu.id}-committed`

describe('the proof of a state', () => {
  const prove = () => kept().uploadState(eu.id, 'committed', 'all on green')

  it('says what was marked, and by whom', async () => {
    await prove()
    expect(await names()).toEqual([state])
    const file = join(ports.context.temp, 'read', 'state.json')
    await ports.artifacts.download({ id: 1, name: state }, join(ports.context.temp, 'read'))
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      id: eu.id,
      state: 'committed',
      note: 'all on green',
      run: 1001,
      attempt: 1,
    })
  })

  it('has another name where an upload that broke has taken its own', async () => {
    broken = [state, `${state}-2`]
    await prove()
    expect(await names()).toEqual([`${state}-3`])
  })

  it('is there already where an earlier step has uploaded it', async () => {
    broken = [state]
    proven = [`${state}-2`]
    await prove()
    expect(await names()).toEqual([])
  })

  it('could not be had when every name is taken', async () => {
    broken = [state, `${state}-2`, `${state}-3`]
    await expect(prove()).rejects.toBe(spoilt)
  })
})

describe('what was kept of a transaction', () => {
  const name = restorePointArtifact(eu.id, eu)

  it('is its record and its settings, and leaves nothing on the runner that read it', async () => {
    await kept().keep(eu, { router: 'here' })
    expect(await kept().download({ id: 1, name })).toEqual({ record: eu, settings: { router: 'here' } })
    expect((await readdir(ports.context.temp)).filter((one) => one.startsWith('restore-point'))).toEqual([])
  })

  it('cannot be told where the artifact holds something else', async () => {
    await kept().uploadState(eu.id, 'committed', '')
    await expect(kept().download({ id: 1, name: state })).rejects.toThrow(
      expect.objectContaining({
        message: `artifact ${state} holds no restore point`,
        provider: 'GitHub artifacts',
        cause: expect.objectContaining({ code: 'ENOENT' }),
      }),
    )
  })

  it('is not said to be something else where GitHub does not give it', async () => {
    const away = new ProviderError('GitHub answered 500', { provider: 'GitHub', status: 500 })
    ports.artifacts.download = () => Promise.reject(away)
    await expect(kept().download({ id: 1, name })).rejects.toBe(away)
  })

  it('tells the ids that its run has used', async () => {
    await kept().keep(eu, {})
    await kept().uploadState(eu.id, 'committed', '')
    expect(await kept().taken()).toEqual([eu.id])
  })
})

describe('what a run has kept for a region', () => {
  const keep = (region: string, service = 'shop') => {
    const record = transactionRecord({ id: `1001-1-${service}-${region}-1`, region, service })
    return kept().keep(record, { of: record.id })
  }

  it('is not what it kept for one whose name begins alike, or for another service', async () => {
    await keep('eu-1')
    await keep('eu')
    await keep('us')
    await keep('shop-eu', 'my')
    await kept().uploadState('1001-1-shop-eu-1', 'committed', '')
    expect(await kept().uploadedHere('eu')).toEqual([
      { record: eu, settings: { of: '1001-1-shop-eu-1' }, states: ['committed'] },
    ])
    // Neither what is of other regions nor what is no restore point is fetched.
    expect(downloads.map(([name]) => name.replace(/-[0-9a-f]{32}$/, ''))).not.toContain(
      'restore-point-1001-1-shop-us-1',
    )
    expect(lists).toEqual([undefined])
  })

  it('is asked of all attempts only where this one has kept nothing', async () => {
    await keep('eu')
    const again = kept({ attempt: 2 })
    expect(await again.uploadedHere('eu')).toHaveLength(1)
    expect(lists).toEqual([undefined, 1001])
    expect(downloads).toEqual([[restorePointArtifact(eu.id, eu), 1001]])
    lists = []
    downloads = []
    const [own] = await ports.artifacts.list()
    expect(await kept({ attempt: 2, earlier: own ? [own] : [] }).uploadedHere('eu')).toHaveLength(1)
    expect(lists).toEqual([undefined])
    expect(downloads).toEqual([[restorePointArtifact(eu.id, eu), undefined]])
  })

  it.each(['eu-west', 'eu-1', '1-shop-eu'])(
    'is asked of all attempts though this one has kept something for %s',
    async (region) => {
      await keep('eu')
      const other = transactionRecord({ id: `1001-2-shop-${region}-1`, region })
      const earlier = [{ id: 9, name: restorePointArtifact(other.id, other) }]
      expect(await kept({ attempt: 2, earlier }).uploadedHere('eu')).toMatchObject([{ record: eu }])
      expect(lists).toEqual([undefined, 1001])
    },
  )

  it.each([
    ['region', { region: 'us' }],
    ['service', { service: 'cart' }],
  ])('is none of it where its name is right and its %s is another', async (_, other) => {
    await kept().keep(transactionRecord({ id: '1001-1-shop-eu-1', ...other }), {})
    expect(await kept().uploadedHere('eu')).toEqual([])
    expect(downloads).toHaveLength(1)
  })

  it('is waited for while the service of the runner takes its time', async () => {
    await keep('eu')
    const { list } = ports.artifacts
    ports.artifacts.list = async () => (await sleep(20), list())
    expect(await kept().uploadedHere('eu')).toHaveLength(1)
    expect(lists).toEqual([undefined])
  })

  it('is found whatever stands in the name of its region', async () => {
    await keep('eu.1')
    await keep('eu+1')
    expect(await kept().uploadedHere('eu.1')).toMatchObject([{ record: { region: 'eu.1' } }])
    expect(downloads).toHaveLength(1)
  })
})
