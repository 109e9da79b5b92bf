import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { RehearsalResult } from '@deploy-actions/rehearsal'
import { runRehearsal } from './run-rehearsal'

/** A health proof on a busy machine has its room at this pace. */
const PACE = ['--speed', '30']
const LIMIT = 400_000

/** HAProxy's units round. */
const near = (points: number) => expect.closeTo(points, -2)

/** A busy machine that stands still for half a second loses some by itself; a share that goes nowhere loses a third of all. */
function expectHardlyAnyLost(shares: RehearsalResult['shares']): void {
  if (!shares) throw new Error('no router steered the shares')
  expect(shares.failedOutsideApp / shares.requests).toBeLessThan(0.05)
}

describe('regions that share the traffic', () => {
  it(
    'regional-share: what was drained comes back, and what a person changed meanwhile stays',
    async () => {
      const { result, region, summaries } = await runRehearsal(
        ...['--scenario', 'regional-share', '--regions', 'us-east,eu-west', ...PACE],
      )
      expect(result.notStruck).toEqual([])
      expect(region('us-east')).toMatchObject({ outcome: 'promoted', weights: { after: { green: 10_000 } } })
      expect(region('eu-west')).toMatchObject({
        outcome: 'restored',
        rolledBack: true,
        rollbackVerified: true,
        weights: { after: { blue: 10_000, green: 0 } },
      })

      // By the router's own reading, from step to step.
      const steady = { 'us-east': 3_400, 'eu-west': 3_300, 'apac-se': 3_300 }
      expect(result.shares?.held).toEqual([
        steady,
        { 'us-east': 1_000, 'eu-west': 4_500, 'apac-se': 4_500 },
        steady,
        // 23 % in the proportion 34:33
        { 'us-east': near(4_567), 'eu-west': near(1_000), 'apac-se': near(4_433) },
        // A person leaves apac-se 5 %: 95 % in the proportion 45.7:10.
        { 'us-east': near(7_750), 'eu-west': near(1_750), 'apac-se': near(500) },
        // 67 % in the proportion 77.5:5
        { 'us-east': near(6_294), 'eu-west': near(3_300), 'apac-se': near(406) },
      ])
      expect(result.shares?.after).toEqual(result.shares?.held.at(-1))
      expectHardlyAnyLost(result.shares)
      expect(summaries).toContain('eu-west has its share: us-east 62.')
    },
    LIMIT,
  )

  const IN_DEPLOY = 'region: eu-west, at-step: Deploy onto the canary arm'
  const IN_GATE = 'region: eu-west, at-step: Gate after the deploy'
  it.each([
    [
      'by the guard, whose runner knows nothing of the one that was lost',
      `{ ${IN_DEPLOY}, runner: lost }`,
      '',
    ],
    [
      'by an emergency rollback',
      `{ ${IN_GATE}, dispatch: emergency-rollback, inputs: { region: eu-west, reason: orders are lost } }`,
      '',
    ],
    ['by the sweeper, where no guard has run', `{ ${IN_GATE}, run: force-cancel }`, 'then: sweep'],
  ])(
    'a region that was drained to nothing gets its share back %s',
    async (_, fault, then) => {
      const scenario = join(await mkdtemp(join(tmpdir(), 'scenario-')), 'scenario.yml')
      await writeFile(
        scenario,
        `traffic: { rps: 10 }
set:
  traffic.regions: { router: { type: haproxy, port: 9990, backend: regions }, while-deploying: 0% }
  regions.0.share: 50%
  regions.1.share: 30%
  regions.2.share: 20%
faults: [${fault}]
${then}
`,
      )
      const { result, region } = await runRehearsal('--scenario', scenario, '--regions', 'eu-west', ...PACE)
      expect(result.notStruck).toEqual([])
      expect(region('eu-west').outcome).toBe('restored')
      const steady = { 'us-east': 5_000, 'eu-west': 3_000, 'apac-se': 2_000 }
      // 30 % in the proportion 5:2
      const drained = { 'us-east': near(7_143), 'eu-west': 0, 'apac-se': near(2_857) }
      expect(result.shares?.held).toEqual([steady, drained, steady])
      expectHardlyAnyLost(result.shares)
    },
    LIMIT,
  )
})
