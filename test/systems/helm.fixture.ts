import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { LocalCluster } from '@deploy-actions/local-cluster'
import { PODS_THAT_FAIL } from './pods-that-fail'
import { startRealCluster } from './real-cluster'

const run = promisify(execFile)

export const MAJORS = ['helm3', 'helm4'] as const
export type Major = (typeof MAJORS)[number]

/** Where test/systems/install has put it. */
export const programOf = (major: Major): string =>
  fileURLToPath(new URL(`../../.cache/systems/bin/${major}`, import.meta.url))

export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

interface ChartFolder {
  folder: string
  chart: string
  close(): Promise<void>
}

/** What a test of Helm needs: a cluster whose pods fail where their chart says so, and that chart. */
export interface HelmLab {
  cluster: LocalCluster
  charts: ChartFolder
  close(): Promise<void>
}

export async function openHelmLab(): Promise<HelmLab> {
  const cluster = await startRealCluster(PODS_THAT_FAIL)
  const charts = await chartFolder()
  return {
    cluster,
    charts,
    async close() {
      await cluster.close()
      await charts.close()
    },
  }
}

/** A folder with a chart of one Deployment of three pods; `fails` of its values is what becomes of them. */
async function chartFolder(): Promise<ChartFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chart-'))
  const chart = path.join(folder, 'chart')
  await mkdir(path.join(chart, 'templates'), { recursive: true })
  await writeFile(path.join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 0.1.0\n')
  await writeFile(path.join(chart, 'values.yaml'), 'image: { digest: "" }\nfails: ""\n')
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
      containers: [{ name: app, image: "registry.example.com/shop@{{ .Values.image.digest }}" }]
`,
  )
  return { folder, chart, close: () => rm(folder, { recursive: true }) }
}

/** What Helm printed, and how it ended. */
export async function helm(
  major: Major,
  { kubeconfig, folder }: Pick<LocalCluster, 'kubeconfig' | 'folder'>,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig }
  try {
    return { code: 0, ...(await run(programOf(major), args, { env })) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

/** Oldest first. */
export const historyOf = async (
  major: Major,
  cluster: LocalCluster,
  release: string,
): Promise<{ revision: number; status: string; description: string }[]> =>
  JSON.parse((await helm(major, cluster, 'history', release, '-o', 'json')).stdout) as never

export const deploymentOf = async (
  cluster: LocalCluster,
  name: string,
): Promise<{ spec: unknown; status: Record<string, number> }> =>
  (await cluster.request('GET', `/apis/apps/v1/namespaces/default/deployments/${name}`)).body as never

/** The digest that a Deployment names. */
export const digestOf = async (cluster: LocalCluster, name: string): Promise<string | undefined> =>
  /shop@(sha256:[0-9a-f]{64})/.exec(JSON.stringify((await deploymentOf(cluster, name)).spec))?.[1]
