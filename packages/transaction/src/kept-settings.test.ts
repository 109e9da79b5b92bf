import { expect, it } from '@jest/globals'
import { keptSteps, readSettings } from './kept-settings'
import { jobTransaction } from './transaction.fixture'

const { settings } = jobTransaction(9999)

it('gives back how a router is reached, with every setting of its own', () =>
  expect(readSettings('tx', settings)).toEqual(settings))

it.each<[string, unknown]>([
  ['a router of no type', { ...settings, router: { port: 9999 } }],
  ['no router', { arms: settings.arms }],
  ['what another version kept beside it', { ...settings, region: 'eu' }],
])('does not guess it from %s', (_, kept) => {
  expect(() => readSettings('tx', kept)).toThrow(
    expect.objectContaining({
      message:
        'what was kept of tx does not tell how its router is reached; use the version that opened the transaction',
      provider: 'ledger',
      cause: expect.any(Error),
    }),
  )
})

it('gives back the steps in which a release may be taken back, or says why there are none', () => {
  const steps = [{ weight: 5_000, watchMs: 60_000 }, { weight: 0 }]
  const kept = (staged: unknown) => keptSteps(readSettings('tx', { ...settings, staged }))
  expect(kept(steps)).toEqual(steps)
  expect(keptSteps(settings)).toMatch(/^no steps were kept of it: /)
  expect(kept([{ weight: 0 }])).toMatch(
    /^the steps that were kept of it cannot be taken: .*needs a step before the last/,
  )
  // What cannot be read keeps nothing from being restored.
  expect(kept({ anything: 1 })).toMatch(/^the steps that were kept of it cannot be taken: /)
})
