import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import type { LocalCluster } from '@deploy-actions/local-cluster'
import { openBundleJob, type BundleJob, type BundleResult } from '@deploy-actions/testing'
import { digest, helm, MAJORS, programOf, type Major } from './helm.fixture'
import { filesBeneath, leaksIn, watchArguments, type Leak, type Left } from './leaks'
import { logsFrom, PODS_THAT_FAIL } from './pods-that-fail'
import { startRealCluster } from './real-cluster'

// A job whose chart, values, hooks, pods and Helm say values aloud, and then a search for them in all that it has left:
// once as it is shipped, where nothing is found, and once with everything switched off that takes values out, where each
// one is. So the search is able to find them, and they are where they can be said.

/** Each has what stands otherwise in JSON, in an address, in base64 and in Markdown. */
const awkward = (name: string): string => `${name}-"s" \\w/o+r%d&fish é`
const VALUES = {
  /** of the secret that values-secret names; a pod prints it */
  ofSecret: awkward('of-secret'),
  /** the same; a hook prints it */
  saidByHook: awkward('said-by-hook'),
  /** the same; it becomes a Secret, whose change is told */
  ofSecretChanged: awkward('of-secret-changed'),
  /** of a Secret of the chart, which no secret of the job has in it; its change is told */
  ofChart: awkward('of-chart'),
  /** the same; a pod prints it */
  ofChartInPod: awkward('of-chart-in-pod'),
  /** of the input values; the API server does not take it, and says so to Helm */
  refused: awkward('refused'),
  /** the same, of a field that cannot be changed */
  immutable: 'swordfish-that-cannot-be-changed',
  /** of a file of values; it becomes an annotation, whose change is told */
  ofFile: awkward('of-file'),
}

const CHART = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
  'chart/templates/all.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: {{ .Values.replicas | default 1 }}
  selector: { matchLabels: { app: {{ .Release.Name }}, more: {{ .Values.selector | default "a" }} } }
  template:
    metadata:
      labels: { app: {{ .Release.Name }}, more: {{ .Values.selector | default "a" }} }
      annotations:
        test/fails: {{ .Values.fails | quote }}
        test/note: {{ .Values.note | quote }}
    spec:
      containers: [{ name: app, image: "registry.example.com/shop@{{ .Values.image.digest }}" }]
---
apiVersion: v1
kind: Secret
metadata: { name: {{ .Release.Name }} }
stringData:
  password: {{ .Values.password | quote }}
  changed: {{ .Values.changed | quote }}
  {{- if .Values.second }}
  chart: {{ .Files.Get "chart" | quote }}
  {{- else }}
  chart: another
  {{- end }}
  pod: {{ .Files.Get "pod" | quote }}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}, labels: { is: {{ .Values.label | default "a" | quote }} } }
