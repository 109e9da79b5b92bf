import { describe, expect, it } from '@jest/globals'
import { runRehearsal } from './run-rehearsal'

const LIMIT = 240_000
const EU = ['--regions', 'us-east,eu-west'] as const
const NEW = { blue: 0, green: 10_000 }
const OLD = { blue: 10_000, green: 0 }

describe('what the judge must find, with real traffic', () => {
  it.each([
    // The first sample shows it: hardly a request is as fast as the baseline's.
    ['slow', [1000], /^canary .* requests took over \d+ ms /],
    // One request in fifty: chance does the same for a while.
    ['slow-tail', [1000, 2500, 5000], /^canary .* requests took over \d+ ms /],
    ['late-fault', [5000], /^canary .* requests failed .* in the last \d/],
    // What both arms had before has not made it blind, and is not told as if it were of now.
    ['after-blip', [5000], /^canary .* requests failed .* in the last \d/],
  ])(
    '%s',
    async (scenario, weights, reason) => {
      const { region } = await runRehearsal('--scenario', scenario, ...EU)
      const { stages, ...rest } = region('eu-west')
      expect(rest).toMatchObject({
        ...{ outcome: 'restored', rollbackVerified: true },
        ...{ weights: { before: OLD, after: OLD }, serving: OLD },
      })
      expect(stages.at(-1)).toMatchObject({ verdict: 'fail', reason: expect.stringMatching(reason) })
      expect(weights).toContain(stages.at(-1)?.weight)
      // Whoever had nothing wrong was let pass.
      expect(region('us-east')).toMatchObject({ outcome: 'promoted' })
    },
    LIMIT,
  )
})

describe('what the judge must let pass, with real traffic', () => {
  it.each(['both-arms-blip', 'cold-start', 'wobble'])(
    '%s',
    async (scenario) => {
      const { region } = await runRehearsal('--scenario', scenario, ...EU)
      expect(region('eu-west')).toMatchObject({
        ...{ outcome: 'promoted', weights: { before: OLD, after: NEW }, serving: NEW },
      })
    },
    LIMIT,
  )
})
