import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmod, copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openBundleJob, type BundleJob, type BundleResult } from '@deploy-actions/testing'
import type { LocalCluster } from '@deploy-actions/local-cluster'
import { openChartSources, type ChartSources } from './chart-sources'
import {
  deploymentOf,
  digest,
  digestOf,
  MAJORS,
  openHelmLab,
  programOf,
  type HelmLab,
  type Major,
} from './helm.fixture'

// Charts that are not in the repository, and what is rendered changed on its way: with both majors of Helm, a registry, a
// repository over TLS, signatures, and a real API server.

const CHART = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
  'chart/values.yaml': 'image: { digest: "" }\n',
  'chart/templates/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: 1
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata: { labels: { app: {{ .Release.Name }} } }
    spec: { containers: [{ name: app, image: "registry.example.com/shop@{{ .Values.image.digest }}" }] }
`,
}
/** Renders a marker into what it is given. */
const RENDERER = "#!/bin/sh\nsed 's/replicas: 1/replicas: 2/'\n"

let cluster: LocalCluster
let closeLab: HelmLab['close']
let sources: ChartSources
let job: BundleJob
let home: string
beforeAll(async () => {
  ;({ cluster, close: closeLab } = await openHelmLab())
  sources = await openChartSources(CHART)
  // A folder of the name of the repository's chart, which Helm 3 would take instead.
  job = await openBundleJob({ ...CHART, 'ops/render.sh': RENDERER, 'shop/package.json': '{}' })
  await chmod(path.join(job.workspace, 'ops/render.sh'), 0o755)
  await mkdir(path.join(job.workspace, 'keys'))
  await copyFile(sources.keyring, path.join(job.workspace, 'keys/charts.gpg'))
  await copyFile(sources.strangers, path.join(job.workspace, 'keys/strangers.gpg'))
  home = await mkdtemp(path.join(job.temp, 'home-'))
}, 180_000)
afterAll(async () => {
  await job.close()
  await sources.close()
  await closeLab()
})

const deploy = (major: Major, release: string, inputs: Record<string, string>): Promise<BundleResult> =>
  job.run('helm-deploy', {
    env: { KUBECONFIG: cluster.kubeconfig, HOME: home, SSL_CERT_FILE: sources.certificates },
    inputs: {
      ...{ mode: 'deploy', namespace: 'default', timeout: '20s', helm: programOf(major), release },
      ...{ digest: digest('a'), ...inputs },
    },
  })
const fromRepository = () => ({
  ...{ chart: 'shop', 'chart-repository': sources.repository, 'chart-version': '0.1.0' },
})
/** A plugin of Helm 4 that changes what is rendered, in the folder of a user. */
async function plantRenderer(name: string): Promise<void> {
  const folder = path.join(home, '.local/share/helm/plugins', name)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'render.sh'), RENDERER, { mode: 0o755 })
  await writeFile(
    path.join(folder, 'plugin.yaml'),
    `apiVersion: v1
type: postrenderer/v1
name: ${name}
version: 0.1.0
runtime: subprocess
runtimeConfig:
  platformCommand:
    - command: \${HELM_PLUGIN_DIR}/render.sh
`,
  )
}

describe.each(MAJORS)('%s', (major) => {
  it('takes a chart of a registry by its digest, and no other', async () => {
    const name = `${major}-oci`
    const good = await deploy(major, name, { chart: `${sources.registry}@${sources.digest}` })
    expect(good.outputs).toMatchObject({ outcome: 'deployed', 'chart-version': '0.1.0' })
    expect(await digestOf(cluster, name)).toBe(digest('a'))
    const other = await deploy(major, `${name}-other`, { chart: `${sources.registry}@${digest('9')}` })
    expect(other).toMatchObject({ exitCode: 1, outputs: { 'failure-reason': 'render-failed' } })
    const down = await deploy(major, `${name}-down`, {
      chart: `oci://127.0.0.1:9/charts/shop@${digest('9')}`,
    })
    expect(down).toMatchObject({ exitCode: 1, outputs: { 'failure-reason': 'render-failed' } })
    expect(await deploymentOf(cluster, `${name}-other`)).toMatchObject({ kind: 'Status', code: 404 })
  }, 60_000)

  it('takes a chart of a repository by its exact version, its signature proven where there are keys', async () => {
    const plain = await deploy(major, `${major}-repo`, fromRepository())
    expect(plain.outputs).toMatchObject({ outcome: 'deployed', 'chart-version': '0.1.0' })
    const proven = await deploy(major, `${major}-signed`, {
      ...fromRepository(),
      'chart-keyring': 'keys/charts.gpg',
    })
    expect(proven.outputs).toMatchObject({ outcome: 'deployed' })
    const strangers = { ...fromRepository(), 'chart-keyring': 'keys/strangers.gpg' }
    const refused = await deploy(major, `${major}-strangers`, strangers)
    expect([refused.exitCode, refused.outputs['reason']]).toEqual([1, expect.stringMatching(/signature|key/)])
    const missing = await deploy(major, `${major}-9`, { ...fromRepository(), 'chart-version': '9.9.9' })
    expect([missing.exitCode, missing.outputs['reason']]).toEqual([
      1,
      expect.stringMatching(/9\.9\.9|not found/),
    ])
    for (const name of ['strangers', '9'])
      expect(await deploymentOf(cluster, `${major}-${name}`)).toMatchObject({ code: 404 })
  }, 90_000)

  it('brings what a post-renderer has made of it, and verifies that', async () => {
    const name = `${major}-rendered`
    if (major === 'helm4') await plantRenderer('twice')
    const { outputs } = await deploy(major, name, {
      ...{ chart: 'chart', 'post-renderer': major === 'helm4' ? 'twice' : 'ops/render.sh' },
    })
    expect(outputs).toMatchObject({
      outcome: 'deployed',
      reason: expect.stringContaining('1 workload is new and ready, of 2 '),
    })
    expect(await deploymentOf(cluster, name)).toMatchObject({ spec: { replicas: 2 } })
  }, 60_000)
})

// The last one: what the repository serves is another chart afterwards.
it.each(MAJORS)(
  '%s: refuses a chart that is not the signed one any more',
  async (major) => {
    await sources.tamper()
    const signed = { ...fromRepository(), 'chart-keyring': 'keys/charts.gpg' }
    const refused = await deploy(major, `${major}-tampered`, signed)
    expect([refused.exitCode, refused.outputs['outcome']]).toEqual([1, 'failed'])
    expect(refused.outputs['reason']).toMatch(/sha256 sum does not match|digest|hash/i)
    expect(await deploymentOf(cluster, `${major}-tampered`)).toMatchObject({ code: 404 })
  },
  60_000,
)
