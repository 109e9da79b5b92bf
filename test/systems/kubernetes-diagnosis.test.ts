import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  awaitRollouts,
  diagnose,
  differencesFrom,
  manifestDiff,
  objectsIn,
  openCluster,
  podsOf,
  readWorkload,
  runningImages,
  type Cluster,
  type Workload,
} from '@deploy-actions/kubernetes'
import { createClock } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { until, type LocalCluster } from '@deploy-actions/local-cluster'
import { logsFrom, PODS_THAT_FAIL } from './pods-that-fail'
import { startRealCluster } from './real-cluster'

// Rollouts, why they fail, what runs and what stands, as the real API server, its controllers and its scheduler have it.

let real: LocalCluster
let cluster: Cluster
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'logs-'))
  const log = path.join(folder, 'app.log')
  await writeFile(
    log,
    '2026-01-01T00:00:00Z stdout F listening\n2026-01-01T00:00:01Z stderr F panic: no database\n',
  )
  real = await startRealCluster([...PODS_THAT_FAIL, logsFrom(log)])
  cluster = await openCluster({}, createFakePorts({ real: true, ambient: { KUBECONFIG: real.kubeconfig } }))
}, 180_000)
afterAll(async () => {
  await real.close()
  await rm(folder, { recursive: true })
})

