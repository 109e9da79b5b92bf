import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createClock } from '@deploy-actions/action-kit'
import { deployers, deployPoint, type Deployer } from '@deploy-actions/deploys'
import { createFakePorts } from '@deploy-actions/testing'
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

// The deployer `helm` with both majors of Helm on a real API server: what it says is held against what is there.

/** What runs nothing, and a Job, whose template cannot be changed. */
const MORE = `# image: {{ .Values.note }}
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}, annotations: { image: {{ .Values.note | quote }} } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: {{ .Release.Name }}-hook, annotations: { helm.sh/hook: test, image: {{ .Values.note | quote }} } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: "a@{{ .Values.note }}" }] } } }
{{- if .Values.password }}
---
apiVersion: batch/v1
kind: Job
metadata: { name: {{ .Release.Name }} }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: app
          image: "registry.example.com/shop@{{ .Values.image.digest }}"
          env: [{ name: PASSWORD, value: {{ .Values.password }} }]
{{- end }}
`

let cluster: LocalCluster
let charts: HelmLab['charts']
let close: HelmLab['close']
let before: string | undefined
beforeAll(async () => {
  ;({ cluster, charts, close } = await openHelmLab())
  await writeFile(path.join(charts.folder, 'bad.yaml'), 'fails: image-pull\n')
  await writeFile(path.join(charts.folder, 'job.yaml'), 'password: swordfish\n')
  await writeFile(path.join(charts.folder, 'number.yaml'), 'password: 123454321\n')
  await writeFile(path.join(charts.chart, 'templates/more.yaml'), MORE)
  await writeFile(path.join(charts.chart, 'templates/NOTES.txt'), 'image: {{ .Values.note }}\n')
  before = process.env['KUBECONFIG']
  process.env['KUBECONFIG'] = cluster.kubeconfig
}, 180_000)
afterAll(async () => {
  if (before === undefined) delete process.env['KUBECONFIG']
  else process.env['KUBECONFIG'] = before
  await close()
})

const signal = new AbortController().signal
const release = (letter: string) => ({ version: letter, digest: digest(letter) })

async function open(major: Major, more: Record<string, unknown> = {}): Promise<Deployer> {
  const configured = await deployers.configure({
    type: 'helm',
    ...{ release: `${major}-green`, namespace: 'default', chart: 'chart', helm: programOf(major) },
    timeout: '60s',
    ...more,
  })
  const ports = createFakePorts({
    ...{ real: true, context: { workspace: charts.folder } },
    ambient: { KUBECONFIG: cluster.kubeconfig },
  })
  return configured.open({ ...ports, clock: createClock() }, { baseline: 'blue', canary: 'green' })
}
/** What the ledger keeps of it. */
async function snapshot(deployer: Deployer) {
  const [point] = await deployer.snapshot(signal)
  return deployPoint().parse(JSON.parse(JSON.stringify(point)))
}
const imageOf = (major: Major) => digestOf(cluster, `${major}-green`)

