import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openBundleJob, type BundleJob, type BundleResult, type BundleRun } from '@deploy-actions/testing'
import { until, type LocalCluster } from '@deploy-actions/local-cluster'
import {
  deploymentOf,
  digest,
  digestOf,
  helm,
  historyOf,
  MAJORS,
  openHelmLab,
  programOf,
  type HelmLab,
  type Major,
} from './helm.fixture'
import { openLine, type Line } from './line'

// The shipped helm-deploy with both majors of Helm on a real API server: what it says is held against what is there.

/** A Deployment whose pods fail where the values say so, and beside it what else the bad days need. */
const CHART = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\nappVersion: "7.1"\n',
  'chart/values.yaml': `image: { digest: "" }
fails: ""
replicas: 3
selector: a
hook: ""
hookFails: ""
config: ""
widget: ""
`,
  'chart/templates/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: {{ .Release.Name }}, more: {{ .Values.selector }} } }
  template:
    metadata:
      labels: { app: {{ .Release.Name }}, more: {{ .Values.selector }} }
      annotations:
        test/fails: {{ .Values.fails | quote }}
        {{- with .Values.imageId }}
        test/image-id: {{ . }}
        {{- end }}
    spec:
      containers:
        - { name: proxy, image: "registry.example.com/proxy:1" }
        - name: app
          image: "registry.example.com/shop{{ with .Values.image.digest }}@{{ . }}{{ end }}"
          {{- with .Values.cpu }}
          resources: { requests: { cpu: {{ . | quote }} } }
          {{- end }}
`,
  'chart/templates/more.yaml': `{{- with .Values.hook }}
apiVersion: batch/v1
kind: Job
metadata: { name: {{ $.Release.Name }}-hook, annotations: { helm.sh/hook: {{ . }} } }
spec:
  backoffLimit: 0
  template:
    metadata: { annotations: { test/fails: {{ $.Values.hookFails | quote }} } }
    spec: { restartPolicy: Never, containers: [{ name: a, image: "a:1" }] }
{{- end }}
---
{{- with .Values.config }}
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ . }} }
{{- end }}
---
{{- with .Values.widget }}
apiVersion: {{ . }}.example.com/v1
kind: Widget
metadata: { name: {{ $.Release.Name }} }
{{- end }}
---
{{- with .Values.password }}
apiVersion: v1
kind: Secret
metadata: { name: {{ $.Release.Name }} }
stringData: { password: {{ . | quote }} }
{{- end }}
`,
  'chart/templates/NOTES.txt': '{{ .Values.password }}\n',
}

let cluster: LocalCluster
let close: HelmLab['close']
let job: BundleJob
let github: Server
/** what GitHub says of each run */
const runs = new Map<number, string>([
  [7, 'completed'],
  [8, 'in_progress'],
])
beforeAll(async () => {
  ;({ cluster, close } = await openHelmLab())
  job = await openBundleJob(CHART)
  github = createServer((request, response) => {
    const run = Number(/\/actions\/runs\/(\d+)/.exec(request.url ?? '')?.[1])
    const status = runs.get(run)
    response.writeHead(status ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ status, run_attempt: 1 }))
  }).listen(0, '127.0.0.1')
  await once(github, 'listening')
}, 180_000)
afterAll(async () => {
  github.close()
  await job.close()
  await close()
})

type Inputs = Record<string, string>

const step = (major: Major, inputs: Inputs, more: BundleRun = {}): Promise<BundleResult> =>
  job.run('helm-deploy', {
    ...more,
    env: {
      KUBECONFIG: cluster.kubeconfig,
      HOME: cluster.folder,
      GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
      ...more.env,
    },
    inputs: {
      ...{ mode: 'deploy', namespace: 'default', chart: 'chart', timeout: '20s', helm: programOf(major) },
      ...{ 'github-token': 'token-of-test' },
      ...inputs,
    },
  })
const modeOf = (major: Major, mode: string, release: string, more: Inputs = {}) =>
  step(major, { mode, release, chart: '', ...more })

async function deployed(major: Major, release: string, letter: string, more: Inputs = {}) {
  const result = await step(major, { release, digest: digest(letter), ...more })
  expect(result.outputs).toMatchObject({ outcome: 'deployed' })
  return result
}
async function failing(major: Major, release: string, letter: string, more: Inputs = {}) {
  const result = await step(major, { release, digest: digest(letter), ...more })
  expect(result).toMatchObject({ exitCode: 1, outputs: { outcome: 'failed' } })
  return result
}
const revisions = async (major: Major, release: string) =>
  (await historyOf(major, cluster, release)).map(({ revision, status }) => `${revision} ${status}`)
const gone = async (release: string) => (await deploymentOf(cluster, release)).status as unknown

/** Begins an upgrade by somebody, and kills it in the middle. */
async function killed(major: Major, release: string, letter: string, labels = '') {
  const child = spawn(
    programOf(major),
    [
      ...['upgrade', '--install', release, path.join(job.workspace, 'chart'), '--wait'],
      ...['--set', `image.digest=${digest(letter)}`, '--set', 'fails=image-pull'],
      ...(labels ? ['--labels', labels] : []),
    ],
    {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: cluster.folder, KUBECONFIG: cluster.kubeconfig },
    },
  )
  await until(async () => {
    const last = (await historyOf(major, cluster, release)).at(-1)
    if (!last?.status.startsWith('pending-')) throw new Error(`it is ${last?.status}`)
  })
  child.kill('SIGKILL')
}
/** A plugin as nobody has signed it, in the folder of a user; gives the file that says that it was asked. */
async function plantDiff(home: string, code: number): Promise<string> {
  const folder = path.join(home, '.local/share/helm/plugins/diff')
  const asked = path.join(home, 'asked')
  await mkdir(folder, { recursive: true })
  await writeFile(
    path.join(folder, 'plugin.yaml'),
    'name: diff\nversion: 3.9.0\nusage: a\ndescription: a\ncommand: "$HELM_PLUGIN_DIR/diff"\n',
  )
  await writeFile(path.join(folder, 'diff'), `#!/bin/sh\ntouch ${asked}\nexit ${code}\n`, { mode: 0o755 })
  return asked
}