---
{{- if .Values.hook }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-hook
  annotations: { helm.sh/hook: pre-upgrade, helm.sh/hook-output-log-policy: hook-failed }
spec:
  backoffLimit: 0
  template:
    metadata: { annotations: { test/fails: image-pull } }
    spec: { restartPolicy: Never, containers: [{ name: a, image: "a:1" }] }
{{- end }}
`,
  'chart/chart': VALUES.ofChart,
  'chart/pod': VALUES.ofChartInPod,
  'values/first.yaml': 'note: first\n',
  'values/second.yaml': `second: true\nnote: ${JSON.stringify(VALUES.ofFile)}\n`,
}
/** What the repository has: no run has left it there. */
const INPUTS = /^workspace\/(chart|values)\//

const secretOf = (changed: string): string =>
  `VALUES=${JSON.stringify({ password: VALUES.ofSecret, printed: VALUES.saidByHook, changed })}`

let cluster: LocalCluster
let printed: string
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'printed-'))
  printed = path.join(folder, 'app.log')
  await pods('')
  cluster = await startRealCluster([...PODS_THAT_FAIL, logsFrom(printed)])
}, 180_000)
afterAll(async () => {
  await cluster.close()
  await rm(folder, { recursive: true })
})

/** What every container has printed from now on: each text as it is, and as programs log it. */
const pods = (...texts: string[]): Promise<void> =>
  writeFile(
    printed,
    texts
      .flatMap((text) => [
        `I have ${text}`,
        `{"password":${JSON.stringify(text)}}`,
        `{"message":${JSON.stringify(JSON.stringify({ password: text }))}}`,
        `GET /?password=${encodeURIComponent(text)}`,
        `POST ${new URLSearchParams({ password: text }).toString()}`,
        `Authorization: Basic ${Buffer.from(`admin:${text}`).toString('base64')}`,
        `Authorization: Basic ${Buffer.from(`me:${text}`).toString('base64')}`,
        `token ${Buffer.from(`x${text}:y`).toString('base64url')}`,
      ])
      .map((line) => `2026-01-01T00:00:00Z stdout F ${line}\n`)
      .join(''),
  )

const UNREDACTED = [
  ...['--import', import.meta.resolve('tsx')],
  fileURLToPath(new URL('unredacted.mjs', import.meta.url)),
]

interface Run {
  results: BundleResult[]
  left: Left[]
}

/** A job with all that may go wrong, and its evidence uploaded. */
async function run(major: Major, release: string, node?: readonly string[]): Promise<Run> {
  const github = await testGitHub()
  const job = await openBundleJob(CHART)
  const watched = watchArguments()
  try {
    const results = await steps(job, { github, major, release, ...(node && { node }) })
    const root = path.dirname(job.workspace)
    const left = [
      ...(await filesBeneath(root, INPUTS)),
      ...(await filesBeneath(path.join(github.folder, 'artifacts'))),
      ...results.flatMap(({ stdout, stderr }, index) => logged(`step ${index}`, stdout + stderr)),
      ...(await watched.stop()),
    ]
    return { results, left }
  } finally {
    await watched.stop()
    await job.close()
    await github.close()
  }
}

interface Job {
  github: TestGitHub
  major: Major
  release: string
  node?: readonly string[]
}

async function steps(job: BundleJob, { github: lab, major, release, node }: Job): Promise<BundleResult[]> {
  const { run, job: view } = lab.begin({ actions: 'read' })
  const env = {
    ...lab.github.environmentFor(view, run),
    ...{ GITHUB_RUN_ID: String(run.id), KUBECONFIG: cluster.kubeconfig, HOME: path.join(job.temp, 'home') },
  }
  const audit = (state?: BundleResult['state']) =>
    job.run('audit-summary', {
      ...{ env, inputs: { mode: 'collect', 'job-id': String(view.id), 'github-token': view.token } },
      ...(state && { state }),
    })
  const deploy = (letter: string, inputs: Record<string, string>) =>
    job.run('helm-deploy', {
      ...{ env, ...(node && { node: [...node, 'helm-deploy'] }) },
      inputs: {
        ...{ mode: 'deploy', release, namespace: 'default', chart: 'chart', helm: programOf(major) },
        ...{ digest: digest(letter), timeout: '4s', 'github-token': view.token },
        ...{ 'values-secret': 'VALUES', 'values-files': 'values/second.yaml' },
        ...{ secrets: secretOf(VALUES.ofSecretChanged), ...inputs },
      },
    })
  const collecting = await audit()
  const first = await deploy('a', { secrets: secretOf('changed'), 'values-files': 'values/first.yaml' })
  await pods(VALUES.ofSecret, VALUES.ofChartInPod)
  const crashing = await deploy('b', { values: 'fails: crash-loop' })
  await pods(VALUES.saidByHook)
  const hook = await deploy('b', { values: 'hook: true' })
  const refused = await deploy('b', { values: `label: ${JSON.stringify(VALUES.refused)}` })
  const immutable = await deploy('b', { values: `selector: ${VALUES.immutable}` })
  const uploading = await audit(collecting.state)
  return [collecting, first, crashing, hook, refused, immutable, uploading]
}

/** Without what tells the runner what to hide: it shows none of that. */
const logged = (where: string, text: string): Left[] => [
  { where, bytes: Buffer.from(text.replace(/^::add-mask::.*$/gm, '')) },
]

/** Both, unless HELM_DEPLOY names one: a run of all takes minutes for each. */
const drawn = MAJORS.filter((major) => (process.env['HELM_DEPLOY'] ?? major) === major)

const ALL_REASONS = [undefined, undefined, 'crash-loop', 'hook-failed', 'other', 'immutable-field']

describe.each(drawn)('%s', (major) => {
  it('B6 50: no value is in anything that a run leaves', async () => {
    const { left, results } = await run(major, `${major}-shipped`)
    expect(results.slice(0, -1).map(({ outputs }) => outputs['failure-reason'])).toEqual(ALL_REASONS)
    const places = left.map(({ where }) => where)
    for (const kind of [/evidence\/0004\.json$/, /\(zip\): 0004\.json$/, /^arguments: \S+ upgrade /])
      expect(places).toContainEqual(expect.stringMatching(kind))
    expect(leaksIn(left, VALUES)).toEqual([])
  }, 180_000)

  it('B6 50: every value is found where nothing takes it out', async () => {
    const { left, results } = await run(major, `${major}-open`, UNREDACTED)
    expect(results.slice(0, -1).map(({ outputs }) => outputs['failure-reason'])).toEqual(ALL_REASONS)
    const leaks = leaksIn(left, VALUES)
    expect(new Set(leaks.map(({ value }) => value))).toEqual(new Set(Object.keys(VALUES)))
    for (const place of [/evidence\/\d+\.json$/, /\(zip\)/, /\/summary$/, /^step /])
      expect(leaks.map(({ where }: Leak) => where)).toContainEqual(expect.stringMatching(place))
  }, 180_000)

  it('B6 50: forty pods that print much leave a summary that GitHub takes', async () => {
    const line = `2026-01-01T00:00:00Z stdout F ::error::${'x'.repeat(9000)}\n`
    await writeFile(printed, line.repeat(500))
    const job = await openBundleJob(CHART)
    try {
      const { outputs, stdout, summary } = await job.run('helm-deploy', {
        env: { KUBECONFIG: cluster.kubeconfig, HOME: path.join(job.temp, 'home') },
        inputs: {
          ...{ mode: 'deploy', release: `${major}-many`, namespace: 'default', chart: 'chart' },
          ...{ helm: programOf(major), digest: digest('a'), timeout: '8s', 'log-lines': '500' },
          values: 'replicas: 40\nfails: crash-loop',
        },
      })
      expect(outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'crash-loop' })
      expect(summary).toContain('0/40 ready')
      // One of them stands for all: 500 lines of 500 characters, of which the runner obeys none.
      expect(stdout.match(/x{480,500}\.\.\./g)).toHaveLength(500)
      const [, token = ''] = /^::stop-commands::(\S+)$/m.exec(stdout) ?? []
      const [before, , after] = stdout.split(new RegExp(`^::(?:stop-commands::)?${token}(?:::)?$`, 'm'))
      expect(`${before}${after}`).not.toContain('::error::x')
      // GitHub drops a summary of more than 1 MiB as a whole.
      expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024)
    } finally {
      await job.close()
    }
  }, 60_000)

  it('B6 50: a value would be found in arguments, too', async () => {
    const watched = watchArguments()
    await helm(
      major,
      cluster,
      ...['upgrade', '--install', 'a', cluster.folder, '--set-string', VALUES.ofFile],
    )
    expect(leaksIn(await watched.stop(), VALUES)).toMatchObject([{ value: 'ofFile', form: 'plain' }])
  })
})
