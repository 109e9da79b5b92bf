import { describe, expect, it } from '@jest/globals'
import { runRehearsal } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const NEW = { blue: 0, green: 10_000 }
const LIMIT = 300_000
/** A run of one region, at a pace that leaves the real times of a restore their room. */
const EU = ['--regions', 'eu-west', '--speed', '30']
/** In these no arm is bad: the clients see next to nothing. */
const CLIENTS_SEE = 3

describe('a bad day of GitHub', () => {
  it(
    'github-down: a stage rides it out under watch, and the guard puts the traffic back when it is over',
    async () => {
      const { result, region, output } = await runRehearsal('--scenario', 'github-down', ...EU)
      expect(result.notStruck).toEqual([])
      expect(region('eu-west')).toMatchObject({
        outcome: 'restored',
        weights: { after: OLD },
        rollbackVerified: true,
        marks: ['open', 'restoring', 'restored'],
      })
      expect(output).toContain('the stage has passed and is watched on: the ledger does not answer yet')
      expect(output).toContain('eu-west: blue 25%, green 75%')
      expect(region('eu-west').failingSeconds).toBeLessThanOrEqual(CLIENTS_SEE)
    },
    LIMIT,
  )

  it(
    'quota-gone: a healthy release waits for the calls to come back, and is promoted',
    async () => {
      const { exitCode, result, region } = await runRehearsal('--scenario', 'quota-gone', ...EU)
      expect([exitCode, result.notStruck]).toEqual([0, []])
      expect(region('eu-west')).toMatchObject({
        outcome: 'promoted',
        weights: { after: NEW },
        marks: ['open', 'committed'],
      })
      // Twenty minutes of it, watched all the time.
      const waited = region('eu-west').stages.find(({ weight }) => weight === 2500)
      expect(waited?.durationMs).toBeGreaterThan(15 * 60_000)
      expect(region('eu-west').failingSeconds).toBeLessThanOrEqual(CLIENTS_SEE)
    },
    LIMIT,
  )
})

describe('runs beside and after one another', () => {
  it(
    'two-services: two rollouts of one run do not get in the way of each other',
    async () => {
      const { exitCode, result, region } = await runRehearsal('--scenario', 'two-services', '--speed', '30')
      expect(exitCode).toBe(0)
      for (const name of ['us-east', 'eu-west', 'apac-se'])
        expect(region(name)).toMatchObject({ outcome: 'promoted', weights: { after: NEW } })
      expect(result.evidence.complete).toBe(true)
      expect(result.told.filter((event) => event === 'completed')).toHaveLength(2)
    },
    2 * LIMIT,
  )

  it(
    'back-from-the-dead: a runner that comes back leaves the next release alone',
    async () => {
      const { exitCode, result, region, output } = await runRehearsal(
        '--scenario',
        'back-from-the-dead',
        ...EU,
      )
      expect([exitCode, result.notStruck]).toEqual([0, []])
      expect(output).toContain('the guard ended as: restored')
      expect(region('eu-west')).toMatchObject({
        outcome: 'promoted',
        weights: { after: NEW },
        serving: NEW,
        marks: ['open', 'committed'],
      })
      // The last command is the next release's: all on green.
      expect(region('eu-west').commands.slice(-2)).toEqual([
        'set server app/green weight 100',
        'set server app/blue weight 0',
      ])
      expect(result.told.filter((event) => event === 'promoted eu-west')).toHaveLength(1)
      // The target is fine: nobody is called for the runner that came too late.
      expect(result.told).not.toContain('restore-failed eu-west')
      expect(region('eu-west').failingSeconds).toBeLessThanOrEqual(CLIENTS_SEE)
    },
    LIMIT,
  )

  it(
    'force-cancel-and-re-run: what was left split is put back first, then it starts over',
    async () => {
      const { exitCode, result, region } = await runRehearsal('--scenario', 'force-cancel-and-re-run', ...EU)
      expect([exitCode, result.notStruck]).toEqual([0, []])
      expect(region('eu-west')).toMatchObject({
        outcome: 'promoted',
        weights: { after: NEW },
        marks: ['open', 'restoring', 'restored', 'open', 'committed'],
      })
      expect(region('eu-west').failingSeconds).toBeLessThanOrEqual(CLIENTS_SEE)
    },
    LIMIT,
  )
})
