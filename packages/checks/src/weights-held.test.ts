import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import {
  configured,
  createFakePorts,
  startFakeHaproxy,
  type FakeHaproxy,
  type FakePorts,
} from '@deploy-actions/testing'
import weightsHeld from './weights-held'

let fake: FakeHaproxy
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 0, green: 100 })
})
afterEach(() => fake.close())

const probe = (more: object = {}, other: Partial<FakePorts> = {}) => {
  const ports = { ...createFakePorts(), ...other }
  const router = { type: 'haproxy', port: fake.port, backend: 'app' }
  return configured(weightsHeld, { type: 'weights-held', router, arm: 'green', ...more })
    .open(ports)
    .probe(ports.signal)
}

describe('weights-held', () => {
  it('is green while the arm has all the traffic', async () =>
    expect(await probe()).toEqual({ state: 'green', detail: 'the router holds blue 0%, green 100%' }))

  it('is red once a reload has given it back to the other', async () => {
    fake.weights = { blue: 100, green: 0 }
    expect(await probe()).toEqual({
      state: 'red',
      detail:
        'green does not have all the traffic: the router holds blue 100%, green 0%, in effect blue 100%, green 0%',
    })
  })

  it('is red for an arm that is down, or beside somebody else who gets traffic', async () => {
    fake.states = { green: 'down' }
    expect((await probe()).state).toBe('red')
    fake.states = {}
    fake.weights['old'] = 5
    expect(await probe()).toMatchObject({ state: 'red', detail: expect.stringContaining('old (weight 5)') })
  })

  it('does not know of a router that it cannot read', async () => {
    expect(await probe({ router: { type: 'haproxy', port: fake.port, backend: 'none' } })).toMatchObject({
      state: 'unknown',
    })
  })

  it('is red for good where the settings are found wrong only by a look', async () => {
    const exchange = () => Promise.reject(new InputError('that is not an address'))
    expect(await probe({}, { tcp: { exchange } })).toEqual({
      state: 'red',
      fatal: true,
      detail: 'that is not an address',
    })
  })

  it.each([
    { router: { type: 'haproxi' } },
    { router: { type: 'haproxy', prot: 1, backend: 'app' } },
    { arms: ['a', 'b'] },
    { arm: 'gren' },
  ])('is not configured with %j', (wrong) => {
    const router = { type: 'haproxy', port: 1, backend: 'app' }
    const settings = { type: 'weights-held', router, arm: 'green', ...wrong }
    expect(weightsHeld.configure(settings).success).toBe(false)
  })
})
