import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpResponse } from '@deploy-actions/action-kit'
import {
  createFakeClock,
  createFakePorts,
  simulateRegion,
  type FakePorts,
  type SimulatedRegion,
  type SimulatedRegionOptions,
} from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'

/** What the arms of a healthy region fail of what they are asked. */
export const HEALTHY = 0.001
/** What a person does to the region of the running test. */
export let byHand: (weights: Record<string, number>) => void = () => undefined
export const STAGES =
  '[{ weight: 10%, watch: 5m }, { weight: 25%, watch: 5m }, { weight: 50%, watch: 5m }, { weight: 75%, watch: 5m }, { weight: 100%, watch: 30m }]'

export interface Run {
  outcome: Outputs | Error
  region: SimulatedRegion
  ports: FakePorts
  /** how many times the region's weights were written */
  writes: number
}

export async function run(
  simulation: Partial<SimulatedRegionOptions>,
  more: Record<string, string> = {},
  metrics: (
    answer: Partial<HttpResponse>,
    clock: FakePorts['clock'],
    url: string,
  ) => Partial<HttpResponse> | Promise<Partial<HttpResponse>> = (answer) => answer,
  prepare: (region: SimulatedRegion, ports: FakePorts) => void = () => undefined,
): Promise<Run> {
  const clock = createFakeClock()
  const region = await simulateRegion({
    clock,
    seed: 1,
    requestsPerSecond: 100,
    errorRate: () => HEALTHY,
    ...simulation,
  })
  byHand = (weights) => void (region.haproxy.weights = weights)
  const ports = createFakePorts({ clock, http: ({ url }) => metrics(region.metrics(), clock, url) })
  prepare(region, ports)
  const inputs = schema.parse({
    service: 'shop',
    environment: 'production',
    version: '1.1.0',
    digest: `sha256:${'b'.repeat(64)}`,
    ledger: `file:${ports.context.temp}/ledger`,
    stages: STAGES,
    ...region.inputs,
    ...more,
  })
  const outcome = await main(inputs, ports).catch((error: Error) => error)
  await region.close()
  return {
    outcome,
    region,
    ports,
    writes: region.haproxy.commands.filter((command) => command.startsWith('set server')).length,
  }
}

/** A rollout.yml for the region, in which one sink is told; `more`: options of that sink. */
export const writeConfig = (
  { context }: FakePorts,
  { inputs }: SimulatedRegion,
  more = 'on: [stage, restored, promoted]',
): Promise<void> =>
  writeFile(
    join(context.workspace, 'rollout.yml'),
    `version: 1
service: shop
regions: [{ name: eu, environment: production }]
deploy: { script: { run: ops/x.sh, snapshot: ops/x.sh, restore: ops/x.sh } }
traffic: { canary: { router: ${inputs.router} } }
metrics: ${inputs.metrics}
notifications: [{ type: webhook, url: 'https://hooks.example.com/', ${more} }]
`,
  )