const signal = new AbortController().signal
const ports = { clock: createClock(), signal }
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`

interface Shape {
  kind?: Workload['kind']
  fails?: string
  imageId?: string
  image?: string
  spec?: Record<string, unknown>
  pod?: Record<string, unknown>
  container?: Record<string, unknown>
}

function manifestOf(name: string, shape: Shape = {}): Record<string, unknown> {
  const { kind = 'Deployment', fails, imageId, image = `registry.example.com/shop@${digest('a')}` } = shape
  const annotations = { ...(fails && { 'test/fails': fails }), ...(imageId && { 'test/image-id': imageId }) }
  return {
    ...{ apiVersion: 'apps/v1', kind, metadata: { name, namespace: 'default' } },
    spec: {
      ...(kind !== 'DaemonSet' && { replicas: 2 }),
      ...(kind === 'StatefulSet' && { serviceName: name, podManagementPolicy: 'Parallel' }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations },
        spec: { containers: [{ name: 'app', image, ...shape.container }], ...shape.pod },
      },
      ...shape.spec,
    },
  }
}

const workload = (name: string, kind: Workload['kind'] = 'Deployment'): Workload => ({
  kind,
  name,
  namespace: 'default',
})
const pathOf = (kind: string): string => `/apis/apps/v1/namespaces/default/${kind.toLowerCase()}s`

async function create(name: string, shape: Shape = {}): Promise<Workload> {
  const { kind = 'Deployment' } = shape
  const { status, body } = await real.request('POST', pathOf(kind), manifestOf(name, shape))
  if (status !== 201) throw new Error(JSON.stringify(body))
  return workload(name, kind)
}
async function replace(name: string, shape: Shape = {}): Promise<void> {
  const { kind = 'Deployment' } = shape
  const type = 'application/apply-patch+yaml'
  const manager = '?fieldManager=test&force=true'
  const { status, body } = await real.request(
    'PATCH',
    `${pathOf(kind)}/${name}${manager}`,
    manifestOf(name, shape),
    type,
  )
  if (status !== 200) throw new Error(JSON.stringify(body))
}
const rollout = (of: Workload, timeoutMs = 30_000) =>
  awaitRollouts(cluster, [of], ports, { timeoutMs, pollMs: 200 }).then(([state]) => state)

/** The diagnosis, once the pods are as they are going to be. */
async function diagnosis(of: Workload, line: RegExp) {
  return until(async () => {
    const found = await diagnose(cluster, of, ports)
    if (!line.test(found.line)) throw new Error(`${found.line}\n${found.details.join('\n')}`)
    return found
  }, 300)
}

describe.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)('a %s', (kind) => {
  const name = `rolls-${kind.toLowerCase()}`
  it('is rolled out once all its pods are of its template, and none is left of before', async () => {
    const of = await create(name, { kind })
    const count = kind === 'DaemonSet' ? 1 : 2
    expect(await rollout(of)).toMatchObject({ state: 'done', desired: count, ready: count })
    await replace(name, { kind, image: `registry.example.com/shop@${digest('b')}` })
    const seen: string[] = []
    const [state] = await awaitRollouts(cluster, [of], ports, {
      ...{ timeoutMs: 30_000, pollMs: 50 },
      onChange: ({ detail }) => seen.push(detail),
    })
    expect(state).toMatchObject({ state: 'done', detail: `${count} of ${count} pods are new and ready` })
    // One line per change, not one per look.
    expect(new Set(seen).size).toBe(seen.length)
    const object = await readWorkload(cluster, of, signal)
    const { current, old } = await podsOf(cluster, of, object!, signal)
    expect([current.length, old.length]).toEqual([count, 0])
    expect(current.map(({ spec }) => spec.containers[0]?.image)).toContain(
      `registry.example.com/shop@${digest('b')}`,
    )
  }, 60_000)

  it('that has pods of its last template is seen to', async () => {
    await replace(name, { kind, fails: 'image-pull', image: `registry.example.com/shop@${digest('c')}` })
    const state = await rollout(workload(name, kind), 2_000)
    expect(state).toMatchObject({ state: 'going' })
    const { line } = await diagnosis(workload(name, kind), /^ImagePullBackOff/)
    expect(line).toBe(
      `ImagePullBackOff: registry.example.com/shop@${digest('c')} in ${kind} default/${name}, 0/${kind === 'DaemonSet' ? 1 : 2} ready`,
    )
  }, 60_000)
})

describe('why pods are not ready', () => {
  it.each([
    [
      '31',
      'crash-loop',
      'crash-loop',
      /^CrashLoopBackOff: app \(exit code 3, 3 restarts\) in Deployment default\/crash-loop, 0\/2 ready$/,
    ],
    ['32', 'out-of-memory', 'oom-killed', /^OOMKilled: app \(exit code 137, 2 restarts\) in /],
    ['33', 'config', 'config-error', /^CreateContainerConfigError: app: secret "db" not found in /],
    ['36', 'probe', 'probe-failing', /^Unhealthy: app: its readiness probe does not succeed in /],
  ])(
    'B6 %s: is told: %s',
    async (_, fails, failure, line) => {
      const found = await diagnosis(await create(fails, { fails }), line)
      expect(found.failure).toBe(failure)
      if (fails === 'crash-loop') {
        expect(found.details).toContain('panic: no database')
        expect(found.details.join('\n')).toMatch(
          /the last lines of app of crash-loop-\S+ before it was started anew:/,
        )
      }
    },
    60_000,
  )

  it('B6 34: is told: no node has room', async () => {
    const of = await create('huge', { container: { resources: { requests: { cpu: '1000' } } } })
    const found = await diagnosis(of, /^Unschedulable/)
    expect(found).toMatchObject({
      failure: 'unschedulable',
      line: expect.stringContaining('Insufficient cpu'),
    })
  }, 60_000)

  it('B6 34: is told: a volume that nobody provides', async () => {
    const of = await create('volume', {
      pod: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'nobody-made-it' } }] },
    })
    const found = await diagnosis(of, /^Unschedulable/)
    expect(found.line).toContain('persistentvolumeclaim "nobody-made-it" not found')
  }, 60_000)

  it('B6 35: is told: a quota, and there is no pod', async () => {
    await real.request('POST', '/api/v1/namespaces', { metadata: { name: 'small' } })
    await real.request('POST', '/api/v1/namespaces/small/resourcequotas', {
      metadata: { name: 'pods' },
      spec: { hard: { pods: '0' } },
    })
    await until(async () => {
      const { body } = await real.request('GET', '/api/v1/namespaces/small/resourcequotas/pods')
      if (!(body as { status?: { hard?: unknown } }).status?.hard) throw new Error('not counted yet')
    })
    for (const kind of ['Deployment', 'StatefulSet'] as const) {
      const manifest = { ...manifestOf('full', { kind }), metadata: { name: 'full', namespace: 'small' } }
      await real.request('POST', `/apis/apps/v1/namespaces/small/${kind.toLowerCase()}s`, manifest)
      const found = await diagnosis({ kind, name: 'full', namespace: 'small' }, /^FailedCreate/)
      expect(found).toMatchObject({
        failure: 'quota',
        line: expect.stringMatching(/exceeded quota: pods.* 0\/2 ready$/),
      })
    }
  }, 60_000)

  it('B6 37: is told: it is paused, it is gone, its deadline is over', async () => {
    await create('paused', { spec: { paused: true } })
    expect(await rollout(workload('paused'))).toMatchObject({
      state: 'stuck',
      detail: expect.stringContaining('paused'),
    })
    expect(await rollout(workload('nobody'))).toMatchObject({
      state: 'stuck',
      detail: 'Deployment default/nobody is not there',
    })
    const late = await create('late', { fails: 'image-pull', spec: { progressDeadlineSeconds: 1 } })
    expect(await rollout(late)).toMatchObject({
      state: 'stuck',
      detail: expect.stringContaining('progressDeadlineSeconds'),
    })
  }, 60_000)

  it('B6 44: is told as far as it may be read', async () => {
    const kubeconfig = path.join(real.folder, 'limited')
    const config = JSON.parse(await (await import('node:fs/promises')).readFile(real.kubeconfig, 'utf8')) as {
      users: { user: object }[]
    }
    Object.assign(config.users[0]!.user, { as: 'limited' })
    await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 })
    await real.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'limited' },
      rules: [{ apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: ['get', 'list'] }],
    })
    await real.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'limited' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'limited' },
      subjects: [{ kind: 'User', name: 'limited' }],
    })
    const limited = await openCluster(
      {},
      createFakePorts({ real: true, ambient: { KUBECONFIG: kubeconfig } }),
    )
    const found = await until(async () => {
      const one = await diagnose(limited, workload('crash-loop'), ports)
      if (one.details.length < 2) throw new Error(one.line)
      return one
    })
    expect(found).toMatchObject({
      ...{
        failure: 'wait-timeout',
        line: 'not ready, and no pod says why in Deployment default/crash-loop, 0/2 ready',
      },
      details: expect.arrayContaining([
        expect.stringMatching(/^its pods could not be read: .*cannot list resource "pods"/),
        expect.stringMatching(/^events could not be read: .*cannot list resource "events"/),
      ]),
    })
  }, 60_000)
})

describe('what runs', () => {
  it.each([
    ['27', 'exactly', `registry.example.com/shop@${digest('a')}`, `mirror.example.com/shop@${digest('a')}`],
    [
      '28',
      'by-index',
      `registry.example.com/shop@${digest('a')}`,
      `registry.example.com/shop@${digest('b')}`,
    ],
    ['24', 'another', 'registry.example.com/shop:1.4.0', `registry.example.com/shop@${digest('b')}`],
  ])(
    'B6 %s: is %s what was approved',
    async (_, is, image, imageId) => {
      const of = await create(`runs-${is}`, { image, imageId })
      expect(await rollout(of)).toMatchObject({ state: 'done' })
      const object = await readWorkload(cluster, of, signal)
      const { current } = await podsOf(cluster, of, object!, signal)
      const found = current.flatMap((pod) => runningImages(pod, digest('a'), new Set(['app'])))
      expect(found).toHaveLength(2)
      expect(found[0]).toMatchObject({ is, image, running: imageId })
    },
    60_000,
  )
})

describe('what stands', () => {
  const asYaml = (...objects: unknown[]): string => objects.map((one) => JSON.stringify(one)).join('\n---\n')
  const standing = (manifest: string) =>
    objectsIn(manifest).then((all) => differencesFrom(cluster, all, 'default', signal))

  it('is held against a manifest: defaults and forms do not count, a field and what was left over do', async () => {
    const shape = {
      container: {
        resources: { requests: { cpu: '1000m', memory: '1Gi' } },
        env: [{ name: 'A', value: '1' }],
      },
    }
    await create('stands', shape)
    const manifest = asYaml(manifestOf('stands', shape))
    expect(await standing(manifest)).toEqual([])
    const oneCpu = manifest.replace('1000m', '1')
    expect(await standing(oneCpu)).toEqual([])
    const object = 'Deployment default/stands'
    expect(await standing(manifest.replace(digest('a'), digest('b')))).toEqual([
      { object, detail: 'spec.template.spec.containers[app].image differs' },
    ])
    const sidecar = [
      { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'left', image: 'left' } },
    ]
    const env = [
      { op: 'add', path: '/spec/template/spec/containers/0/env/-', value: { name: 'B', value: 'x' } },
    ]
    const type = 'application/json-patch+json'
    await real.request('PATCH', `${pathOf('Deployment')}/stands`, [...env, ...sidecar], type)
    expect(await standing(manifest)).toEqual([
      {
        object,
        detail: 'spec.template.spec.containers[app].env[B] is in the cluster and not in the manifest',
      },
      { object, detail: 'spec.template.spec.containers[left] is in the cluster and not in the manifest' },
    ])
    expect(
      await standing(
        asYaml(manifestOf('gone'), { apiVersion: 'nobody.example/v1', kind: 'No', metadata: { name: 'a' } }),
      ),
    ).toEqual([
      { object: 'Deployment default/gone', detail: 'is not there' },
      { object: 'No a', detail: 'the cluster has no such kind' },
    ])
  }, 60_000)

  it('may have other replicas where an autoscaler sets them', async () => {
    await create('scaled')
    const manifest = asYaml(manifestOf('scaled'))
    await replace('scaled', { spec: { replicas: 5 } })
    expect(await standing(manifest)).toEqual([
      { object: 'Deployment default/scaled', detail: 'spec.replicas differs' },
    ])
    await real.request('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      metadata: { name: 'scaled' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' }, maxReplicas: 9 },
    })
    expect(await standing(manifest)).toEqual([])
  }, 60_000)

  it('is told of a release before it is rolled out, without any text of values', async () => {
    const secret = (value: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key' },
      stringData: { key: value },
    })
    const env = (value: string) => ({ container: { env: [{ name: 'TOKEN', value }] } })
    await create('next', env('swordfish-1'))
    await real.request('POST', '/api/v1/namespaces/default/secrets', secret('swordfish-1'))
    const running = await objectsIn(
      asYaml(manifestOf('next', env('swordfish-1')), secret('swordfish-1'), {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'old' },
      }),
    )
    const next = await objectsIn(
      asYaml(
        manifestOf('next', {
          ...env('swordfish-2'),
          image: `registry.example.com/shop@${digest('b')}`,
          spec: { replicas: 4 },
        }),
        secret('swordfish-2'),
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' }, data: { a: 'swordfish-3' } },
      ),
    )
    const changes = await manifestDiff(cluster, { running, next, namespace: 'default' }, signal)
    expect(changes).toEqual([
      {
        ...{ object: 'Deployment default/next', change: 'modify' },
        fields: [
          'spec.replicas: 2 -> 4',
          `spec.template.spec.containers[app].image: registry.example.com/shop@${digest('a')} -> registry.example.com/shop@${digest('b')}`,
          'spec.template.spec.containers[app].env[TOKEN].value: changed',
        ],
      },
      { object: 'Secret key', change: 'modify', fields: ['data.key: changed'] },
      { object: 'ConfigMap new', change: 'add', fields: [] },
      { object: 'Service old', change: 'remove', fields: [] },
    ])
    expect(JSON.stringify(changes)).not.toContain('swordfish')
    expect(
      await manifestDiff(cluster, { running: [], next: running.slice(0, 2), namespace: 'default' }, signal),
    ).toEqual([])
  }, 60_000)
})
