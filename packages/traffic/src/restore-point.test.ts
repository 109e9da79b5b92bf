import { expect, it } from '@jest/globals'
import { trafficPoint } from './restore-point'

it.each([
  ['ready', true],
  ['drain', true],
  ['maint', true],
  ['down', false],
])('a restore point may name a server that was found in %s: %s', (state, may) => {
  const point = { kind: 'traffic', router: 'canary', weights: { blue: 10_000 }, states: { green: state } }
  expect(trafficPoint().safeParse(point).success).toBe(may)
})
