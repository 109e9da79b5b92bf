import { parseArgs } from 'node:util'
import { openBundleJob } from '../../packages/testing/src/index'
import { digest, helm, MAJORS, programOf, type Major } from '../systems/helm.fixture'
import { PODS_THAT_FAIL } from '../systems/pods-that-fail'
import { startRealCluster } from '../systems/real-cluster'

/*
 * What helm-deploy costs beside Helm: upgrades of a chart of 20 objects on a real API server whose pods are ready at once,
 * by Helm alone and by the action in turns; seconds are medians, and the difference is what the action adds.
 * npm run bench:helm -- [--runs 5] [--check]; test/systems/install and npm run release:assemble first
 */
const LIMIT_MS = 3_000

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, check: { type: 'boolean', default: false } },
})

const maps = Array.from(
  { length: 18 },
  (_, index) => `---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-${index} }
data: { digest: {{ .Values.image.digest | quote }} }
`,
).join('')
const CHART = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
  'chart/values.yaml': 'image: { digest: "" }\n',
  'chart/templates/all.yaml': `apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }} }
spec: { selector: { app: {{ .Release.Name }} }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: 3
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata: { labels: { app: {{ .Release.Name }} } }
    spec: { containers: [{ name: app, image: "shop@{{ .Values.image.digest }}" }] }
${maps}`,
}

const cluster = await startRealCluster(PODS_THAT_FAIL)
const job = await openBundleJob(CHART)
try {
  for (const major of MAJORS) {
    const [alone, added] = await measure(major)
    console.log(
      `${major}: helm alone ${seconds(alone)}, helm-deploy adds ${seconds(added)} (limit ${seconds(LIMIT_MS)})`,
    )
    if (values.check && added > LIMIT_MS) process.exitCode = 1
  }
} finally {
  await job.close()
  await cluster.close()
}

/** Of upgrades in turns, each with another digest: by Helm alone, and how much longer the action takes. */
async function measure(major: Major): Promise<[alone: number, added: number]> {
  const rounds = []
  for (let round = 0; round < Number(values.runs); round++) {
    const [one = '', other = ''] = ['ab', 'cd', 'ef'][round % 3] ?? ''
    rounds.push({
      alone: await timed(() => byHelm(major, one)),
      action: await timed(() => byAction(major, other)),
    })
  }
  const alone = median(rounds.map((round) => round.alone))
  return [alone, median(rounds.map((round) => round.action - round.alone))]
}

async function byHelm(major: Major, letter: string): Promise<void> {
  const set = `image.digest=${digest(letter)}`
  const chart = `${job.workspace}/chart`
  const { code, stderr } = await helm(
    major,
    cluster,
    ...['upgrade', `${major}-alone`, chart, '--install', '--wait', '--set-string', set],
  )
  if (code !== 0) throw new Error(stderr)
}

async function byAction(major: Major, letter: string): Promise<void> {
  const { exitCode, stdout } = await job.run('helm-deploy', {
    env: { KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder, GITHUB_API_URL: 'http://127.0.0.1:9' },
    inputs: {
      ...{ mode: 'deploy', release: `${major}-action`, namespace: 'default', chart: 'chart' },
      ...{ digest: digest(letter), helm: programOf(major), 'github-token': 'token' },
    },
  })
  if (exitCode !== 0) throw new Error(stdout)
}

async function timed(run: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await run()
  return performance.now() - started
}

function median(all: number[]): number {
  return all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
