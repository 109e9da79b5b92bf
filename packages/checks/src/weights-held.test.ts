import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { configured, createFakePorts, startFakeHaproxy, type FakeHaproxy } from '@deploy-actions/testing'
import weightsHeld from './weights-held'

let fake: FakeHaproxy
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 0, green: 100 })
})
afterEach(() => fake.close())

const probe = (more: object = {}) => {
  const ports = createFakePorts()
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

  it('does not know of a router that it cannot read, or whose settings are wrong', async () => {
    expect(await probe({ router: { type: 'haproxy', port: fake.port, backend: 'none' } })).toMatchObject({
      state: 'unknown',
    })
    expect(await probe({ router: { type: 'haproxi' } })).toMatchObject({
      state: 'unknown',
      detail: expect.stringContaining('haproxi'),
    })
  })
})
