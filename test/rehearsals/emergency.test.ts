import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runRehearsal, type Rehearsed } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const NEW = { blue: 0, green: 10_000 }
const LIMIT = 400_000
/** A run of one region, at a pace that leaves the real times of a restore their room. */
const EU = ['--regions', 'eu-west', '--speed', '30']
/** What is ours may take from the word of a person until the traffic is verified. */
const OURS_MS = 5_000
/** No arm is bad: the clients see next to nothing. */
const CLIENTS_SEE = 3

const region = 'eu-west'
const asked = (more: Record<string, unknown>) => ({
  ...{ region, dispatch: 'emergency-rollback', inputs: { region, reason: 'orders are lost' } },
  ...more,
})
async function scenario(content: unknown): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'scenario-')), 'scenario.yml')
  await writeFile(file, JSON.stringify(content))
  return file
}

/** The region is where it was, at once, and whoever asked is told so first. */
function expectSafe({ result, region: regionOf }: Rehearsed, safe: readonly string[] = [region]): void {
  expect(result.notStruck).toEqual([])
  const [emergency] = result.emergencies
  expect(emergency?.conclusion).toBe('success')
  expect(Object.keys(emergency?.safeMs ?? {}).sort()).toEqual([...safe].sort())
  for (const name of safe) {
    expect(emergency?.safeMs[name]).toBeLessThan(OURS_MS)
    expect(regionOf(name)).toMatchObject({ weights: { after: OLD }, serving: OLD, rollbackVerified: true })
    expect(regionOf(name).failingSeconds).toBeLessThanOrEqual(CLIENTS_SEE)
  }
  const [, first = ''] = /^\*\*(.*)\*\*$/m.exec(emergency?.report ?? '') ?? []
  expect(first).toMatch(new RegExp(`^Safe now, by the routers' own reading: .*${safe[0]} \\(blue 100%`))
  expect(result.evidence.complete).toBe(true)
}

