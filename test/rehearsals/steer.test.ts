import { describe, expect, it } from '@jest/globals'
import { runRehearsal, type Rehearsed } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const NEW = { blue: 0, green: 10_000 }
const LIMIT = 400_000
/** Longer than the five minutes that the stage is watched at least. */
const MINUTE_MS = 60_000

/** In one region, at a pace at which what a person says is heard while its stage is watched. */
const rehearse = (scenario: string, speed = '30'): Promise<Rehearsed> =>
  runRehearsal('--scenario', scenario, '--regions', 'eu-west', '--speed', speed)

/** All was said that was to be said, and the region is where it was. */
function expectRestored({ result, region }: Rehearsed, steers: string[]): void {
  expect([result.conclusion, result.notStruck, result.steers]).toEqual(['failure', [], steers])
  expect(region('eu-west')).toMatchObject({
    ...{ outcome: 'restored', weights: { before: OLD, after: OLD }, rollbackVerified: true },
  })
  expect(result.evidence.complete).toBe(true)
}

function expectPromoted({ result, region }: Rehearsed, steers: string[]): void {
  expect([result.conclusion, result.notStruck, result.steers]).toEqual(['success', [], steers])
  expect(region('eu-west')).toMatchObject({ outcome: 'promoted', weights: { after: NEW } })
  expect(result.evidence.complete).toBe(true)
}

describe('a person in the middle of a rollout', () => {
  it(
    'hold: it waits at its stage, watched, and goes on when it is released',
    async () => {
      const rehearsed = await rehearse('hold')
      expectPromoted(rehearsed, ['success', 'success'])
      const [held, ...others] = rehearsed.region('eu-west').stages
      expect(held?.durationMs).toBeGreaterThan(9 * MINUTE_MS)
      expect(others.map(({ weight }) => weight)).toEqual([5000, 10_000])
      expect(rehearsed.result.told).toContain('approval-needed eu-west')
      expect(rehearsed.output).toMatch(/25% has passed: held by on-call: a scenario, until .* at most/)
    },
    LIMIT,
  )

  it(
    'hold-forgotten: half an hour before the job must end it is put back',
    async () => {
      const rehearsed = await rehearse('hold-forgotten', '120')
      expectRestored(rehearsed, ['success'])
      const { stages } = rehearsed.region('eu-west')
      expect(stages.at(-1)).toMatchObject({ weight: 2500, verdict: 'inconclusive' })
      expect(stages.at(-1)?.reason).toMatch(/^held by on-call: a scenario, and nothing was said until/)
    },
    LIMIT,
  )

  it(
    'confirm: it waits for the yes to its stage',
    async () => {
      const rehearsed = await rehearse('confirm')
      expectPromoted(rehearsed, ['success'])
      expect(rehearsed.region('eu-west').stages[0]?.durationMs).toBeGreaterThan(7 * MINUTE_MS)
    },
    LIMIT,
  )

  it(
    'confirm-missed: without one it is restored',
    async () => {
      const rehearsed = await rehearse('confirm-missed', '60')
      expectRestored(rehearsed, [])
      expect(rehearsed.region('eu-west').stages.at(-1)?.reason).toMatch(
        /^it waits for a yes, and nothing was said until/,
      )
    },
    LIMIT,
  )

  it(
    'hotfix: to all of the traffic at once, by a run that a reviewer let in, and said in the evidence',
    async () => {
      const rehearsed = await rehearse('hotfix')
      expectPromoted(rehearsed, ['success'])
      const { stages } = rehearsed.region('eu-west')
      expect(stages.map(({ weight }) => weight)).toEqual([2500, 10_000])
      expect(stages[0]?.reason).toMatch(/^skipped to 100% by on-call: a scenario; until then: /)
      expect(rehearsed.summaries).toContain('skipped to 100% by on-call')
    },
    LIMIT,
  )

  it(
    'abort: it is put back as if it had failed',
    async () => {
      const rehearsed = await rehearse('abort')
      expectRestored(rehearsed, ['success'])
      expect(rehearsed.region('eu-west').stages.at(-1)).toMatchObject({
        ...{ verdict: 'fail', reason: 'aborted by on-call: a scenario' },
      })
    },
    LIMIT,
  )
})

describe('a stage that fails', () => {
  it(
    'step-back: is watched with less traffic first, and restored then',
    async () => {
      const rehearsed = await rehearse('step-back')
      expectRestored(rehearsed, [])
      const { stages } = rehearsed.region('eu-west')
      expect(stages.map(({ weight }) => weight)).toEqual([2500, 1000])
      expect(stages[0]).toMatchObject({ verdict: 'fail' })
      expect(rehearsed.region('eu-west').commands).toContain('set server app/green weight 10')
    },
    LIMIT,
  )
})
