import { describe, expect, it } from '@jest/globals'
import { dueTargets } from './due-targets'
import type { LatestStatus } from './latest-statuses'
import { describeOldArm, oldArmBy, readOldArm, type OldArmPhase } from './old-arm'

const NOW = new Date('2026-11-20T12:00:00Z')
const HOUR_MS = 3_600_000
const hoursAgo = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR_MS)

describe('what is said of an old arm', () => {
  it.each<OldArmPhase>(['begun', 'done', 'failed', 'left'])('is read as it was written: %s', (phase) => {
    const word = { phase, arm: 'blue-2', attempt: 2, why: 'no rights: blue, try 3' }
    expect(readOldArm(describeOldArm(word, 140))).toEqual(word)
  })

  it('is cut to what a ledger keeps, and nothing else is read as such', () => {
    const text = describeOldArm({ phase: 'failed', arm: 'blue', attempt: 1, why: 'x'.repeat(200) }, 140)
    expect(text).toHaveLength(140)
    expect(readOldArm(text)).toMatchObject({ phase: 'failed', attempt: 1 })
    for (const other of ['committed: all on green', 'decommissioned', 'decommissioned: blue, try 0', ''])
      expect(readOldArm(other)).toBeUndefined()
  })

  it('comes to nothing where the try was not made, and to what was before', () => {
    const word = (phase: OldArmPhase, attempt: number, hour: number) => ({
      ...{ phase, arm: 'blue', attempt, why: undefined, run: 7 },
      saidAt: hoursAgo(hour).toISOString(),
    })
    expect(oldArmBy([word('begun', 1, 5), word('left', 1, 5)])).toBeUndefined()
    const failed = [word('begun', 1, 5), word('failed', 1, 4)]
    expect(oldArmBy([...failed, word('begun', 2, 3), word('left', 2, 3)])).toMatchObject({
      ...{ phase: 'failed', attempt: 1, since: hoursAgo(5).toISOString() },
    })
    expect(oldArmBy([...failed, word('begun', 2, 3), word('done', 2, 2)])).toMatchObject({
      ...{ phase: 'done', attempt: 2, since: hoursAgo(5).toISOString(), saidAt: hoursAgo(2).toISOString() },
    })
  })

  it('is said once by each run, of what it has begun itself: who posts it again changes nothing', () => {
    const word = (phase: OldArmPhase, run: number, hour: number, attempt = 1) => ({
      ...{ phase, arm: 'blue', attempt, why: undefined, run },
      saidAt: hoursAgo(hour).toISOString(),
    })
    const left = [word('begun', 7, 9), word('left', 7, 9)]
    expect(oldArmBy([...left, word('begun', 7, 1)])).toBeUndefined()
    const gone = [...left, word('begun', 8, 5), word('done', 8, 4)]
    for (const again of [word('left', 7, 1), word('begun', 7, 1), word('begun', 8, 1), word('failed', 8, 1)])
      expect(oldArmBy([...gone, again])).toMatchObject({ phase: 'done', run: 8 })
    // Uploaded by a run that died before it could say it.
    expect(oldArmBy([word('begun', 7, 9), ...gone.slice(2), word('left', 7, 1)])).toMatchObject({
      ...{ phase: 'done', run: 8 },
    })
    expect(oldArmBy([...gone, word('left', 9, 1)])).toMatchObject({ phase: 'done', run: 8 })
  })

  it('by two at once is of the one that has not left', () => {
    const word = (phase: OldArmPhase, run: number) => ({
      ...{ phase, arm: 'blue', attempt: 1, why: undefined, run, saidAt: hoursAgo(1).toISOString() },
    })
    const both = [word('begun', 7), word('begun', 8), word('left', 7)]
    expect(oldArmBy(both)).toMatchObject({ phase: 'begun', run: 8 })
    expect(oldArmBy([...both, word('left', 8)])).toBeUndefined()
  })
})

describe('targets whose old arm is due', () => {
  const payload = JSON.stringify({ keepOldMs: 24 * HOUR_MS })
  const status = (said: string | null, hours: number, change: Partial<LatestStatus> = {}): LatestStatus => ({
    ...{ service: 'shop', environment: 'eu', createdAt: hoursAgo(hours), payload },
    ...{ said, saidAt: hoursAgo(hours) },
    ...change,
  })
  const due = (...found: LatestStatus[]) => dueTargets(found, NOW).map(({ environment }) => environment)

  it.each<[string | null, number, boolean]>([
    ['committed: all on green', 24, true],
    ['committed: all on green', 23.9, false],
    ['open', 30, false],
    ['restored', 30, false],
    ['somebody was here', 30, true],
    ['', 23.9, false],
    ['decommission-left: blue, try 1: bound', 0, true],
    ['decommission-failed: blue, try 2: exit code 3', 0, true],
    ['decommission-failed: blue, try 3: exit code 3', 9, false],
    ['decommissioning: blue, try 1', 1, false],
    ['decommissioning: blue, try 1', 1.1, true],
    ['decommissioning: blue, try 3', 9, false],
    ['decommissioned: blue, try 1', 9, false],
  ])('by their last status %j of %d hours ago: %s', (said, hours, isDue) => {
    expect(due(status(said, hours))).toEqual(isDue ? ['eu'] : [])
  })

  it('are not those of which nothing was ever said', () => {
    const { saidAt: _, ...unsaid } = status(null, 30)
    expect(dueTargets([unsaid], NOW)).toEqual([])
  })

  it('are told by their newest transaction that did not step back, where it is', () => {
    const old = status('committed: x', 30)
    expect(due(status('open', 1), old)).toEqual([])
    expect(due(status('superseded: by x', 1), old)).toEqual(['eu'])
    expect(due({ ...old, movedTo: 'elsewhere' })).toEqual([])
  })

  it.each([[null], ['{}'], ['no JSON'], [JSON.stringify({ keepOldMs: 'long' })]])(
    'have a record that says how long it stays, not %j',
    (payload) => expect(due(status('committed: x', 30, { payload }))).toEqual([]),
  )

  it('are found though GitHub gives the payload as text of a text', () => {
    expect(due(status('committed: x', 30, { payload: JSON.stringify(payload) }))).toEqual(['eu'])
  })
})