/** Path of a kubeconfig whose API server is at the other end of a line. */
async function behind({ port }: Line): Promise<string> {
  const file = path.join(job.temp, `kubeconfig-${port}`)
  const text = await readFile(cluster.kubeconfig, 'utf8')
  await writeFile(file, text.replace(cluster.server, `https://127.0.0.1:${port}`), { mode: 0o600 })
  return file
}
const ofRun = (run: number, revision: number) =>
  `gha-run-id=${run},gha-run-attempt=1,gha-repo=acme.shop,gha-revision=${revision}`
const NO_AGE = { 'stuck-after': '1ms' }

/** Both, unless HELM_DEPLOY names one: a run of all takes minutes for each. */
const drawn = MAJORS.filter((major) => (process.env['HELM_DEPLOY'] ?? major) === major)

it('is held against a Helm that there is', () => expect(drawn).not.toEqual([]))

describe.each(drawn)('%s', (major) => {
  it('B6 1, 2, 11 and 46: installs, and goes back past all that failed, and verifies live objects', async () => {
    const name = `${major}-a`
    const first = await deployed(major, name, 'a', { 'app-version': '' })
    expect(first.outputs).toMatchObject({
      ...{ revision: '1', 'previous-revision': '0', status: 'deployed', changed: 'true' },
      ...{ 'chart-version': '0.1.0', 'app-version': '7.1' },
    })
    expect(first.outputs['apply-method']).toBe(major === 'helm4' ? 'server-side' : undefined)
    expect(JSON.parse(first.outputs['images'] ?? '')).toEqual({
      [`Deployment/${name} (proxy)`]: 'registry.example.com/proxy:1',
      [`Deployment/${name} (app)`]: `registry.example.com/shop@${digest('a')}`,
    })
    await failing(major, name, 'b', { values: 'fails: image-pull', timeout: '4s', 'on-failure': 'keep' })
    const second = await failing(major, name, 'c', { values: 'fails: image-pull', timeout: '4s' })
    expect(second.outputs).toMatchObject({
      ...{ 'failure-reason': 'image-pull', 'rolled-back': 'true', 'rollback-verified': 'true' },
      ...{ 'previous-revision': '1', revision: '4' },
      reason: expect.stringMatching(
        new RegExp(
          `^image-pull: ${name} in default: ImagePullBackOff: registry.example.com/proxy:1 in Deployment default/${name}, 0/3 ready .*; ${name} is back at revision 1 \\(now 4, deployed\\); 1 workload is new and ready, live objects are as the manifest says; `,
        ),
      ),
    })
    expect(await digestOf(cluster, name)).toBe(digest('a'))
    expect(await revisions(major, name)).toEqual(['1 superseded', '2 failed', '3 failed', '4 deployed'])
  }, 120_000)

  it('B6 12 and 14: a second rollback does not flip back, and one to what runs is nothing to do', async () => {
    const name = `${major}-a`
    await deployed(major, name, 'd')
    expect((await modeOf(major, 'rollback', name)).outputs).toMatchObject({
      ...{ outcome: 'rolled-back', revision: '6' },
      reason: expect.stringContaining('(the last good one, found in its history)'),
    })
    expect(await digestOf(cluster, name)).toBe(digest('a'))
    const again = await modeOf(major, 'rollback', name)
    expect(again.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'no-target' })
    expect((await modeOf(major, 'rollback', name, { revision: '6' })).outputs).toMatchObject({
      ...{ outcome: 'nothing-to-do', changed: 'false' },
    })
    expect((await modeOf(major, 'rollback', name, { revision: '77' })).outputs['failure-reason']).toBe(
      'no-target',
    )
  }, 60_000)

  it.each([
    ['30', 'fails: image-pull', 'image-pull', 'ImagePullBackOff: registry.example.com/proxy:1'],
    ['31', 'fails: crash-loop', 'crash-loop', 'CrashLoopBackOff: proxy (exit code 3, 3 restarts)'],
    ['32', 'fails: out-of-memory', 'oom-killed', 'OOMKilled: proxy (exit code 137, 2 restarts)'],
    ['33', 'fails: config', 'config-error', 'CreateContainerConfigError: proxy: secret "db" not found'],
    ['34', 'cpu: 1000', 'unschedulable', 'Unschedulable: 0/1 nodes are available: 1 Insufficient cpu'],
    ['36', 'fails: probe', 'probe-failing', 'Unhealthy: proxy: its readiness probe does not succeed'],
  ])(
    'B6 %s: %s is told by its reason in the first line, and taken back',
    async (_, values, reason, line) => {
      const name = `${major}-why`
      await deployed(major, name, 'a')
      const { outputs, stdout } = await failing(major, name, 'b', { values, timeout: '4s' })
      expect(outputs).toMatchObject({
        ...{ 'failure-reason': reason, 'rolled-back': 'true', 'rollback-verified': 'true' },
        reason: expect.stringMatching(new RegExp(`^${reason}: ${name} in default: `)),
        'failure-summary': expect.stringContaining(line),
      })
      expect(outputs['failure-summary']).toContain(`in Deployment default/${name}, 0/3 ready`)
      expect(stdout).toContain(line)
      expect(await digestOf(cluster, name)).toBe(digest('a'))
    },
    60_000,
  )

  it('B6 24, 27 and 28: what runs is told from what was asked for', async () => {
    const name = `${major}-runs`
    const running = (id: string) => ({ values: `imageId: ${id}` })
    const mirrored = await deployed(major, name, 'a', running(`mirror.example.com/shop@${digest('a')}`))
    expect(mirrored.outputs['reason']).toContain(`3 containers run ${digest('a')}`)
    // The digest of an index is asked for, and the node names that of its platform.
    const platform = await deployed(major, name, 'b', running(`node.example.com/api@${digest('e')}`))
    expect(platform.outputs['reason']).toContain(
      `3 run the image of their platform in the index ${digest('b')}`,
    )
    expect(await digestOf(cluster, name)).toBe(digest('b'))
  }, 60_000)

  it('B6 47: what a way back has left over is found, and it does not count as verified', async () => {
    const name = `${major}-left`
    await deployed(major, name, 'a')
    await failing(major, name, 'b', { values: 'fails: image-pull', timeout: '4s', 'on-failure': 'keep' })
    const left = {
      op: 'add',
      path: '/spec/template/spec/containers/-',
      value: { name: 'left', image: 'left' },
    }
    const path = `/apis/apps/v1/namespaces/default/deployments/${name}`
    await cluster.request('PATCH', path, [left], 'application/json-patch+json')
    const back = await modeOf(major, 'rollback', name)
    expect(back).toMatchObject({
      exitCode: 1,
      outputs: {
        ...{ 'failure-reason': 'rollback-unverified', 'rollback-verified': 'false' },
        reason: expect.stringContaining(
          `Deployment ${name} is not as its manifest says: spec.template.spec.containers[left] is in the cluster and not in the manifest`,
        ),
      },
    })
    expect(await digestOf(cluster, name)).toBe(digest('a'))
  }, 60_000)

  it('B6 29: no change is a new revision, and says so', async () => {
    const name = `${major}-same`
    await deployed(major, name, 'd')
    expect((await deployed(major, name, 'd')).outputs).toMatchObject({
      ...{ revision: '2', changed: 'false', 'diff-add': '0', 'diff-modify': '0', 'diff-remove': '0' },
    })
    const other = await deployed(major, name, 'e', {
      values: `replicas: 4\nconfig: ${major}-extra\npassword: swordfish`,
    })
    expect(other.outputs).toMatchObject({ 'diff-add': '2', 'diff-modify': '1', 'diff-remove': '0' })
    expect(other.stdout).toContain('spec.replicas: 3 -> 4')
    expect(other.stdout).not.toContain('swordfish')
    const less = await step(major, { release: name, digest: digest('e'), 'dry-run': 'true' })
    expect(less.outputs).toMatchObject({ outcome: 'would-write', 'diff-modify': '1', 'diff-remove': '2' })
  }, 60_000)

  it('B6 3 and 48: a first install that fails is left, one after it succeeds, or it is taken away', async () => {
    const name = `${major}-b`
    const bad = { values: 'fails: image-pull', timeout: '4s' }
    const kept = await failing(major, name, 'a', bad)
    expect(kept.outputs).toMatchObject({ 'rolled-back': 'false', status: 'failed' })
    expect(await revisions(major, name)).toEqual(['1 failed'])
    expect(await digestOf(cluster, name)).toBe(digest('a'))
    expect((await deployed(major, name, 'b')).outputs).toMatchObject({
      revision: '2',
      'previous-revision': '0',
    })
    const taken = await failing(major, `${name}2`, 'a', { ...bad, 'first-install-failure': 'uninstall' })
    expect(taken.outputs).toMatchObject({ 'rolled-back': 'true', status: 'not-installed' })
    expect(await gone(`${name}2`)).toBe('Failure')
  }, 90_000)

  it('B6 4: what was uninstalled with its history is installed anew, and is nothing to go back to', async () => {
    const name = `${major}-b`
    await helm(major, cluster, 'uninstall', name, '--keep-history', '--wait')
    expect((await modeOf(major, 'status', name)).outputs).toMatchObject({
      outcome: 'read',
      status: 'uninstalled',
    })
    expect((await deployed(major, name, 'c')).outputs).toMatchObject({
      'previous-revision': '0',
      status: 'deployed',
    })
  }, 60_000)

  it('B6 5: a first install that was killed has no revision to go back to', async () => {
    const name = `${major}-c`
    await killed(major, name, 'a', ofRun(7, 1))
    const how = { stuck: 'recover', ...NO_AGE }
    expect((await failing(major, name, 'b', how)).outputs['failure-reason']).toBe('no-target')
    const result = await deployed(major, name, 'b', { ...how, 'first-install-failure': 'uninstall' })
    expect(result.outputs).toMatchObject({ revision: '1' })
  }, 60_000)

  it('B6 6 and 7: an upgrade that was killed is put back where its run is over, and left alone where it is not', async () => {
    const name = `${major}-c`
    await killed(major, name, 'c', ofRun(8, 2))
    const refused = await failing(major, name, 'd')
    expect(refused.outputs).toMatchObject({
      'failure-reason': 'pending-operation',
      status: 'pending-upgrade',
    })
    const live = await failing(major, name, 'd', { stuck: 'recover-own', ...NO_AGE })
    expect(live.outputs['reason']).toContain('/acme/shop/actions/runs/8/attempts/1 is still at work')
    runs.set(8, 'completed')
    const recovered = await modeOf(major, 'recover', name, { stuck: 'recover-own', ...NO_AGE })
    runs.set(8, 'in_progress')
    expect(recovered.outputs).toMatchObject({ outcome: 'recovered', status: 'deployed' })
    expect(await digestOf(cluster, name)).toBe(digest('b'))
  }, 60_000)

  it('an upgrade by somebody else takes our labels over, and is not taken for ours', async () => {
    const name = `${major}-d`
    await deployed(major, name, 'a')
    await killed(major, name, 'b')
    const { stdout } = await helm(
      major,
      cluster,
      'list',
      '--pending',
      '--selector',
      'gha-run-id=42',
      '-o',
      'json',
    )
    expect(JSON.parse(stdout)).toMatchObject([{ name, revision: '2' }])
    const later = { GITHUB_RUN_ID: '43' }
    runs.set(42, 'completed')
    const result = await step(
      major,
      { release: name, digest: digest('c'), stuck: 'recover-own', ...NO_AGE },
      { env: later },
    )
    expect(result.outputs['reason']).toContain('nobody knows whose it is')
    await deployed(major, name, 'c', { stuck: 'recover', ...NO_AGE })
  }, 60_000)

  it('B6 8, 38 and 46: hooks that fail, forward and back', async () => {
    const name = `${major}-e`
    await deployed(major, name, 'a', { values: 'hook: pre-rollback\nhookFails: image-pull' })
    const hook = await failing(major, name, 'b', {
      ...{ values: 'hook: pre-upgrade\nhookFails: image-pull', timeout: '4s', 'on-failure': 'keep' },
    })
    expect(hook.outputs).toMatchObject({
      'failure-reason': 'hook-failed',
      'failure-summary': expect.stringMatching(
        new RegExp(`: ImagePullBackOff: a:1 in Job default/${name}-hook \\(.*pre-upgrade`),
      ),
    })
    // The way back runs the hooks of the revision that it goes back to.
    const back = await modeOf(major, 'rollback', name, { revision: '1', timeout: '4s' })
    expect(back.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'rollback-failed' })
    const left = (await revisions(major, name)).at(-1)
    expect(left).toBe(LEFT_BY_A_FAILED_HOOK[major])
    const again = await modeOf(major, 'rollback', name, {
      ...{ revision: '1', hooks: 'false', stuck: 'recover', ...NO_AGE },
    })
    expect(again.outputs).toMatchObject({ outcome: 'rolled-back', status: 'deployed' })
  }, 90_000)

  it('B6 23, 25 and 26: a digest that is not rendered keeps anything from being written', async () => {
    const name = `${major}-f`
    const ignored = await failing(major, name, 'a', { 'digest-path': 'image.sha' })
    expect(ignored.outputs).toMatchObject({
      'failure-reason': 'digest-not-rendered',
      reason: expect.stringContaining(
        `Deployment/${name} (app): registry.example.com/shop; nothing was written`,
      ),
    })
    const proxy = await failing(major, name, 'a', { image: 'registry.example.com/proxy' })
    expect(proxy.outputs['reason']).toContain('two versions would run')
    expect((await modeOf(major, 'status', name)).outputs['status']).toBe('not-installed')
  }, 60_000)

  it('B6 39: a selector cannot be changed, and what ran is left or put back', async () => {
    const name = `${major}-g`
    await deployed(major, name, 'a')
    const result = await failing(major, name, 'b', { values: 'selector: b' })
    expect(result.outputs).toMatchObject({ 'failure-reason': 'immutable-field', 'rolled-back': 'true' })
    expect(await digestOf(cluster, name)).toBe(digest('a'))
  }, 60_000)

  it('B6 40: what belongs to another is not taken over unless asked', async () => {
    const config = `${major}-taken`
    await cluster.request('POST', '/api/v1/namespaces/default/configmaps', {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: config } },
    })
    const name = `${major}-g`
    const result = await failing(major, name, 'b', { values: `config: ${config}` })
    expect(result.outputs).toMatchObject({ 'failure-reason': 'ownership' })
    await deployed(major, name, 'b', { values: `config: ${config}`, 'take-ownership': 'true' })
  }, 60_000)

  it('B6 43: kinds that the server no longer has are told apart from those that it does not have yet', async () => {
    const group = `${major}.example.com`
    const name = `${major}-h`
    const values = `widget: ${major}`
    expect((await failing(major, name, 'a', { values })).outputs['failure-reason']).toBe('crd-missing')
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    await cluster.request('POST', definitions, widgets(group))
    await until(async () => {
      const { status } = await cluster.request('GET', `/apis/${group}/v1/widgets`)
      if (status !== 200) throw new Error(`it answers ${status}`)
    })
    await deployed(major, name, 'a', { values })
    await cluster.request('DELETE', `${definitions}/widgets.${group}`)
    await until(async () => {
      const { status } = await cluster.request('GET', `/apis/${group}/v1/widgets`)
      if (status === 200) throw new Error('it is still there')
    })
    const result = await failing(major, name, 'b')
    expect(result.outputs['failure-reason']).toBe('removed-api')
  }, 90_000)

  it('B6 20 and 21: a diff plugin is neither needed nor asked', async () => {
    const name = `${major}-n`
    const home = await mkdtemp(path.join(job.temp, 'home-'))
    const diff = () => helm(major, { ...cluster, folder: home }, 'diff', 'upgrade', name, 'chart')
    const changing = async (letter: string) => {
      const inputs = { release: name, digest: digest(letter), diff: 'require' }
      const { outputs } = await step(major, inputs, { env: { HOME: home } })
      return outputs
    }
    expect((await diff()).stderr).toContain('unknown command')
    expect(await changing('a')).toMatchObject({ outcome: 'deployed', 'diff-add': '1' })
    for (const [letter, code] of [['b', 2] as const, ['c', 1] as const]) {
      const asked = await plantDiff(home, code)
      expect(await diff()).toMatchObject({ code })
      await unlink(asked)
      expect(await changing(letter)).toMatchObject({ outcome: 'deployed', 'diff-modify': '1' })
      await expect(access(asked)).rejects.toThrow('ENOENT')
    }
  }, 60_000)

  it('B6 45: an API server that is lost during the wait leaves it pending, and it is put back once there is one', async () => {
    const name = `${major}-p`
    await deployed(major, name, 'a')
    const line = await openLine(Number(new URL(cluster.server).port))
    const kubeconfig = await behind(line)
    const [lost] = await Promise.all([
      step(
        major,
        { release: name, digest: digest('b'), values: 'fails: image-pull', timeout: '8s' },
        { env: { KUBECONFIG: kubeconfig } },
      ),
      until(async () => expect(await digestOf(cluster, name)).toBe(digest('b')), 400).finally(line.cut),
    ])
    expect(lost.outputs).toMatchObject({
      ...{ outcome: 'failed', 'failure-reason': 'rollback-failed', 'rolled-back': 'false' },
      reason: expect.stringMatching(
        new RegExp(
          `^cluster-unreachable: ${name} in default: Error: UPGRADE FAILED: .*${name} in default is NOT back: .*connection refused; what it is now is not known; .*when the cluster answers: helm rollback ${name} 1 .*stuck: recover-own`,
        ),
      ),
    })
    expect((await revisions(major, name)).at(-1)).toBe('2 pending-upgrade')
    const still = await step(
      major,
      { release: name, digest: digest('b') },
      { env: { KUBECONFIG: kubeconfig } },
    )
    expect(still.outputs).toMatchObject({ outcome: 'failed', 'failure-reason': 'cluster-unreachable' })
    const ended = await step(major, {}, { state: lost.state })
    expect(ended).toMatchObject({
      ...{ exitCode: 0, summary: expect.stringContaining(`${name} is back at revision 1`) },
    })
    expect(await digestOf(cluster, name)).toBe(digest('a'))
    expect((await revisions(major, name)).at(-1)).toBe('3 deployed')
  }, 60_000)

  it('B6 49: a run that is cancelled in an upgrade is put back by its post', async () => {
    const name = `${major}-i`
    await deployed(major, name, 'a')
    const cancelled = await step(
      major,
      { release: name, digest: digest('b'), values: 'fails: image-pull', timeout: '60s' },
      {
        end: {
          signal: 'SIGINT',
          when: async () => (await revisions(major, name)).at(-1) === '2 pending-upgrade',
        },
      },
    )
    expect(cancelled).toMatchObject({
      exitCode: 1,
      outputs: { outcome: 'cancelled', 'failure-reason': 'cancelled' },
    })
    expect(await digestOf(cluster, name)).toBe(digest('b'))
    const ended = await step(major, {}, { state: cancelled.state })
    expect({ exitCode: ended.exitCode, summary: ended.summary }).toMatchObject({
      ...{ exitCode: 0, summary: expect.stringContaining(`${name} is back at revision 1`) },
    })
    expect(await digestOf(cluster, name)).toBe(digest('a'))
    expect((await revisions(major, name)).at(-1)).toBe('3 deployed')
  }, 90_000)

  it('B6 49: a main that is killed leaves it to its post, also in a rollback', async () => {
    const name = `${major}-i`
    const lost = await step(
      major,
      { release: name, digest: digest('c'), values: 'fails: image-pull', timeout: '8s' },
      {
        end: {
          signal: 'SIGKILL',
          when: async () => /failed$|pending-rollback$/.test((await revisions(major, name)).at(-1) ?? ''),
        },
      },
    )
    expect(lost.exitCode).toBeNull()
    const ended = await step(major, {}, { state: lost.state })
    expect(ended.exitCode).toBe(0)
    expect((await readdir(job.temp)).filter((file) => file.startsWith('helm-values'))).toEqual([])
    expect(await digestOf(cluster, name)).toBe(digest('a'))
  }, 90_000)

  it('B6 50: no value of a run is in anything that it leaves', async () => {
    const name = `${major}-j`
    const values = {
      values: 'password: swordfish-1',
      'values-secret': 'MORE',
      secrets: 'MORE={"password":"swordfish-2"}',
    }
    const good = await deployed(major, name, 'a', values)
    const bad = await failing(major, name, 'b', {
      ...values,
      values: 'password: swordfish-3\nselector: "swordfish-4"',
    })
    const evidence = await Promise.all(
      [good, bad].map(({ outputs }) => readFile(outputs['evidence-path'] ?? '', 'utf8')),
    )
    const logged = [good, bad].map(({ stdout }) =>
      stdout.split('\n').filter((line) => !line.startsWith('::add-mask::')),
    )
    const left = JSON.stringify([
      logged,
      evidence,
      good.summary,
      bad.summary,
      good.outputs,
      bad.outputs,
      bad.state,
    ])
    expect(left).not.toMatch(/swordfish/)
    expect((await readdir(job.temp)).filter((file) => file.startsWith('helm-values'))).toEqual([])
    const { stdout } = await helm(major, cluster, 'get', 'values', name, '-o', 'json')
    expect(JSON.parse(stdout)).toMatchObject({ password: 'swordfish-2' })
  }, 60_000)

  it('B6 16 and 17: understands every flag that it is given', async () => {
    await deployed(major, `${major}-k`, 'a', {
      ...{
        'create-namespace': 'true',
        namespace: `${major}-new`,
        'wait-for-jobs': 'true',
        labels: 'team=shop',
      },
      ...{
        'take-ownership': 'true',
        wait: 'legacy',
        'history-max': '5',
        description: 'by a test',
        crds: 'apply',
      },
      ...(major === 'helm4' ? { 'server-side': 'true', 'force-conflicts': 'true' } : {}),
    })
  }, 60_000)
})

