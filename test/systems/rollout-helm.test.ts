import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  openBundleJob,
  startFakeHaproxy,
  type BundleJob,
  type BundleResult,
  type BundleRun,
  type FakeHaproxy,
} from '@deploy-actions/testing'
import type { LocalCluster } from '@deploy-actions/local-cluster'
import { digest, digestOf, historyOf, MAJORS, openHelmLab, programOf, type HelmLab } from './helm.fixture'

// The shipped actions, begin to commit and begin to restore, with both majors of Helm on a real API server.

let cluster: LocalCluster
let charts: HelmLab['charts']
let close: HelmLab['close']
beforeAll(async () => {
  ;({ cluster, charts, close } = await openHelmLab())
}, 180_000)
afterAll(() => close())

let haproxy: FakeHaproxy
const jobs: BundleJob[] = []
beforeEach(async () => {
  haproxy = await startFakeHaproxy({ blue: 100, green: 0 })
})
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.close()
  await haproxy.close()
})

describe.each(MAJORS)('a rollout by %s', (major) => {
  const green = `${major}-shop-green`

  /** The repository, with what becomes of the pods of its chart. */
  async function files(fails: string): Promise<Record<string, string>> {
    const chart = await Promise.all(
      ['Chart.yaml', 'values.yaml', 'templates/deployment.yaml'].map(async (file) => [
        `chart/${file}`,
        await readFile(path.join(charts.chart, file), 'utf8'),
      ]),
    )
    return {
      ...(Object.fromEntries(chart) as Record<string, string>),
      'values/eu.yaml': `fails: "${fails}"\nnote: swordfish\n`,
      'rollout.yml': `version: 1
service: shop
regions: [{ name: eu, environment: production-eu }]
deploy:
  helm:
    release: ${major}-shop-\${arm}
    namespace: default
    chart: chart
    values: ["values/\${region}.yaml"]
    helm: ${programOf(major)}
    timeout: 8s
traffic: { canary: { router: { type: haproxy, host: 127.0.0.1, port: ${haproxy.port}, backend: app } } }
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:9/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }
  errors: { source: proxy, sum: ['errors_total{arm="\${arm}"}'] }
`,
    }
  }
  async function job(fails = ''): Promise<BundleJob> {
    const opened = await openBundleJob(await files(fails))
    jobs.push(opened)
    return opened
  }
  const step = (
    { run }: BundleJob,
    action: string,
    inputs: Record<string, string>,
    more: Omit<BundleRun, 'inputs'> = {},
  ): Promise<BundleResult> =>
    run(action, {
      ...more,
      inputs: {
        ...{ config: 'rollout.yml', region: 'eu', image: 'registry.example.com/shop', secrets: '' },
        ...{ 'github-token': '', ledger: `file:${charts.folder}/ledger-${major}`, ...inputs },
      },
      env: { GITHUB_API_URL: 'http://127.0.0.1:9', KUBECONFIG: cluster.kubeconfig, HOME: charts.folder },
    })
  async function begun(deploying: BundleJob, letter: string): Promise<string> {
    const release = { version: letter, digest: digest(letter) }
    const { outputs, stdout } = await step(deploying, 'restore-point', { mode: 'begin', ...release })
    if (!outputs['transaction']) throw new Error(stdout)
    return outputs['transaction']
  }
  const last = async () => (await historyOf(major, cluster, green)).at(-1)
  const runs = () => digestOf(cluster, green)

  it('brings a release by its digest, and commits it', async () => {
    const deploying = await job()
    const transaction = await begun(deploying, 'a')
    const deployed = await step(deploying, 'run-hook', { hook: 'deploy', transaction })
    expect(deployed.outputs).toMatchObject({
      outcome: 'done',
      reason: `${green} was brought to ${digest('a')}: 1 workload is new and ready, of 3 no node says what they run`,
    })
    expect(await runs()).toBe(digest('a'))
    haproxy.weights = { blue: 0, green: 100 }
    const committed = await step(deploying, 'restore-point', { mode: 'commit', transaction })
    expect(committed.outputs).toMatchObject({ outcome: 'committed' })
  }, 120_000)

  it('puts the arm back to the revision that ran when the next one does not become ready', async () => {
    const deploying = await job('image-pull')
    const transaction = await begun(deploying, 'b')
    const deployed = await step(deploying, 'run-hook', { hook: 'deploy', transaction })
    expect(deployed.outputs).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /^ImagePullBackOff: registry\.example\.com\/shop@sha256:b+ in Deployment default\/\S+, 0\/3 ready .*UPGRADE FAILED/,
      ),
    })
    expect([await runs(), (await last())?.status]).toEqual([digest('b'), 'failed'])
    // Nothing of a values file is printed or kept.
    const folder = path.join(deploying.temp, 'deploy-actions/evidence')
    const kept = await Promise.all(
      (await readdir(folder)).map((name) => readFile(path.join(folder, name), 'utf8')),
    )
    expect(kept.length).toBeGreaterThan(1)
    expect([...kept, deployed.stdout, deployed.stderr, deployed.summary].join()).not.toContain('swordfish')
    const restored = await step(deploying, 'restore-point', { mode: 'restore', to: 'open', transaction })
    expect(restored.outputs).toMatchObject({ outcome: 'restored' })
    expect(await runs()).toBe(digest('a'))
    expect(await last()).toMatchObject({ status: 'deployed', description: 'Rollback to 1' })
  }, 120_000)

  it('is put back by the guard when its job was killed in the middle of the upgrade', async () => {
    const deploying = await job('image-pull')
    const transaction = await begun(deploying, 'c')
    const when = async (): Promise<boolean> => (await last())?.status === 'pending-upgrade'
    const end = { signal: 'SIGKILL' as const, when }
    await step(deploying, 'run-hook', { hook: 'deploy', transaction }, { end })
    const guard = await job('image-pull')
    const restored = await step(guard, 'restore-point', { mode: 'restore', to: transaction })
    expect(restored.outputs).toMatchObject({ outcome: 'restored' })
    expect(await runs()).toBe(digest('a'))
    expect(await last()).toMatchObject({
      status: 'deployed',
      description: expect.stringMatching(/^Rollback to/),
    })
    // And the next release is nobody's to keep out.
    const next = await job()
    expect(await begun(next, 'd')).toMatch(/-shop-eu-/)
  }, 120_000)
})
