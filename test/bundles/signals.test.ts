import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { runBundle } from '@deploy-actions/testing'

let server: Server
let asked = 0

beforeEach(async () => {
  asked = 0
  server = createServer((_, response) => {
    asked++
    response.writeHead(503).end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const check = (): string =>
  JSON.stringify({
    healthz: { type: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz` },
  })

it('ends a gate as cancelled at the first SIGINT', async () => {
  const { exitCode, outputs, stdout } = await runBundle('health-gate', {
    inputs: { checks: check(), interval: '100ms', timeout: '1h' },
    end: { signal: 'SIGINT', when: () => asked >= 2 },
  })
  expect(exitCode).toBe(1)
  expect(outputs).toMatchObject({ outcome: 'cancelled', verdict: 'error' })
  expect(stdout).toContain('::warning::SIGINT: the run was cancelled')
})

it('ends a gate as failed, with what it saw last, when the time is over', async () => {
  const { exitCode, outputs } = await runBundle('health-gate', {
    inputs: { checks: check(), interval: '50ms', timeout: '300ms' },
  })
  expect(exitCode).toBe(1)
  expect(outputs).toMatchObject({
    outcome: 'failed',
    verdict: 'fail',
    reason: expect.stringContaining('503'),
  })
})

it('does not wait for connections that are left open', async () => {
  const { exitCode, outputs } = await runBundle('health-gate', {
    inputs: {
      checks: JSON.stringify({
        up: {
          type: 'http',
          url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
          expect: { status: 503 },
        },
      }),
    },
  })
  expect({ exitCode, outcome: outputs['outcome'] }).toEqual({ exitCode: 0, outcome: 'green' })
})