/** What a rollback leaves whose hook has failed. */
const LEFT_BY_A_FAILED_HOOK = { helm3: '3 pending-rollback', helm4: '3 pending-rollback' }

const widgets = (group: string) => ({
  ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
})

describe('helm4 alone', () => {
  it('B6 41: a field that somebody else manages is a conflict, and can be taken', async () => {
    const name = 'helm4-l'
    await deployed('helm4', name, 'a')
    const { status } = await cluster.request(
      'PATCH',
      `/apis/apps/v1/namespaces/default/deployments/${name}?fieldManager=hpa&force=true`,
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas: 5 } },
      'application/apply-patch+yaml',
    )
    expect(status).toBe(200)
    const conflict = await failing('helm4', name, 'b', { values: 'replicas: 4' })
    // The way back wants that field, too.
    expect(conflict.outputs).toMatchObject({
      'failure-reason': 'rollback-failed',
      reason: expect.stringMatching(
        /^ssa-conflict: .*somebody else manages those fields: leave them out of the chart/,
      ),
    })
    await deployed('helm4', name, 'b', { values: 'replicas: 4', 'force-conflicts': 'true' })
  }, 60_000)

  it('B6 42: what Helm 3 has written last cannot be forced', async () => {
    await deployed('helm3', 'helm4-m', 'a')
    const forced = await failing('helm4', 'helm4-m', 'b', { 'force-conflicts': 'true' })
    expect(forced.outputs).toMatchObject({ 'failure-reason': 'ssa-conflict', 'rolled-back': 'true' })
    await deployed('helm4', 'helm4-m', 'b', { 'force-conflicts': 'true', 'server-side': 'true' })
  }, 60_000)
})
