import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBundleJob, type BundleJob, type BundleResult } from '@deploy-actions/testing'
import {
  App,
  LoadGenerator,
  type LoopbackServer,
  openArmsAdmin,
  seededRandom,
} from '@deploy-actions/embedded-regions'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'

// The shipped actions, begin to commit, against HAProxy from Debian with real traffic at 1200 requests/s.

const SPEED = 60
const RPS = 1_200
const example = join(process.cwd(), 'packages/rehearsal/example')
const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }

interface Region {
  haproxy: RealHaproxy
  apps: Record<'blue' | 'green', App>
  admin: LoopbackServer
  load: LoadGenerator
}

let region: Region
let job: BundleJob

beforeAll(async () => {
  const old = { version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` }
  const [blue, green] = [
    await App.open('blue', old, seededRandom(1)),
    await App.open('green', old, seededRandom(2)),
  ]
  const haproxy = await startRealHaproxy({ blue: blue.port, green: green.port }, 30_000)
  region = {
    haproxy,
    apps: { blue, green },
    admin: await openArmsAdmin([blue, green]),
    load: new LoadGenerator(haproxy.port),
  }
  region.load.setRate(RPS)
  job = await openBundleJob(await repository())
}, 60_000)

afterAll(async () => {
  region.load.close()
  await Promise.all(
    [region.haproxy, region.admin, region.apps.blue, region.apps.green, job].map((part) => part.close()),
  )
})

/** The example's repository with this region's addresses. */
async function repository(): Promise<Record<string, string>> {
  const scripts = ['deploy', 'snapshot', 'restore', 'smoke'].map((name) => `ops/${name}.mjs`)
  const files = Object.fromEntries(
    await Promise.all(
      scripts.map(async (path) => [path, await readFile(join(example, path), 'utf8')] as const),
    ),
  )
  const config = (await readFile(join(example, 'rollout.yml'), 'utf8'))
    .replaceAll('proxy-port: 9999', `proxy-port: ${region.haproxy.ports.admin}`)
    .replaceAll('http://127.0.0.1:8404/metrics', region.haproxy.metrics)
    .replaceAll('http://127.0.0.1:8405', region.admin.url)
    .replace(/notifications:\n.*\n/, '')
  return { ...files, 'rollout.yml': config }
}

/** One step of the deploy job of region.yml. */
function step(action: string, inputs: Record<string, string>): Promise<BundleResult> {
  const env = {
    GITHUB_API_URL: 'http://127.0.0.1:9',
    DEPLOY_ACTIONS_SPEED: String(SPEED),
    DEPLOY_ACTIONS_EPOCH: '1770000000000',
  }
  return job.run(action, {
    inputs: {
      config: 'rollout.yml',
      region: 'us-east',
      ledger: `file:${job.temp}/ledger`,
      image: 'registry.example.com/shop',
      secrets: '',
      'github-token': '',
      ...inputs,
    },
    env,
  })
}

async function begun(): Promise<string> {
  const { outputs, stdout } = await step('restore-point', { mode: 'begin', ...release })
  if (!outputs['transaction']) throw new Error(stdout)
  return outputs['transaction']
}

/** HAProxy's own word: `25 (initial 100)`. */
async function weights(): Promise<{ blue: string; green: string }> {
  const weight = async (server: string): Promise<string> =>
    (await askRuntime(region.haproxy.ports.admin, `get weight app/${server}`)).split(' ')[0] ?? ''
  return { blue: await weight('blue'), green: await weight('green') }
}

describe('a rollout against the real HAProxy', () => {
  it('takes a release back that fails 5 % of its requests', async () => {
    await region.apps.green.setFault({ errors: 0.05 })
    const transaction = await begun()
    expect((await step('run-hook', { hook: 'deploy', transaction })).outputs).toMatchObject({
      outcome: 'done',
    })
    const canary = await step('canary-step', { transaction })
    expect(canary.outputs).toMatchObject({
      verdict: 'fail',
      'rolled-back': 'true',
      'rollback-verified': 'true',
    })
    expect(await weights()).toEqual({ blue: '100', green: '0' })
    expect(region.apps.green.running).toMatchObject({ version: '1.1.0' })
    const restored = await step('restore-point', { mode: 'restore', to: 'open', transaction })
    expect(restored.outputs).toMatchObject({ outcome: 'restored' })
    expect(region.apps.green.running).toMatchObject({ version: '1.0.0' })
    expect(canary.exitCode).toBe(1)
  }, 120_000)

  it('promotes a healthy release, and no request fails but by the app itself', async () => {
    await region.apps.green.setFault({})
    const before = region.load.counts.failed
    const transaction = await begun()
    expect((await step('run-hook', { hook: 'deploy', transaction })).exitCode).toBe(0)
    expect((await step('health-gate', { gate: 'after-deploy', transaction })).outputs).toMatchObject({
      verdict: 'pass',
    })
    expect((await step('canary-step', { transaction })).outputs).toMatchObject({
      outcome: 'promoted',
      verdict: 'pass',
    })
    expect((await step('restore-point', { mode: 'commit', transaction })).outputs).toMatchObject({
      outcome: 'committed',
    })
    expect(await weights()).toEqual({ blue: '0', green: '100' })
    const { proxy, connection } = region.load.counts.failed
    expect({ proxy, connection }).toEqual({ proxy: before.proxy, connection: before.connection })
  }, 120_000)
})
