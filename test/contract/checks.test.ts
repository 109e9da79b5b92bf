import { describe, expect, it } from '@jest/globals'
import { Cancelled, ProviderError } from '@deploy-actions/action-kit'
import { checks, openCheck, type CheckSettings } from '@deploy-actions/checks'
import { createFakePorts, type FakePortsOptions } from '@deploy-actions/testing'

/** What makes a check of this type green and red, what keeps it from being made, and how a cancelled run shows. */
interface Lab {
  settings: object
  green: FakePortsOptions
  red: FakePortsOptions
  broken: FakePortsOptions
  cancelled: FakePortsOptions
}

const fails = (error: Error) => () => {
  throw error
}
const unreachable = new ProviderError('could not be reached', { provider: 'x' })

const labs: Record<keyof typeof checks, Lab> = {
  http: {
    settings: { type: 'http', url: 'http://127.0.0.1:1/healthz', expect: { latency: '1s' } },
    green: { http: () => ({ status: 200 }) },
    red: { http: () => ({ status: 500 }) },
    broken: { http: fails(unreachable) },
    cancelled: { http: fails(new Cancelled('the run was cancelled')) },
  },
  script: {
    settings: { type: 'script', run: 'ops/smoke.sh', timeout: '1m' },
    green: { process: () => ({ exitCode: 0 }) },
    red: { process: () => ({ exitCode: 1 }) },
    broken: { process: fails(unreachable) },
    cancelled: { process: () => ({ exitCode: null, ended: 'cancelled' }) },
  },
}

it('covers every check', () => expect(Object.keys(labs)).toEqual(Object.keys(checks)))

describe.each(Object.entries(labs))('the %s check', (type, lab) => {
  async function probe(options: FakePortsOptions) {
    const ports = createFakePorts(options)
    const settings = (await checks[type as keyof typeof checks]()).options.parse(
      lab.settings,
    ) as CheckSettings
    const check = await openCheck(settings, {
      http: ports.http,
      process: ports.process,
      workspace: '/repo',
      variables: {},
    })
    return check.probe(ports.signal)
  }

  it('is green or red, and says why in one line', async () => {
    for (const state of ['green', 'red'] as const)
      expect(await probe(lab[state])).toMatchObject({
        state,
        detail: expect.stringMatching(/^[^\n]*\w[^\n]*$/),
      })
  })

  it('is never green, and never thrown, when it cannot be made', async () => {
    expect((await probe(lab.broken)).state).not.toBe('green')
  })

  it('is thrown when the run was cancelled', async () => {
    await expect(probe(lab.cancelled)).rejects.toBeInstanceOf(Cancelled)
  })
})
