import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError, type GitHub } from '@deploy-actions/action-kit'
import { openLedger, restorePointArtifact } from '@deploy-actions/ledger'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { transactionRecord } from '../../../packages/ledger/src/record.fixture'
import { inputs as schema } from './inputs'
import { lostRecord, whyOver } from './lost-record'
import { main } from './main'
import type { Outputs } from './outputs'

let haproxy: FakeHaproxy
let folder: string
beforeEach(async () => {
  haproxy = await startFakeHaproxy({ blue: 50, green: 50 })
  folder = await mkdtemp(join(tmpdir(), 'restore-traffic-'))
})
afterEach(async () => {
  await haproxy.close()
  await rm(folder, { recursive: true, force: true })
})

const record = transactionRecord({
  restore: [
    { kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } },
    { kind: 'script', name: 'deploy', arm: 'green', state: 'green had 0.9.0' },
  ],
})
const settings = () => ({
  router: { type: 'haproxy', host: '127.0.0.1', port: haproxy.port, backend: 'app' },
  arms: { baseline: 'blue', canary: 'green' },
})
const target = { service: 'shop', environment: 'production-eu', region: 'eu' }

/** A guard's job: without a checkout, without a job file. */
const guard = (runId = 1001): FakePorts => createFakePorts({ context: { runId } })
const runWhole = (ports: FakePorts, inputs: Record<string, string>): Promise<Outputs | Error> =>
  main(schema.parse({ mode: 'restore', ledger: `file:${folder}`, ...inputs }), ports).catch(
    (error: Error) => error,
  )
const run = (ports: FakePorts, inputs: Record<string, string>): Promise<Outputs | Error> =>
  runWhole(ports, { only: 'traffic', ...inputs })
/** A job that finds what the deploy job has uploaded: its restore point, and these states. */
const uploaded = async (...states: string[]): Promise<FakePorts> => {
  const ports = guard()
  const put = async (name: string, file: string, content: unknown): Promise<void> => {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, file), JSON.stringify(content))
    await ports.artifacts.upload(name, join(folder, name), [file])
  }
  await put(restorePointArtifact(record.id, record), 'restore-point.json', { record, settings: settings() })
  for (const state of states) await put(`state-${record.id}-${state}`, 'state.json', {})
  return ports
}
const writes = (): string[] => haproxy.commands.filter((command) => command.startsWith('set server'))
const state = async () => (await openLedger(`file:${folder}`, 'shop', guard()).find({}))[0]?.state

