import { describe, expect, it } from '@jest/globals'
import { runRehearsal, type Rehearsed } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const LIMIT = 400_000

/** Nothing was begun anywhere. */
function expectUntouched({ result }: Rehearsed): void {
  expect(result.conclusion).toBe('failure')
  for (const region of result.regions)
    expect(region).toMatchObject({ outcome: 'not-started', weights: { after: OLD }, commands: [], marks: [] })
}

describe('what keeps a rollout from beginning', () => {
  it(
    'window-closed: the plan says when it opens, and nothing is touched',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'window-closed')
      expectUntouched(rehearsed)
      expect(rehearsed.output).toMatch(
        /production-us-east: nothing begins until 3000-01-01T00:00:00Z \(a scenario\); it does not open within a year/,
      )
    },
    LIMIT,
  )

  it(
    'parallel-not-earned: the plan says what is still to be shown',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'parallel-not-earned')
      expectUntouched(rehearsed)
      expect(rehearsed.output).toMatch(
        /parallel is not earned yet: 0 of 3 releases came to all regions by order: delayed within 90d/,
      )
    },
    LIMIT,
  )

  it(
    'taken-back-digest: what a person has taken back is refused, and the service frozen for others',
    async () => {
      const rehearsed = await runRehearsal(
        ...['--scenario', 'taken-back-digest', '--regions', 'eu-west', '--speed', '30'],
      )
      const { result, region } = rehearsed
      expect([result.conclusion, result.notStruck]).toEqual(['failure', []])
      expect(result.emergencies).toMatchObject([{ conclusion: 'success' }])
      expect(region('eu-west')).toMatchObject({ outcome: 'restored', weights: { after: OLD } })
      expect(rehearsed.output).toMatch(
        /1\.1\.0 was taken back by on-call: checkout fails \(in eu-west, transaction/,
      )
      expect(rehearsed.output).toMatch(
        /production-eu-west: nothing begins until \S+Z \(taken back by on-call: /,
      )
    },
    LIMIT,
  )
})

describe('regions that are rolled out at once', () => {
  it(
    'parallel-one-bad: one is put back, and the others are promoted',
    async () => {
      const { result, region } = await runRehearsal('--scenario', 'parallel-one-bad', '--speed', '15')
      expect(result.conclusion).toBe('failure')
      expect(region('eu-west')).toMatchObject({
        ...{ outcome: 'restored', weights: { after: OLD }, rollbackVerified: true },
      })
      for (const name of ['us-east', 'apac-se']) expect(region(name).outcome).toBe('promoted')
    },
    LIMIT,
  )
})
