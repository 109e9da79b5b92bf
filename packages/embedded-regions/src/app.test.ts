import { afterEach, describe, expect, it } from '@jest/globals'
import { App } from './app'
import { scrape } from './metrics-text.fixture'
import { lognormal, seededRandom } from './seeded-random'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const release = { version: '1.2.0', digest: digest('a') }

const open: App[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})

async function openApp() {
  const app = await App.open('green', release, seededRandom(7))
  open.push(app)
  return { app, url: `http://127.0.0.1:${app.port}` }
}

const get = async (url: string) => {
  const answer = await fetch(url)
  return [answer.status, await answer.text()] as const
}

describe('App', () => {
  it('tells what runs where', async () => {
    const { app, url } = await openApp()
    const answer = await fetch(url)
    expect(answer.headers.get('x-arm')).toBe('green')
    expect(await answer.json()).toEqual({ ...release, arm: 'green' })
    expect(JSON.parse((await get(`${url}/healthz`))[1])).toEqual({ status: 'ok', ...release, arm: 'green' })
    app.deploy({ version: '1.3.0', digest: digest('b') })
    expect(await (await fetch(url)).json()).toEqual({ version: '1.3.0', digest: digest('b'), arm: 'green' })
  })

  it('counts answers by code and by time; a new version starts at zero', async () => {
    const { app, url } = await openApp()
    const requests = 'http_requests_total{code="200",arm="green"}'
    const errors = 'http_requests_total{code="500",arm="green"}'
    expect(await scrape(`${url}/metrics`)).toMatchObject({ [requests]: '0', [errors]: '0' })
    await app.setFault({ errors: 0, latencyMs: 300 })
    await Promise.all([get(url), get(url)])
    await app.setFault({ errors: 1 })
    expect((await get(url))[0]).toBe(500)
    // Two answers took over 300 ms and one about 20 ms; `/healthz` is not traffic.
    await get(`${url}/healthz`)
    const bucket = (le: string) => `http_request_duration_seconds_bucket{arm="green",le="${le}"}`
    expect(await scrape(`${url}/metrics`)).toMatchObject({
      [requests]: '2',
      [errors]: '1',
      [bucket('0.25')]: '1',
      [bucket('+Inf')]: '3',
      'http_request_duration_seconds_count{arm="green"}': '3',
    })
    app.deploy(release)
    expect(await scrape(`${url}/metrics`)).toMatchObject({ [requests]: '0', [bucket('+Inf')]: '0' })
  })

  it('is broken when told so, and heals', async () => {
    const { app, url } = await openApp()
    await app.setFault({ unhealthy: true })
    expect((await get(`${url}/healthz`))[0]).toBe(503)
    await app.setFault({})
    expect((await get(`${url}/healthz`))[0]).toBe(200)
  })

  it('refuses connections and comes back at the same address', async () => {
    const { app, url } = await openApp()
    await app.setFault({ refuse: true })
    await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await app.setFault({})
    expect((await get(`${url}/healthz`))[0]).toBe(200)
  })
})

describe('lognormal', () => {
  it('has the median and the spread asked for', () => {
    const random = seededRandom(1)
    const draws = Array.from({ length: 20_001 }, () => lognormal(random, 20, 0.5)).sort((a, b) => a - b)
    // Median 20; 84.13 % lie below one sigma: 20 * e^0.5 = 32.97.
    expect(draws[10_000]).toBeCloseTo(20, 0)
    expect(Math.abs((draws[Math.round(0.8413 * 20_000)] ?? 0) - 32.97)).toBeLessThan(0.7)
  })

  it('repeats with its seed', () => {
    const row = (seed: number) => Array.from({ length: 5 }, seededRandom(seed))
    expect(row(3)).toEqual(row(3))
    expect(row(3)).not.toEqual(row(4))
  })
})
