import { describe, expect, it } from '@jest/globals'
import { runRehearsal } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const LIMIT = 400_000

describe('a run that was ended by force', () => {
  it(
    'force-cancel-and-sweep: no guard ran, and the sweeper puts the region back and says so first',
    async () => {
      const { result, region } = await runRehearsal(
        ...['--scenario', 'force-cancel-and-sweep', '--regions', 'eu-west', '--speed', '30'],
      )
      expect([result.conclusion, result.notStruck]).toEqual(['cancelled', []])
      const [sweep] = result.emergencies
      expect(sweep).toMatchObject({ workflow: 'Sweeper', conclusion: 'success' })
      expect(sweep?.safeMs['eu-west']).toEqual(expect.any(Number))
      expect(sweep?.report).toMatch(/^\*\*Safe now, by the routers' own reading: eu-west \(blue 100%/m)
      expect(region('eu-west')).toMatchObject({
        ...{ outcome: 'restored', weights: { after: OLD }, rollbackVerified: true },
        marks: ['open', 'restoring', 'restoring', 'restored'],
      })
      // Nobody has taken the release back: it may come again.
      expect(result.told.at(-1)).toBe('restored eu-west')
    },
    LIMIT,
  )
})