describe.each(MAJORS)('with %s', (major) => {
  const name = `${major}-green`

  it('installs what was not there, and takes that away again', async () => {
    const deployer = await open(major)
    const nothing = await snapshot(deployer)
    expect(nothing).toMatchObject({ kind: 'helm', name, revision: 0 })
    expect(await deployer.deploy(release('a'), 'green', signal)).toMatchObject({ ended: 'done' })
    expect(await imageOf(major)).toBe(digest('a'))
    expect((await deploymentOf(cluster, name)).status['readyReplicas']).toBe(3)
    expect(await deployer.restore(nothing, signal)).toMatchObject({ ended: 'done' })
    expect(await deployer.restore(nothing, signal)).toMatchObject({
      ...{ ended: 'done', detail: `${name} is not installed, as it was found` },
    })
    expect((await deploymentOf(cluster, name)).status).toBe('Failure')
  }, 180_000)

  it('goes back to the revision that ran, past all that has failed since', async () => {
    const deployer = await open(major)
    await deployer.deploy(release('a'), 'green', signal)
    const good = await snapshot(deployer)
    const bad = await open(major, { values: ['bad.yaml'], timeout: '5s' })
    for (const letter of ['b', 'c'])
      expect(await bad.deploy(release(letter), 'green', signal)).toMatchObject({
        ...{
          ended: 'failed',
          detail: expect.stringMatching(/^ImagePullBackOff: .*\(Error: UPGRADE FAILED: /),
        },
      })
    expect(await imageOf(major)).toBe(digest('c'))
    // The failed ones are nothing to go back to.
    expect(await snapshot(deployer)).toEqual(good)
    expect(await deployer.restore(good, signal)).toMatchObject({ ended: 'done' })
    expect(await imageOf(major)).toBe(digest('a'))
    const revisions = (await historyOf(major, cluster, name)).length
    expect(await deployer.restore(good, signal)).toMatchObject({ ended: 'done' })
    expect(await historyOf(major, cluster, name)).toHaveLength(revisions)
  }, 180_000)

  it('puts back what a killed upgrade has left pending, which no upgrade gets over', async () => {
    const deployer = await open(major)
    const good = await snapshot(deployer)
    const child = spawn(
      programOf(major),
      [
        'upgrade',
        name,
        charts.chart,
        '--set',
        `image.digest=${digest('d')}`,
        '--set',
        'fails=image-pull',
        '--wait',
      ],
      { stdio: 'ignore', env: { ...process.env, KUBECONFIG: cluster.kubeconfig } },
    )
    await until(async () => {
      const last = (await historyOf(major, cluster, name)).at(-1)
      if (last?.status !== 'pending-upgrade') throw new Error(`it is ${last?.status}`)
    })
    child.kill('SIGKILL')
    await expect(deployer.snapshot(signal)).rejects.toThrow(
      `release ${name} in default is pending-upgrade (revision `,
    )
    expect(await deployer.deploy(release('e'), 'green', signal)).toMatchObject({
      ...{
        ended: 'failed',
        detail: expect.stringContaining('another operation (install/upgrade/rollback) is in progress'),
      },
    })
    expect(await deployer.restore(good, signal)).toMatchObject({ ended: 'done' })
    expect(await imageOf(major)).toBe(digest('a'))
    expect(await deployer.deploy(release('e'), 'green', signal)).toMatchObject({ ended: 'done' })
  }, 180_000)

  it('writes nothing where the chart does not use the digest', async () => {
    const revisions = await historyOf(major, cluster, name)
    const deployer = await open(major, { 'digest-path': 'image.diggest' })
    expect(await deployer.deploy(release('f'), 'green', signal)).toMatchObject({
      ...{ ended: 'failed', detail: expect.stringContaining('no template uses image.diggest') },
    })
    expect(await historyOf(major, cluster, name)).toEqual(revisions)
  }, 60_000)

  it('writes nothing where the digest is only in what runs nothing', async () => {
    const revisions = await historyOf(major, cluster, name)
    const deployer = await open(major, { 'digest-path': 'note' })
    expect(await deployer.deploy(release('f'), 'green', signal)).toMatchObject({
      ...{ ended: 'failed', detail: expect.stringContaining('no template uses note') },
    })
    expect(await historyOf(major, cluster, name)).toEqual(revisions)
  }, 60_000)

  it('shows nothing of a manifest that the API server refuses', async () => {
    const deployer = await open(major, { values: ['job.yaml'] })
    const before = await snapshot(deployer)
    expect(await deployer.deploy(release('f'), 'green', signal)).toMatchObject({ ended: 'done' })
    const refused = await deployer.deploy(release('e'), 'green', signal)
    expect(refused).toMatchObject({ ended: 'failed', detail: expect.stringContaining('immutable') })
    expect(JSON.stringify(refused)).not.toContain('swordfish')
    const number = await open(major, { release: `${name}-number`, values: ['number.yaml'] })
    const unfit = await number.deploy(release('e'), 'green', signal)
    expect(unfit.ended).toBe('failed')
    expect(JSON.stringify(unfit)).not.toContain('123454321')
    expect(await deployer.restore(before, signal)).toMatchObject({ ended: 'done' })
  }, 60_000)

  it('leaves what was uninstalled uninstalled, and knows what was installed anew', async () => {
    const deployer = await open(major)
    const ran = await snapshot(deployer)
    await helm(major, cluster, 'uninstall', name, '--keep-history', '--wait')
    const nothing = await snapshot(deployer)
    expect(nothing).toMatchObject({ revision: 0 })
    expect(await deployer.restore(nothing, signal)).toMatchObject({ ended: 'done' })
    expect((await deploymentOf(cluster, name)).status).toBe('Failure')
    // Its history was kept, so what ran can be had back.
    expect(await deployer.restore(ran, signal)).toMatchObject({ ended: 'done' })
    expect(await imageOf(major)).toBe(digest('e'))
    await helm(major, cluster, 'uninstall', name, '--wait')
    await deployer.deploy(release('a'), 'green', signal)
    const first = await snapshot(deployer)
    expect(first).toMatchObject({ revision: 1 })
    await helm(major, cluster, 'uninstall', name, '--wait')
    await deployer.deploy(release('b'), 'green', signal)
    await expect(deployer.restore(first, signal)).rejects.toThrow('is not the one that was found')
    expect(await deployer.restore(nothing, signal)).toMatchObject({ ended: 'done' })
    expect((await deploymentOf(cluster, name)).status).toBe('Failure')
    expect(await deployer.deploy(release('a'), 'green', signal)).toMatchObject({ ended: 'done' })
  }, 180_000)

  it('says that the API server cannot be reached', async () => {
    const kubeconfig = process.env['KUBECONFIG']
    process.env['KUBECONFIG'] = path.join(charts.folder, 'nowhere')
    const deployer = await open(major)
    await expect(deployer.snapshot(signal)).rejects.toThrow(
      new RegExp(`^the history of ${name} cannot be read: Error: .*(unreachable|refused)`),
    )
    process.env['KUBECONFIG'] = kubeconfig
  })
})

it('is refused by Helm in the words of the fake', async () => {
  for (const major of MAJORS)
    expect((await helm(major, cluster, 'rollback', `${major}-green`, '77')).stderr).toContain(
      'release has no 77 version',
    )
})
