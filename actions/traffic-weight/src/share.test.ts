import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from '@deploy-actions/traffic'
import { beginTransaction, findShare, lookAtRouter, NotOpen } from '@deploy-actions/transaction'
import { inputs as schema } from './inputs'
import { main } from './main'

let arms: FakeHaproxy
let regions: FakeHaproxy
let ports: FakePorts
beforeEach(async () => {
  arms = await startFakeHaproxy({ blue: 100, green: 0 })
  regions = await startFakeHaproxy({ us: 70, eu: 30 })
  ports = createFakePorts()
})
afterEach(() => Promise.all([arms.close(), regions.close()]))

const configured = ({ port }: FakeHaproxy) => routers.configure({ type: 'haproxy', port, backend: 'app' })
const ledger = () => openLedger(`file:${ports.context.temp}/ledger`, 'shop', ports)

/** What restore-point begin leaves in the job. */
async function begin({ share = true } = {}): Promise<string> {
  const plan = {
    ...{ region: 'eu', whileDeploying: 1_000, keepWithinZone: false },
    regions: [
      { name: 'us', share: 7_000, priority: 1 },
      { name: 'eu', share: 3_000, priority: 1 },
    ],
  }
  const { record } = await beginTransaction(
    {
      ...{ service: 'shop', region: 'eu', environment: 'production-eu', correlationId: 'shop-1-1' },
      ledgerSpec: `file:${ports.context.temp}/ledger`,
      ledger: ledger(),
      release: { version: '1.4.0', digest: `sha256:${'c'.repeat(64)}` },
      found: await lookAtRouter(await configured(arms), ['blue', 'green'], ports),
      share: async () => (share ? findShare(await configured(regions), plan, ports) : undefined),
    },
    ports,
  )
  return record.id
}
const run = (mode: string, transaction: string, more: Record<string, string> = {}) =>
  main(schema.parse({ mode, transaction, ...more }), ports)

describe('the share of a region', () => {
  it('is drained before its deploy and given back after it', async () => {
    const id = await begin()
    expect(await run('drain-share', id)).toMatchObject({
      outcome: 'changed',
      reason: 'eu is drained to 10% of the global traffic: us 70%, eu 30% became us 90%, eu 10%',
      before: { us: '70%', eu: '30%' },
      after: { us: '90%', eu: '10%' },
    })
    expect(regions.weights).toEqual({ us: 90, eu: 10 })
    expect(await run('return-share', id)).toMatchObject({
      outcome: 'changed',
      reason:
        'eu has its share back, which is 30% of the global traffic: us 90%, eu 10% became us 70%, eu 30%',
    })
    expect(regions.weights).toEqual({ us: 70, eu: 30 })
    expect(ports.recorded.summary.join('\n')).toContain('| eu | 10% | 30% | 30% |')
  })

  it('is left alone where it is small enough, and that is no change', async () => {
    regions.weights = { us: 95, eu: 5 }
    const id = await begin()
    for (const mode of ['drain-share', 'return-share'])
      expect(await run(mode, id)).toMatchObject({ outcome: 'unchanged', changed: false })
    expect(regions.commands.filter((command) => command.startsWith('set'))).toEqual([])
  })

  it('is only told of in a dry run', async () => {
    const id = await begin()
    expect(await run('drain-share', id, { 'dry-run': 'true' })).toMatchObject({
      outcome: 'would-change',
      reason: expect.stringMatching(/^would drain the share of eu: the router holds us 70%, eu 30%/),
    })
    expect(regions.weights).toEqual({ us: 70, eu: 30 })
  })

  it('is not moved once somebody has taken the transaction over', async () => {
    const id = await begin()
    await ledger().mark({ id, environment: 'production-eu' }, 'restoring', 'an emergency')
    await expect(run('drain-share', id)).rejects.toThrow(NotOpen)
    expect(regions.weights).toEqual({ us: 70, eu: 30 })
  })

  it.each(['drain-share', 'return-share'])(
    'is not moved by a step that stood still while another saw to the target: %s',
    async (mode) => {
      const id = await begin()
      if (mode === 'return-share') await run('drain-share', id)
      const held = { ...regions.weights }
      let looks = 0
      regions.hold = async (line, when) => {
        if (when === 'after' || !line.startsWith('show servers') || ++looks > 1) return
        ports.clock.advance(3_600_000)
        for (const state of ['restoring', 'restored'] as const)
          await ledger().mark({ id, environment: 'production-eu' }, state, 'the guard')
      }
      await expect(run(mode, id)).rejects.toThrow(NotOpen)
      expect(regions.weights).toEqual(held)
    },
  )

  it('is not drained where somebody has moved it since the transaction began', async () => {
    const id = await begin()
    regions.weights = { us: 40, eu: 60 }
    await expect(run('drain-share', id)).rejects.toThrow(
      /^eu had 30% of the global traffic when this began, and somebody has moved that/,
    )
    expect(regions.weights).toEqual({ us: 40, eu: 60 })
  })

  it('is moved within a transaction that has one, and not otherwise', async () => {
    const withoutShare = run('drain-share', await begin({ share: false }))
    await expect(withoutShare).rejects.toThrow(InputError)
    await expect(withoutShare).rejects.toThrow(
      /has no share to move: rollout.yml had no traffic.regions when it was begun/,
    )
    await expect(main(schema.parse({ mode: 'return-share' }), ports)).rejects.toThrow(
      /is missing; `mode: return-share` moves the share of the transaction that restore-point begin has opened/,
    )
  })
})
