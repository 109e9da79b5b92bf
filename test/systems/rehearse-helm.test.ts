/**
 * Whole rollouts of the examples on Kubernetes: three namespaces of a real API server, by the shipped workflows and
 * actions. Drawn as other rehearsals are, by REHEARSALS.
 * @jest-environment <rootDir>/test/rehearsals/drawn.mjs
 */
import { expect, it } from '@jest/globals'
import type { RegionResult } from '@deploy-actions/rehearsal'
import { runRehearsal } from '../rehearsals/run-rehearsal'

const LIMIT_MS = 400_000
const rehearse = (example: string, scenario: string) =>
  runRehearsal('--example', example, '--scenario', scenario)

const allOn = (arm: 'blue' | 'green') => ({
  blue: arm === 'blue' ? 10_000 : 0,
  green: arm === 'green' ? 10_000 : 0,
})
const versions = ({ arms: { after } }: RegionResult): Record<string, string> =>
  Object.fromEntries(Object.entries(after).map(([arm, { version }]) => [arm, version]))
/** status and description of each revision, oldest first */
const told = ({ releases }: RegionResult, release: string): string[] =>
  (releases?.[release] ?? []).map(({ status, description }) => `${status}: ${description}`)

const FIRST = ['deployed: Install complete']
const UPGRADED = ['superseded: Install complete', 'deployed: Upgrade complete']
const BACK = ['superseded: Install complete', 'superseded: Upgrade complete', 'deployed: Rollback to 1']
const FROM_PENDING = [
  'superseded: Install complete',
  expect.stringMatching(/^(pending-upgrade|superseded): Preparing upgrade$/),
  'deployed: Rollback to 1',
]
const UNTOUCHED = { outcome: 'not-started', weights: { before: allOn('blue'), after: allOn('blue') } }

it(
  'rolls a release of Helm out over three namespaces, by the weights of Istio',
  async () => {
    const { exitCode, output, result, region } = await rehearse('helm', 'healthy')
    expect([output, exitCode]).toEqual([expect.stringContaining('its pods serve nothing'), 0])
    expect(result.evidence.complete).toBe(true)
    for (const one of result.regions) {
      expect(one).toMatchObject({ outcome: 'promoted', weights: { after: allOn('green') } })
      expect(one.held.map(({ green }) => green)).toEqual([0, 1_000, 2_500, 5_000, 7_500, 10_000])
      expect(versions(one)).toEqual({ blue: '1.0.0', green: '1.1.0' })
      expect(told(one, 'shop-green')).toEqual(UPGRADED)
    }
    expect(told(region('eu-west'), 'shop-blue')).toEqual(FIRST)
  },
  LIMIT_MS,
)

it(
  'takes a bad release back, traffic first, then the workload, and leaves the third region alone',
  async () => {
    const { exitCode, result, region } = await rehearse('helm', 'bad-in-eu')
    expect(exitCode).toBe(1)
    const [good, bad, third] = [region('us-east'), region('eu-west'), region('apac-se')]
    expect(good.outcome).toBe('promoted')
    expect(bad).toMatchObject({
      ...{ outcome: 'restored', rollbackVerified: true, rollbackFrom: 'breach' },
      weights: { before: allOn('blue'), after: allOn('blue') },
    })
    expect(versions(bad)).toEqual({ blue: '1.0.0', green: '0.9.0' })
    expect(told(bad, 'shop-green')).toEqual(BACK)
    expect(third).toMatchObject(UNTOUCHED)
    expect([told(third, 'shop-blue'), told(third, 'shop-green')]).toEqual([FIRST, FIRST])
    expect(result.told).toContain('restored eu-west')
  },
  LIMIT_MS,
)

it(
  'has the guard restore both when the runner is lost in the middle of the upgrade',
  async () => {
    const { exitCode, result, region } = await rehearse('helm', 'lost-in-upgrade')
    expect([exitCode, result.notStruck]).toEqual([1, []])
    const lost = region('eu-west')
    expect(lost).toMatchObject({
      ...{ outcome: 'restored', rollbackVerified: true, rollbackFrom: 'restore' },
      weights: { after: allOn('blue') },
    })
    // It never got as far as the traffic.
    expect(lost.held).toEqual([allOn('blue')])
    expect(versions(lost)).toEqual({ blue: '1.0.0', green: '0.9.0' })
    expect(told(lost, 'shop-green')).toEqual(FROM_PENDING)
    expect(region('apac-se')).toMatchObject(UNTOUCHED)
  },
  LIMIT_MS,
)

it(
  "switches a Service's selector, and back when what it leads to is bad",
  async () => {
    const { exitCode, region } = await rehearse('blue-green', 'bad-in-eu')
    expect(exitCode).toBe(1)
    expect(region('us-east')).toMatchObject({
      outcome: 'promoted',
      held: [allOn('blue'), allOn('green')],
    })
    const bad = region('eu-west')
    expect(bad).toMatchObject({
      ...{ outcome: 'restored', rollbackVerified: true },
      held: [allOn('blue'), allOn('green'), allOn('blue')],
    })
    expect(versions(bad)).toEqual({ blue: '1.0.0', green: '0.9.0' })
    expect(region('apac-se')).toMatchObject(UNTOUCHED)
  },
  LIMIT_MS,
)
