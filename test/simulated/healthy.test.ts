import { describe, expect, it } from '@jest/globals'
import {
  createFakeClock,
  createFakePorts,
  seededRandom,
  simulateRegion,
  type ClientsOptions,
} from '@deploy-actions/testing'
import { inputs as schema } from '../../actions/canary-step/src/inputs'
import { main } from '../../actions/canary-step/src/main'

// Healthy releases whose requests do not follow the weights one by one: none may be taken back. All of them by
// `npm run test:simulated`; SIMULATED=40 runs so many, spread over the whole.

const ALL = 400
const COUNT = Number(process.env['SIMULATED'] ?? ALL)
const RATES = [1, 10, 100, 1000]
const HEALTHY = 0.001
const MINUTE_MS = 60_000

/** A third of people who stay with their arm, twenty connections for the rest, least connections, slow starts. */
const clients = (seed: number): ClientsOptions => {
  const random = seededRandom(seed)
  return {
    sticky: 0.3,
    people: 100,
    stayMs: 10 * MINUTE_MS,
    connections: 20,
    connectionMs: (0.5 + 4.5 * random()) * MINUTE_MS,
    idleMs: 15_000,
    slowStartMs: (0.25 + 1.75 * random()) * MINUTE_MS,
    // A new arm is cold: at first its answers take up to three times as long.
    slowness: (arm, elapsedMs) => (arm === 'green' ? 1 + 2 * Math.exp(-elapsedMs / (2 * MINUTE_MS)) : 1),
  }
}

async function rollOut(seed: number): Promise<{ seed: number; end: string; green: number | undefined }> {
  const clock = createFakeClock()
  const requestsPerSecond = RATES[seed % RATES.length] ?? 1
  const region = await simulateRegion({
    ...{ clock, seed, requestsPerSecond, clients: clients(seed) },
    errorRate: () => HEALTHY,
  })
  // Every other proxy binds them itself, and says so; else the shares that the weights give are expected all the same.
  if (seed % 8 < 4) {
    region.haproxy.cookie = 'SERVERID'
    region.haproxy.states = { green: 'maint' }
  }
  const ports = createFakePorts({ clock, http: () => region.metrics() })
  const inputs = schema.parse({
    service: 'shop',
    environment: 'production',
    version: '1.1.0',
    digest: `sha256:${'b'.repeat(64)}`,
    ledger: `file:${ports.context.temp}/ledger`,
    stages:
      '[{ weight: 10%, watch: 5m }, { weight: 25%, watch: 5m }, { weight: 50%, watch: 5m }, { weight: 75%, watch: 5m }, { weight: 100%, watch: 30m }]',
    analysis: '{ min-requests: 20 }',
    ...region.inputs,
  })
  const end = await main(inputs, ports).then(
    ({ outcome }) => outcome,
    (error: Error) => error.message,
  )
  await region.close()
  return { seed, end, green: region.haproxy.weights['green'] }
}

describe('healthy releases under clients that are bound to arms', () => {
  it(
    'are all promoted',
    async () => {
      const seeds = Array.from({ length: COUNT }, (_, index) => Math.floor((index * ALL) / COUNT) + 1)
      const taken: unknown[] = []
      for (const seed of seeds) {
        const rollout = await rollOut(seed)
        if (rollout.end !== 'promoted' || rollout.green !== 100) taken.push(rollout)
      }
      expect(seeds.length).toBeGreaterThan(0)
      expect(taken).toEqual([])
    },
    20 * MINUTE_MS,
  )
})
