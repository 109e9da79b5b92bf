import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { App } from './app'
import { openArmsAdmin } from './arms-admin'
import type { LoopbackServer } from './loopback-server'
import { seededRandom } from './seeded-random'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const first = { version: '1.0.0', digest: digest('1') }

let apps: App[]
let admin: LoopbackServer
beforeAll(async () => {
  apps = await Promise.all(['blue', 'green'].map((arm) => App.open(arm, first, seededRandom(1))))
  admin = await openArmsAdmin(apps)
})
afterAll(async () => {
  await Promise.all([admin, ...apps].map((part) => part.close()))
})

const call = async (method: string, path: string, body?: string) => {
  const answer = await fetch(admin.url + path, { method, ...(body === undefined ? {} : { body }) })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

describe('the arms endpoint', () => {
  it('deploys onto one arm and shows it', async () => {
    const next = { version: '1.1.0', digest: digest('2') }
    expect(await call('PUT', '/arms/green', JSON.stringify(next))).toEqual({ status: 200, body: next })
    expect(await call('GET', '/arms')).toEqual({ status: 200, body: { blue: first, green: next } })
    const health = await fetch(`http://127.0.0.1:${apps[1]?.port}/healthz`)
    expect(await health.json()).toMatchObject(next)
  })

  it('hands on what an arm says of itself: how it is, and its metrics', async () => {
    expect((await call('GET', '/arms/blue/healthz')).body).toMatchObject({ status: 'ok', arm: 'blue' })
    const page = await fetch(`${admin.url}/arms/green/metrics`)
    expect(page.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(await page.text()).toContain('http_request_duration_seconds_bucket{arm="green",le="0.25"} 0\n')
    await apps[1]?.setFault({ refuse: true })
    expect((await call('GET', '/arms/green/metrics')).status).toBe(502)
    await apps[1]?.setFault({})
  })

  it.each([
    ['a missing digest', '{"version":"2"}', /digest/],
    ['an unknown key', JSON.stringify({ ...first, tag: 'x' }), /tag/],
    ['a digest that is none', '{"version":"2","digest":"latest"}', /sha256: and 64/],
    ['no JSON', 'version=2', /not JSON/],
  ])('refuses %s with the reason', async (_, body, reason) => {
    const before = await call('GET', '/arms')
    const refused = await call('PUT', '/arms/blue', body)
    expect(refused.status).toBe(400)
    expect(refused.body['error']).toMatch(reason)
    expect(await call('GET', '/arms')).toEqual(before)
  })

  it('refuses a body beyond all measure', async () => {
    expect((await call('PUT', '/arms/blue', 'x'.repeat(10_001))).status).toBe(413)
  })

  it('names the arms and the calls there are', async () => {
    const noArm = await call('PUT', '/arms/red', JSON.stringify(first))
    expect(noArm).toEqual({ status: 404, body: { error: 'no arm red; the arms are blue and green' } })
    const noCall = await call('DELETE', '/arms/blue')
    expect(noCall.status).toBe(404)
    expect(noCall.body['error']).toContain('GET /arms')
  })
})
