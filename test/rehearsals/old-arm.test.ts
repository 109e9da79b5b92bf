import { expect, it } from '@jest/globals'
import { runRehearsal } from './run-rehearsal'

const NEW = { blue: 0, green: 10_000 }

it('old-arm-removed: the sweeper removes it once it was kept long enough, and the emergency is told', async () => {
  const { result, region, output } = await runRehearsal(
    ...['--scenario', 'old-arm-removed', '--regions', 'eu-west', '--speed', '30'],
  )
  expect([result.conclusion, result.notStruck]).toEqual(['success', []])
  expect(region('eu-west')).toMatchObject({
    ...{ outcome: 'promoted', weights: { after: NEW }, serving: NEW },
    marks: ['open', 'committed'],
  })
  const [sweep, emergency] = result.emergencies
  expect(sweep).toMatchObject({ workflow: 'Sweeper', conclusion: 'success' })
  // Nothing was marked, and nothing written.
  expect(emergency).toMatchObject({ workflow: 'Emergency rollback', conclusion: 'failure' })
  expect(output).toMatch(
    /rollback \/ fence: error: eu-west is NOT taken back: its old arm blue is gone \(since /,
  )
}, 400_000)
