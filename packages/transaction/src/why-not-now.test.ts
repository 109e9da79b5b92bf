import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openLedger } from '@deploy-actions/ledger'
import { createFakeClock, createFakePorts } from '@deploy-actions/testing'
import { ANY_TIME, whyNotNow, type Beginning } from './why-not-now'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'why-not-now-'))
})
afterEach(() => rm(folder, { recursive: true }))

const HOUR_MS = 3_600_000
/** Two to six in the night, in UTC. */
const night = { rrule: 'FREQ=DAILY;BYHOUR=2', duration: 4 * HOUR_MS, timezone: 'UTC' }
const NIGHTLY: Beginning['windows'] = { allow: [night], freeze: [], cover: 'start' }

async function ask(now: string, change: Partial<Beginning> = {}) {
  const ports = createFakePorts({ clock: createFakeClock(now) })
  const ledger = openLedger(`file:${folder}`, 'shop', ports)
  const beginning = { environment: 'production', windows: NIGHTLY, needMs: 2 * HOUR_MS, ...change }
  return { why: await whyNotNow(ledger, beginning, ports), ports }
}

describe('what is about to begin', () => {
  it('may at any time without windows', async () => {
    const { why, ports } = await ask('2026-11-20T12:00:00Z', { windows: ANY_TIME })
    expect(why).toBeUndefined()
    expect(ports.recorded).toMatchObject({ log: [], facts: {} })
  })

  it('has to begin in a window, however long it takes, or to lie in it, where that is asked for', async () => {
    const late = '2026-11-20T05:00:00Z'
    expect((await ask(late)).why).toBeUndefined()
    const cover: Beginning['windows'] = { ...NIGHTLY, cover: 'rollout' }
    expect((await ask(late, { windows: cover })).why).toMatch(/^production: it may take 2h, and its window/)
    expect((await ask(late, { windows: cover, needMs: HOUR_MS })).why).toBeUndefined()
  })

  it('may all the same for a reason, which is told and kept', async () => {
    const { why, ports } = await ask('2026-11-20T12:00:00Z', { override: 'orders are lost' })
    expect(why).toBeUndefined()
    const closed = expect.stringMatching(/^production: its windows are closed /)
    expect(ports.recorded.facts).toEqual({
      'windowOverridden production': { why: closed, reason: 'orders are lost' },
    })
    expect(ports.recorded.log).toEqual([
      { level: 'warning', line: expect.stringMatching(/It begins all the same: orders are lost$/) },
    ])
    expect((await ask('2026-11-20T12:00:00Z')).why).toMatch(
      /^production: its windows .* at 2026-11-21T02:00:00Z\. Where it has to begin all the same, say why in `override-window`$/,
    )
  })

  it('may not where nobody can tell, and all the same for a reason', async () => {
    const ports = createFakePorts({ clock: createFakeClock('2026-11-20T12:00:00Z') })
    const ledger = {
      ...openLedger(`file:${folder}`, 'shop', ports),
      freezes: () => Promise.reject(new Error('GitHub is away')),
    }
    const beginning = { environment: 'production', windows: ANY_TIME, needMs: 0 }
    expect(await whyNotNow(ledger, beginning, ports)).toMatch(
      /^production: whether it may begin now cannot be told: GitHub is away\. Where it has to/,
    )
    expect(await whyNotNow(ledger, { ...beginning, override: 'x' }, ports)).toBeUndefined()
  })

  it('opens after a freeze of the ledger and in a window, when both have it so', async () => {
    const ports = createFakePorts({ clock: createFakeClock('2026-11-20T03:00:00Z') })
    const ledger = openLedger(`file:${folder}`, 'shop', ports)
    const freeze = { from: ports.clock.now(), until: new Date('2026-11-22T12:00:00Z'), reason: 'INC-1' }
    await ledger.freeze({ ...freeze, environment: 'production' }, 'production')
    expect(
      await whyNotNow(ledger, { environment: 'production', windows: NIGHTLY, needMs: 0 }, ports),
    ).toMatch(/nothing begins until 2026-11-22T12:00:00Z \(INC-1\); it opens next at 2026-11-23T02:00:00Z\./)
  })
})
