import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openBundleJob, type BundleJob } from '@deploy-actions/testing'
import { openWorld, type World } from '@deploy-actions/embedded-regions'

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`

let world: World
let job: BundleJob

beforeEach(async () => {
  const arms = {
    blue: { version: '1.3.0', digest: digest('a') },
    green: { version: '1.2.0', digest: digest('b') },
  }
  world = await openWorld(
    { v: 1, rps: 300, regions: [{ name: 'eu-west', baseline: 'blue', arms }] },
    { inProcess: true },
  )
  job = await openBundleJob()
})
afterEach(async () => {
  await job.close()
  await world.close()
})

const region = () => {
  const found = world.regions['eu-west']
  if (!found) throw new Error('the world has no eu-west')
  return found
}
const router = (): string =>
  JSON.stringify({ type: 'haproxy', ...region().runtime, backend: region().backend })
/** The weights as the proxy itself has them, in basis points. */
const weights = async () => (await world.state())['eu-west']?.weights
const target = () => ({
  router: router(),
  service: 'shop',
  environment: 'production',
  version: '1.4.0',
  digest: digest('c'),
  ledger: `file:${join(job.temp, 'ledger')}`,
})

describe('traffic-weight', () => {
  it('reads the weights of a proxy', async () => {
    const { exitCode, outputs, summary } = await job.run('traffic-weight', {
      inputs: { mode: 'get', router: router() },
    })
    expect(exitCode).toBe(0)
    expect(outputs).toMatchObject({
      outcome: 'read',
      changed: 'false',
      before: '{"blue":"100%","green":"0%"}',
      after: '{"blue":"100%","green":"0%"}',
    })
    expect(summary).toContain('| blue | 100% | 100% | 100% |')
  })

  it('writes, reads back, and gives what undoes it', async () => {
    const set = await job.run('traffic-weight', {
      inputs: { ...target(), mode: 'set', weights: 'blue=90%,green=10%', settle: '0s' },
    })
    expect(set.outputs).toMatchObject({ outcome: 'changed', after: '{"blue":"90%","green":"10%"}' })
    expect(await weights()).toEqual({ blue: 9_000, green: 1_000 })

    const restored = await job.run('traffic-weight', {
      inputs: {
        ...target(),
        mode: 'restore',
        'restore-point': set.outputs['restore-point'] ?? '',
        settle: '0s',
      },
    })
    expect(restored.outputs).toMatchObject({ outcome: 'changed', before: '{"blue":"90%","green":"10%"}' })
    expect(await weights()).toEqual({ blue: 10_000, green: 0 })
  })

  it('writes nothing with dry-run, nor when the router holds something else than expected', async () => {
    const dry = await job.run('traffic-weight', {
      inputs: { ...target(), mode: 'switch', 'dry-run': 'true' },
    })
    expect(dry.outputs).toMatchObject({ outcome: 'would-change', changed: 'false' })
    const refused = await job.run('traffic-weight', {
      inputs: { ...target(), mode: 'switch', 'expected-current': 'blue=0%,green=100%' },
    })
    expect(refused).toMatchObject({ exitCode: 1, outputs: { outcome: 'invalid' } })
    expect(await weights()).toEqual({ blue: 10_000, green: 0 })
  })

  it('says which system did not answer', async () => {
    const nobody = JSON.stringify({ type: 'haproxy', host: '127.0.0.1', port: 1, backend: 'app' })
    const { exitCode, outputs } = await job.run('traffic-weight', { inputs: { mode: 'get', router: nobody } })
    expect(exitCode).toBe(1)
    expect(outputs).toMatchObject({
      outcome: 'error',
      reason: expect.stringContaining('haproxy 127.0.0.1:1'),
    })
  })
})

describe('the post step', () => {
  // The canary looks for a hundred requests before it moves any traffic.
  beforeEach(() => world.setLoad('eu-west', { busy: true }))

  const counter = (code: string) => ({
    source: 'proxy',
    sum: [`haproxy_server_http_responses_total{proxy="app",server="\${arm}"${code}}`],
  })
  const canary = () => ({
    ...target(),
    metrics: JSON.stringify({
      sources: { proxy: { type: 'scrape', pages: [region().metrics] } },
      requests: counter(''),
      errors: counter(',code="5xx"'),
    }),
    analysis: '{ interval: 200ms }',
    stages: JSON.stringify([
      { weight: '25%', watch: '10m' },
      { weight: '100%', watch: '10m' },
    ]),
  })
  const canaryHasTraffic = async (): Promise<boolean> => ((await weights())?.['green'] ?? 0) > 0

  it('puts the traffic back when the step was killed', async () => {
    const killed = await job.run('canary-step', {
      inputs: canary(),
      end: { signal: 'SIGKILL', when: canaryHasTraffic },
    })
    expect(killed.exitCode).toBeNull()
    expect(await weights()).toEqual({ blue: 7_500, green: 2_500 })

    const post = await job.run('canary-step', { inputs: canary(), state: killed.state })
    expect(post).toMatchObject({ exitCode: 0, stderr: '' })
    expect(post.summary).toContain('Traffic put back at the end of the job')
    expect(await weights()).toEqual({ blue: 10_000, green: 0 })
  })

  it('puts the traffic back when the run was cancelled', async () => {
    const cancelled = await job.run('canary-step', {
      inputs: canary(),
      end: { signal: 'SIGINT', when: canaryHasTraffic },
    })
    expect(cancelled).toMatchObject({ exitCode: 1, outputs: { outcome: 'cancelled', verdict: 'error' } })
    expect(await job.run('canary-step', { inputs: canary(), state: cancelled.state })).toMatchObject({
      exitCode: 0,
    })
    expect(await weights()).toEqual({ blue: 10_000, green: 0 })
  })

  it('does nothing when main has ended well', async () => {
    const set = await job.run('traffic-weight', {
      inputs: { ...target(), mode: 'set', weights: 'blue=90%,green=10%', settle: '0s' },
    })
    const post = await job.run('traffic-weight', { state: set.state })
    expect(post).toMatchObject({ exitCode: 0, summary: '' })
    expect(await weights()).toEqual({ blue: 9_000, green: 1_000 })
  })
})
