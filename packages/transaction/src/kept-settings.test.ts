import { expect, it } from '@jest/globals'
import { readSettings } from './kept-settings'
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