describe('a person takes a release back', () => {
  it.each(['10%', '25%', '50%', '75%', '100%'])(
    'while it is at %s: the traffic at once, the run is cancelled, and its workload is back once',
    async (stage) => {
      const rehearsed = await runRehearsal(
        '--scenario',
        await scenario({ faults: [asked({ 'at-stage': stage })] }),
        ...EU,
      )
      expectSafe(rehearsed)
      expect(rehearsed.result.conclusion).toBe('cancelled')
      const { marks, outcome } = rehearsed.region(region)
      expect(outcome).toBe('restored')
      expect(marks.filter((mark) => mark === 'restored')).toHaveLength(1)
    },
    LIMIT,
  )

  it(
    'with a rollout.yml on the default branch that nobody can read any more',
    async () => {
      const broken = asked({ 'at-stage': '25%', 'rollout-yml': 'broken' })
      const rehearsed = await runRehearsal('--scenario', await scenario({ faults: [broken] }), ...EU)
      expectSafe(rehearsed)
      expect(rehearsed.region(region).outcome).toBe('restored')
    },
    LIMIT,
  )

  it(
    'hours after it was promoted, in all its regions',
    async () => {
      const after = await scenario({
        regret: { after: '20m', inputs: { region: 'all', reason: 'orders are lost' } },
      })
      const rehearsed = await runRehearsal(
        '--scenario',
        after,
        '--regions',
        'us-east,eu-west',
        '--speed',
        '30',
      )
      expectSafe(rehearsed, ['us-east', 'eu-west'])
      expect(rehearsed.exitCode).toBe(0)
      expect(rehearsed.region('apac-se')).toMatchObject({ outcome: 'not-started', weights: { after: OLD } })
    },
    LIMIT,
  )

  it(
    'staged: in steps, two hours after it was promoted',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'staged', '--regions', region)
      const { result, region: regionOf, exitCode } = rehearsed
      expect([exitCode, result.notStruck]).toEqual([0, []])
      const [emergency] = result.emergencies
      expect(emergency?.conclusion).toBe('success')
      const { held, marks, ...back } = regionOf(region)
      expect(back).toMatchObject({ outcome: 'restored', weights: { after: OLD }, rollbackVerified: true })
      expect(held.map(({ green }) => green).slice(-4)).toEqual([10_000, 7_500, 5_000, 0])
      expect(marks.at(-1)).toBe('restored')
      expect(back.failingSeconds).toBeLessThanOrEqual(CLIENTS_SEE)
      expect(emergency?.report).toMatch(
        /^\*\*Safe now, by the routers' own reading: eu-west \(blue 100%, green 0%, read at .*; stepped back to 75% at .*, 50% at .*\)\.\*\*$/m,
      )
      expect(result.evidence.complete).toBe(true)
    },
    LIMIT,
  )

  it(
    'in a kept world, from what the rollout before has uploaded, in steps and then once more',
    async () => {
      const world = await mkdtemp(join(tmpdir(), 'world-'))
      const brief = await scenario({
        set: {
          'rollback.staged': [{ weight: '60%', watch: '1m' }, { weight: '0%' }],
          'canary.stages': [
            { weight: '50%', watch: '1m' },
            { weight: '100%', watch: '1m' },
          ],
        },
      })
      const first = await runRehearsal('--world', world, '--scenario', brief, ...EU)
      expect(first.region(region)).toMatchObject({ outcome: 'promoted', weights: { after: NEW } })
      const takeBack = (...more: string[]) =>
        runRehearsal(
          ...['--world', world, '--emergency', 'previous', '--reason', 'orders are lost'],
          ...['--speed', '30', ...more],
        )
      const second = await takeBack('--staged')
      expect([second.exitCode, second.result.conclusion, second.result.emergencies.length]).toEqual([
        ...[0, 'success', 1],
      ])
      const back = second.region(region)
      expect(back).toMatchObject({
        ...{ outcome: 'restored', rollbackVerified: true },
        weights: { before: NEW, after: OLD },
      })
      expect(back.held.map(({ green }) => green)).toEqual([10_000, 6_000, 0])
      expect([back.marks[1], back.marks.at(-1)]).toEqual(['committed', 'restored'])
      expect(second.region('us-east')).toMatchObject({ outcome: 'not-started', commands: [] })
      expect(second.result.emergencies[0]?.report).toMatch(
        /^\*\*Safe now, .*eu-west .*; stepped back to 60% at/m,
      )

      // Pressed again it reads the router, and writes nothing.
      const third = await takeBack('--regions', region)
      expect(third.exitCode).toBe(0)
      expect(third.region(region)).toMatchObject({ outcome: 'restored', commands: [] })
      expect(third.region(region).weights).toEqual({ before: OLD, after: OLD })
    },
    LIMIT,
  )

  it(
    'emergency-beside: while the next rollout waits for its approval, which goes on afterwards',
    async () => {
      const {
        exitCode,
        result,
        region: regionOf,
      } = await runRehearsal('--scenario', 'emergency-beside', ...EU)
      expect([exitCode, result.notStruck]).toEqual([0, []])
      const [emergency] = result.emergencies
      expect(emergency?.conclusion).toBe('success')
      expect(emergency?.safeMs[region]).toBeLessThan(OURS_MS)
      // What was taken back is the first one; the next is promoted over what served before it.
      expect(regionOf(region)).toMatchObject({ outcome: 'promoted', weights: { after: NEW } })
    },
    LIMIT,
  )

  it(
    'while a guard has begun and the router is silent: it is put back when that answers',
    async () => {
      const faults = [
        { region, runner: 'lost', 'at-stage': '50%' },
        { region, router: 'refuse', 'at-job': 'guard', for: '2m' },
        asked({ 'at-job': 'guard' }),
      ]
      const { result, region: regionOf } = await runRehearsal('--scenario', await scenario({ faults }), ...EU)
      expect(result.notStruck).toEqual([])
      expect(result.emergencies[0]?.conclusion).toBe('success')
      expect(regionOf(region)).toMatchObject({
        outcome: 'restored',
        weights: { after: OLD },
        rollbackVerified: true,
      })
    },
    LIMIT,
  )
})
