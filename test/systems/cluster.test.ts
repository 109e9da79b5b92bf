import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { until } from './loopback'
import { startRealCluster, type RealCluster } from './real-cluster'

// What the tests of Kubernetes and Helm rest on, as the real API server and both majors of Helm have it.

const run = promisify(execFile)
const HELM = ['helm3', 'helm4'] as const
type Helm = (typeof HELM)[number]

/** Pods whose template says so never get their image: its weight keeps out the stage that makes pods ready. */
const NO_IMAGE = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: image-pull }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: '.metadata.annotations["test/fails"]', operator: In, values: [image-pull] }
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.phase, operator: In, values: [Pending] }
  weight: 10000
  next:
    statusTemplate: |
      phase: Pending
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        ready: false
        restartCount: 0
        state: { waiting: { reason: ImagePullBackOff, message: "Back-off pulling image" } }
      {{ end }}
`

let cluster: RealCluster
let chart: string
beforeAll(async () => {
  cluster = await startRealCluster([NO_IMAGE])
  chart = await mkdtemp(path.join(tmpdir(), 'chart-'))
  await mkdir(path.join(chart, 'templates'))
  await writeFile(path.join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n')
  await writeFile(path.join(chart, 'values.yaml'), 'digest: ""\nfails: ""\n')
  await writeFile(
    path.join(chart, 'templates/deployment.yaml'),
    `apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: 3
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
      annotations: { test/fails: {{ .Values.fails | quote }} }
    spec:
      containers: [{ name: app, image: "registry.example.com/shop@{{ .Values.digest }}" }]
`,
  )
}, 180_000)
afterAll(async () => {
  await cluster.close()
  await rm(chart, { recursive: true })
})

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

/** What it printed, and how it ended. */
async function helm(
  major: Helm,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const bin = fileURLToPath(new URL(`../../.cache/systems/bin/${major}`, import.meta.url))
  const env = { PATH: process.env['PATH'], HOME: chart, KUBECONFIG: cluster.kubeconfig }
  try {
    return { code: 0, ...(await run(bin, args, { env })) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}
const upgrade = (major: Helm, letter: string, ...more: string[]) =>
  helm(major, 'upgrade', '--install', major, chart, '--set', `digest=${digest(letter)}`, ...more)
const history = async (major: Helm): Promise<{ revision: number; status: string; description: string }[]> =>
  JSON.parse((await helm(major, 'history', major, '-o', 'json')).stdout) as never
const deployment = async (name: string): Promise<{ status: Record<string, number> }> =>
  (await cluster.request('GET', `/apis/apps/v1/namespaces/default/deployments/${name}`)).body as never

describe.each(HELM)('a release of %s', (major) => {
  it('is there once all its pods are ready', async () => {
    expect(await upgrade(major, 'a', '--wait', '--timeout', '60s')).toMatchObject({ code: 0 })
    expect((await deployment(major)).status).toMatchObject({ readyReplicas: 3, updatedReplicas: 3 })
    expect(await history(major)).toMatchObject([
      { revision: 1, status: 'deployed', description: 'Install complete' },
    ])
  }, 120_000)

  it('whose image is not there fails when its time is over, and the reason is in its pods alone', async () => {
    const end = await upgrade(major, 'b', '--set', 'fails=image-pull', '--wait', '--timeout', '6s')
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/UPGRADE FAILED/)
    expect(end.stderr).not.toContain('ImagePullBackOff')
    expect((await history(major)).map(({ status }) => status)).toEqual(['deployed', 'failed'])
    // Whoever pretends the pods may take his time for that.
    await until(async () => {
      const { body } = await cluster.request(
        'GET',
        `/api/v1/namespaces/default/pods?labelSelector=app%3D${major}`,
      )
      const { items } = body as { items: { status: unknown }[] }
      if (!JSON.stringify(items.map(({ status }) => status)).includes('ImagePullBackOff'))
        throw new Error('no pod says that its image is not there')
    }, 600)
  }, 120_000)

  it('rolls back to the revision before the last one, whatever became of that, where none is named', async () => {
    // 1 deployed, 2 failed; 3 fails, too: "rollback" alone would bring back 2.
    await upgrade(major, 'c', '--set', 'fails=image-pull', '--wait', '--timeout', '6s')
    await helm(major, 'rollback', major)
    expect((await history(major)).at(-1)).toMatchObject({ revision: 4, description: 'Rollback to 2' })
    expect(await helm(major, 'rollback', major, '1', '--wait', '--timeout', '60s')).toMatchObject({ code: 0 })
    expect((await history(major)).at(-1)).toMatchObject({
      ...{ revision: 5, status: 'deployed', description: 'Rollback to 1' },
    })
    await until(async () => {
      const { status } = await deployment(major)
      if (status['readyReplicas'] !== 3) throw new Error(JSON.stringify(status))
    })
  }, 120_000)
})

it('is missing for Helm in words that both majors share', async () => {
  for (const major of HELM)
    expect(await helm(major, 'history', 'nobody', '-o', 'json')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('release: not found') },
    })
})
