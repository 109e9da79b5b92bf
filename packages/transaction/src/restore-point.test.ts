import { describe, expect, it } from '@jest/globals'
import {
  armsOf,
  describePoint,
  isTrafficOnly,
  restorePoint,
  restorePointsOf,
  unreadableKindsOf,
  weightsFound,
} from './restore-point'
import { transactionRecord } from './transaction.fixture'

describe('a restore point', () => {
  const script = { kind: 'script', name: 'deploy', arm: 'green' }

  it('holds at most 1 KiB of script state, in bytes', () => {
    const state = (text: string) => restorePoint().safeParse({ ...script, state: text }).success
    expect([
      state('x'.repeat(1024)),
      state('x'.repeat(1025)),
      state('é'.repeat(512)),
      state('é'.repeat(513)),
    ]).toEqual([true, false, true, false])
  })

  it('holds no command', () => {
    expect(restorePoint().safeParse({ ...script, state: '', run: 'rm' }).success).toBe(false)
  })

  it('is described by what it is, its name, and how it was found', () => {
    expect(
      restorePointsOf({
        restore: [...transactionRecord().restore, { ...script, state: '1.3.0' }],
      }).map(describePoint),
    ).toEqual([
      ['traffic', 'canary', 'blue 100%, green 0%'],
      ['script', 'deploy on green', '1.3.0'],
    ])
    const long = { ...script, state: 'x'.repeat(1024) }
    expect(restorePointsOf({ restore: [long] }).map(describePoint)).toEqual([
      ['script', 'deploy on green', 'x'.repeat(200)],
    ])
  })
})

describe('a record', () => {
  it('with a kind that this version does not know still tells the others', () => {
    const restore = [...transactionRecord().restore, { kind: 'teapot' }, { kind: 'script', name: 'deploy' }]
    const record = transactionRecord({ restore })
    expect(restorePointsOf(record)).toEqual(transactionRecord().restore)
    expect(unreadableKindsOf(record)).toEqual(['teapot', 'script'])
    expect(weightsFound(record)).toEqual({ blue: 10_000, green: 0 })
    expect(isTrafficOnly(record)).toBe(false)
    expect(isTrafficOnly(transactionRecord())).toBe(true)
  })

  it('tells the weights that were found, and which arm is which by them', () => {
    const restore = [{ kind: 'traffic', router: 'canary', weights: { blue: 0, green: 10_000 } }]
    expect(weightsFound(transactionRecord({ restore }))).toEqual({ blue: 0, green: 10_000 })
    expect(armsOf(transactionRecord({ restore }))).toEqual({ baseline: 'green', canary: 'blue' })
    expect(weightsFound(transactionRecord({ restore: [] }))).toBeUndefined()
    expect(armsOf(transactionRecord({ restore: [] }))).toBeUndefined()
  })
})
