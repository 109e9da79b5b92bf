import { expect, it } from '@jest/globals'
import { runRehearsal } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const NEW = { blue: 0, green: 10_000 }

it('promote: the release ends on the arm that the traffic began on, and the emergency is told what is left', async () => {
  const { result, region, output } = await runRehearsal(
    ...['--scenario', 'promote', '--regions', 'eu-west', '--speed', '30'],
  )
  expect([result.conclusion, result.notStruck]).toEqual(['success', []])
  expect(region('eu-west')).toMatchObject({
    ...{ outcome: 'promoted', rolledBack: false, weights: { before: OLD, after: OLD }, serving: OLD },
    marks: ['open', 'committed', 'open', 'committed'],
  })
  expect(region('eu-west').commands.slice(-2)).toEqual([
    'set server app/blue weight 100',
    'set server app/green weight 0',
  ])
  expect(region('eu-west').failedOutsideApp).toBe(0)
  const [emergency] = result.emergencies
  expect(emergency).toMatchObject({ workflow: 'Emergency rollback', conclusion: 'failure' })
  expect(output).toMatch(
    /eu-west is NOT taken back: 1\.1\.0 was brought onto both arms .* bring the release before it again: run/,
  )
}, 400_000)

it('promote-fails: the release stays where it was promoted, the old arm is as it was, and the chain stops', async () => {
  const { result, region } = await runRehearsal('--scenario', 'promote-fails', '--speed', '30')
  expect([result.conclusion, result.notStruck]).toEqual(['failure', []])
  expect(region('eu-west')).toMatchObject({
    ...{ outcome: 'promoted', rolledBack: true, weights: { after: NEW }, serving: NEW },
    marks: ['open', 'committed'],
  })
  expect(region('apac-se').outcome).toBe('not-started')
  expect(result.told.filter((event) => event.endsWith('eu-west')).slice(-2)).toEqual([
    'promoted eu-west',
    'failed eu-west',
  ])
}, 400_000)