describe('traffic first', () => {
  it('is put back without rollout.yml, and the rest of the restore stays to be done', async () => {
    await openLedger(`file:${folder}`, 'shop', guard()).open(record, settings())
    expect(await run(guard(), target)).toMatchObject({
      outcome: 'traffic-restored',
      reason: 'canary: reads blue 100%, green 0%',
      transaction: record.id,
    })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(await state()).toBe('restoring')
  })

  it('writes nothing where this run opened nothing, or has closed it', async () => {
    expect(await run(guard(), target)).toMatchObject({ outcome: 'nothing-open' })
    const ledger = openLedger(`file:${folder}`, 'shop', guard())
    await ledger.open(record, settings())
    expect(await run(guard(1002), target)).toMatchObject({ outcome: 'nothing-open' })
    expect(await run(guard(), { ...target, region: 'us' })).toMatchObject({ outcome: 'nothing-open' })
    await ledger.mark(record, 'committed', '')
    expect(await run(guard(), target)).toMatchObject({
      outcome: 'nothing-open',
      reason: `${record.id} is committed: nothing is to be restored`,
    })
    expect(writes()).toEqual([])
  })

  it('is left alone where the job died before it could open what it had uploaded', async () => {
    const ports = await uploaded()
    const empty: GitHub = { request: () => Promise.resolve([] as never), list: () => Promise.resolve([]) }
    expect(await run({ ...ports, github: empty }, { ...target, ledger: 'github' })).toMatchObject({
      outcome: 'nothing-open',
      reason: `${record.id} was never opened: nothing is to be restored`,
    })
    expect(writes()).toEqual([])
  })

  describe('of a transaction that somebody has taken out of the ledger', () => {
    /** The ledger of GitHub, which has answered, holds that, and takes no mark of what it does not hold. */
    const holds = (...deployments: unknown[]): GitHub => ({
      request: (route: string) =>
        Promise.resolve(
          (route.endsWith('/deployments') ? deployments : { total_count: 0, artifacts: [] }) as never,
        ),
      list: () => Promise.resolve([]),
    })
    const github = { ...target, ledger: 'github' }

    it('is put back, and both steps of the guard say what has happened', async () => {
      const ports = { ...(await uploaded('open')), github: holds() }
      expect(await run(ports, github)).toMatchObject({ outcome: 'traffic-restored' })
      expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
      const said = expect.stringMatching(
        /^this run opened 1001-1-shop-eu-1, and the ledger does not hold it any more: somebody deleted its deployment, or moved it out of production-eu/,
      )
      const errors = () => ports.recorded.log.filter(({ level }) => level === 'error').map(({ line }) => line)
      expect(errors()).toEqual([said])

      haproxy.weights = { blue: 50, green: 50 }
      const restored = await runWhole(ports, github)
      expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
      expect(errors().slice(0, 2)).toEqual([said, said])
      expect(restored instanceof Error ? restored.message : restored.reason).toMatch(
        /^shop in eu is .*; its record was taken out of the ledger, so the ledger does not show this, and nothing holds the target/,
      )
    })

    it.each(['restored', 'superseded', 'resolved', 'unverified'])(
      'is left alone where the run has uploaded that it is %s',
      async (ended) => {
        const ports = { ...(await uploaded('open', ended)), github: holds() }
        expect(await run(ports, github)).toMatchObject({
          outcome: 'nothing-open',
          reason: `${record.id} is ${ended} by what its run uploaded: nothing is to be restored`,
        })
        expect(await runWhole(ports, github)).toMatchObject({ outcome: 'nothing-open' })
        expect(writes()).toEqual([])
      },
    )

    it.each<[string, Record<string, number>]>([
      ['shows it', { blue: 0, green: 100 }],
      ['shows a stranger, too', { blue: 0, green: 100, red: 1 }],
    ])('stays where the run has uploaded that it is committed, and the router %s', async (_, weights) => {
      haproxy.weights = weights
      const ports = { ...(await uploaded('open', 'committed')), github: holds() }
      for (const restore of [run, runWhole])
        expect(await restore(ports, github)).toMatchObject({ outcome: 'nothing-open' })
      expect(writes()).toEqual([])
    })

    it('is not asked for where the artifacts cannot be read: a target that is back needs none', async () => {
      const ports = { ...(await uploaded('open', 'restored')), github: holds() }
      ports.artifacts.list = () => Promise.reject(new ProviderError('410 expired', { provider: 'GitHub' }))
      expect(await runWhole(ports, github)).toMatchObject({ outcome: 'nothing-open' })
      expect(ports.recorded.log).toContainEqual({
        level: 'warning',
        line: expect.stringMatching(
          /^what this run has uploaded cannot be read, so whether the ledger holds all that it has opened is not known: .*410/,
        ),
      })
    })

    it('is left alone where another came after it', async () => {
      const ledger = openLedger(`file:${folder}`, 'shop', guard(1002))
      const later = transactionRecord({
        id: '1002-1-shop-eu-1',
        openedAt: '2026-11-21T11:00:00.000Z',
        run: { ...record.run, id: 1002 },
      })
      await ledger.open(later, settings())
      const files = openLedger(`file:${folder}`, 'shop', guard())
      const upload = { record, settings: settings(), states: ['open' as const] }
      const lost = { ...files, uploadedHere: () => Promise.resolve([upload]) }
      expect(await whyOver(lost, upload)).toBe(
        `${record.id} is not in the ledger any more, and ${later.id} came after it`,
      )
      expect(await lostRecord(lost, 'eu', guard())).toBeUndefined()
    })

    it('is not that of one which the ledger holds', async () => {
      const ledger = openLedger(`file:${folder}`, 'shop', guard())
      await ledger.open(record, settings())
      await ledger.mark(record, 'committed', '')
      const ports = guard()
      expect(await runWhole(ports, target)).toMatchObject({ outcome: 'nothing-open' })
      expect(ports.recorded.log.filter(({ level }) => level === 'error')).toEqual([])
      expect(writes()).toEqual([])
    })
  })

  it('of a transaction that is named is put back although it is committed, by another run', async () => {
    const ledger = openLedger(`file:${folder}`, 'shop', guard())
    await ledger.open(record, settings())
    await ledger.mark(record, 'committed', '')
    expect(await run(guard(1002), { ...target, to: record.id })).toMatchObject({
      outcome: 'traffic-restored',
    })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('needs names, since it has no rollout.yml to look them up in', async () => {
    expect((await run(guard(), { region: 'eu' })) as Error).toMatchObject({
      message: expect.stringMatching(/`service`: is missing[^]*`environment`: is missing/),
    })
  })

  it('says that it is not back when it is not', async () => {
    await openLedger(`file:${folder}`, 'shop', guard()).open(record, settings())
    haproxy.before = () => 'lie'
    expect(await run(guard(), target)).toMatchObject({
      message: expect.stringMatching(/^the traffic of 1001-1-shop-eu-1 is NOT back: canary: /),
    })
    expect(await state()).toBe('restoring')
  })

  describe('while GitHub does not answer', () => {
    const github = { ...target, ledger: 'github' }

    it('is put back from what the deploy job has uploaded', async () => {
      expect(await run(await uploaded(), github)).toMatchObject({ outcome: 'traffic-restored' })
      expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    })

    it('is put back when the artifacts can be had again', async () => {
      const ports = await uploaded()
      const { list } = ports.artifacts
      let asked = 0
      ports.artifacts.list = () =>
        ++asked < 5
          ? Promise.reject(new ProviderError('503', { provider: 'GitHub artifacts', retryable: true }))
          : list()
      expect(await run(ports, github)).toMatchObject({ outcome: 'traffic-restored' })
      expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    })

    it('stays where the commit was proven and the router still shows it', async () => {
      haproxy.weights = { blue: 0, green: 100 }
      const ports = await uploaded('committed')
      expect(await run(ports, github)).toMatchObject({
        outcome: 'nothing-open',
        reason: expect.stringContaining('was proven and its job ended before the ledger was told'),
      })
      expect(writes()).toEqual([])
    })

    it('is asked for again where the commit was proven and the router is away for a while', async () => {
      haproxy.weights = { blue: 0, green: 100 }
      const ports = await uploaded('committed')
      let asked = 0
      haproxy.before = () => {
        if (++asked <= 40) throw new Error('away')
        return undefined
      }
      expect(await run(ports, github)).toMatchObject({
        outcome: 'nothing-open',
        reason: expect.stringContaining('was proven and its job ended before the ledger was told'),
      })
      expect(writes()).toEqual([])
    })

    it('is put back where the commit was proven and the arm is dead by now', async () => {
      haproxy.weights = { blue: 0, green: 100 }
      haproxy.states = { green: 'down' }
      expect(await run(await uploaded('committed'), github)).toMatchObject({ outcome: 'traffic-restored' })
      expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    })

    it('is put back by REST while the service of the runner does not answer', async () => {
      const ports = await uploaded()
      const { list } = ports.artifacts
      ports.artifacts.list = (run) => (run === undefined ? Promise.reject(new Error('503')) : list())
      expect(await run(ports, github)).toMatchObject({ outcome: 'traffic-restored' })
    })

    it('is not called committed where nobody can read it, and people hear of it', async () => {
      haproxy.before = () => {
        throw new Error('away')
      }
      const failed = await run(await uploaded('committed'), github)
      expect(String(failed)).toContain(`the traffic of ${record.id} is NOT back`)
    })

    it('is put back where the commit was proven and the router shows something else', async () => {
      expect(await run(await uploaded('committed'), github)).toMatchObject({ outcome: 'traffic-restored' })
      expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    })

    it.each(['restored', 'superseded', 'resolved'])(
      'stays where the run has uploaded that it is %s',
      async (ended) => {
        expect(await run(await uploaded(ended), github)).toMatchObject({
          outcome: 'nothing-open',
          reason: `${record.id} is ${ended} by what its run uploaded: nothing is to be restored`,
        })
        expect(writes()).toEqual([])
      },
    )
  })
})
