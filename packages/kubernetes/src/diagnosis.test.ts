import { describe, expect, it } from '@jest/globals'
import { answering } from './answering.fixture'
import { DEFAULT_LIMITS, diagnose, diagnoseTask, type DiagnosisLimits, type Task } from './diagnosis'

const shop = { kind: 'Deployment' as const, namespace: 'api', name: 'shop' }
const IMAGE = 'ghcr.io/acme/shop@sha256:1'
const signal = new AbortController().signal
const owned = (uid: string) => ({ ownerReferences: [{ kind: 'Any', name: 'owner', uid }] })
const revision = { annotations: { 'deployment.kubernetes.io/revision': '2' } }

const deployment = {
  metadata: { name: 'shop', namespace: 'api', uid: 'shop', ...revision },
  spec: { replicas: 3, selector: { matchLabels: { app: 'shop' } }, template: { spec: { containers: [] } } },
}
const sets = (conditions: object[] = []) => [
  {
    metadata: {
      name: 'shop-2',
      uid: 'new',
      labels: { 'pod-template-hash': '2' },
      ...revision,
      ...owned('shop'),
    },
    spec: { template: {} },
    status: { conditions },
  },
  {
    metadata: { name: 'shop-1', uid: 'old', labels: { 'pod-template-hash': '1' }, ...owned('shop') },
    spec: { template: {} },
  },
]
const pod = (status: object, more: object = {}) => ({
  metadata: { name: 'shop-2-a', labels: { 'pod-template-hash': '2' }, ...owned('new'), ...more },
  spec: { containers: [{ name: 'app', image: IMAGE }] },
  status,
})
const container = (more: object, name = 'app') => ({ containerStatuses: [{ name, image: IMAGE, ...more }] })
const waits = (reason: string, message?: string, more: object = {}) =>
  container({ state: { waiting: { reason, message } }, ...more })
const ended = (exitCode: number, reason: string, message?: string) => ({
  terminated: { exitCode, reason, message },
})
const event = (reason: string, message: string, name = 'shop-2-a', more: object = {}) => ({
  ...{
    metadata: { name: `${reason}-${message.length}` },
    reason,
    message,
    involvedObject: { name },
    ...more,
  },
})

interface Told {
  pods?: object[]
  conditions?: object[]
  events?: object[]
  log?: string
  /** ends of paths that may not be read */
  forbidden?: string[]
  limits?: Partial<DiagnosisLimits>
}

async function told({
  pods = [],
  conditions = [],
  events = [],
  log = '',
  forbidden = [],
  limits = {},
}: Told) {
  const { cluster, asked } = await answering((path) => {
    if (forbidden.some((end) => path.endsWith(end))) return 403
    if (path.endsWith('/deployments/shop')) return deployment
    if (path.endsWith('/replicasets')) return sets(conditions)
    if (path.endsWith('/pods')) return pods
    if (path.endsWith('/events')) return events
    return path.endsWith('/log') ? log : undefined
  })
  return { ...(await diagnose(cluster, shop, { signal }, { ...DEFAULT_LIMITS, ...limits })), asked }
}

const refused = (message: string) => [{ type: 'ReplicaFailure', status: 'True', message }]
const WHERE = 'in Deployment api/shop, 0/3 ready'

describe('why a workload is not ready', () => {
  it('is not what another workload suffers, whose name begins alike, nor what is over', async () => {
    const { failure, line, details } = await told({
      pods: [1, 2, 3].map(() => pod(waits('ImagePullBackOff'))),
      events: [
        event('FailedCreate', 'pods "shop-gateway-1" is forbidden: exceeded quota', 'shop-gateway-5d'),
        event('FailedCreate', 'the webhook was away an hour ago', 'shop'),
      ],
    })
    expect({ failure, line }).toEqual({ failure: 'image-pull', line: `ImagePullBackOff: ${IMAGE} ${WHERE}` })
    expect(details.join()).not.toContain('gateway')
  })

  it.each<[string, string, Told]>([
    [
      'image-pull',
      `ImagePullBackOff: ${IMAGE} (manifest unknown) ${WHERE}`,
      {
        pods: [pod(waits('ImagePullBackOff', 'Back-off pulling image'))],
        events: [
          event(
            'Failed',
            `Failed to pull image "${IMAGE}": rpc error: code = NotFound desc = failed to resolve: manifest unknown`,
          ),
        ],
      },
    ],
    [
      'image-pull',
      `ErrImagePull: ${IMAGE} (no such host) ${WHERE}`,
      { pods: [pod(waits('ErrImagePull', 'dial tcp: no such host'))] },
    ],
    ['image-pull', `ImagePullBackOff: ${IMAGE} ${WHERE}`, { pods: [pod(waits('ImagePullBackOff'))] }],
    [
      'crash-loop',
      `CrashLoopBackOff: app (exit code 3, 4 restarts) ${WHERE}`,
      { pods: [pod(waits('CrashLoopBackOff', '', { restartCount: 4, lastState: ended(3, 'Error') }))] },
    ],
    // An application that ends by itself, and is not to.
    [
      'crash-loop',
      `CrashLoopBackOff: app (exit code 0) ${WHERE}`,
      { pods: [pod(waits('CrashLoopBackOff', '', { lastState: ended(0, 'Completed') }))] },
    ],
    [
      'crash-loop',
      `Error: app (exit code 1) ${WHERE}`,
      { pods: [pod(container({ state: ended(1, 'Error') }))] },
    ],
    [
      'oom-killed',
      `OOMKilled: app (exit code 137, 1 restarts) ${WHERE}`,
      {
        pods: [
          pod(container({ restartCount: 1, state: { running: {} }, lastState: ended(137, 'OOMKilled') })),
        ],
      },
    ],
    [
      'config-error',
      `CreateContainerConfigError: app: secret "db" not found ${WHERE}`,
      { pods: [pod(waits('CreateContainerConfigError', 'secret "db" not found'))] },
    ],
    [
      'config-error',
      `StartError: app: exec: "app": not found ${WHERE}`,
      { pods: [pod(container({ state: ended(128, 'StartError', 'exec: "app": not found') }))] },
    ],
    [
      'config-error',
      `FailedMount: MountVolume.SetUp failed for volume "kv": rpc error: secret db-url not found in the vault ${WHERE}`,
      {
        pods: [pod(waits('ContainerCreating'))],
        events: [
          event(
            'FailedMount',
            'MountVolume.SetUp failed for volume "kv": rpc error: secret db-url not found in the vault',
          ),
        ],
      },
    ],
    [
      'unschedulable',
      `Unschedulable: 0/3 nodes are available: 3 Insufficient cpu. ${WHERE}`,
      {
        pods: [
          pod({
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                message: '0/3 nodes are available: 3 Insufficient cpu.',
              },
            ],
          }),
        ],
      },
    ],
    [
      'unschedulable',
      `Evicted: The node was low on memory ${WHERE}`,
      { pods: [pod({ reason: 'Evicted', message: 'The node was low on memory' })] },
    ],
    [
      'quota',
      `FailedCreate: pods "a" is forbidden: exceeded quota: pods ${WHERE}`,
      { conditions: refused('pods "a" is forbidden: exceeded quota: pods') },
    ],
    [
      'admission',
      `FailedCreate: admission webhook "policy" denied the request: no ${WHERE}`,
      { conditions: refused('admission webhook "policy" denied the request: no') },
    ],
    [
      'quota',
      `FailedCreate: must specify limits.cpu ${WHERE}`,
      { events: [event('FailedCreate', 'must specify limits.cpu', 'shop-2')] },
    ],
    [
      'probe-failing',
      `Unhealthy: app: Readiness probe failed: HTTP probe failed with statuscode: 500 ${WHERE}`,
      {
        pods: [pod(container({ state: { running: {} } }))],
        events: [event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 500')],
      },
    ],
    ['wait-timeout', `not ready, and no pod says why ${WHERE}`, { pods: [pod(waits('ContainerCreating'))] }],
  ])('is %s: %s', async (failure, line, given) => {
    expect(await told(given)).toMatchObject({ failure, line })
  })

  it('is looked for in the pods of the new template that are to stay', async () => {
    const old = pod(waits('CrashLoopBackOff', '', { lastState: ended(1, 'Error') }), {
      name: 'shop-1-a',
      labels: { 'pod-template-hash': '1' },
      ...owned('old'),
    })
    const leaving = pod(waits('ErrImagePull'), { deletionTimestamp: '2026-01-01T00:00:00Z' })
    const foreign = pod(waits('ErrImagePull'), owned('somebody'))
    const ready = pod({ conditions: [{ type: 'Ready', status: 'True' }] })
    expect(await told({ pods: [old, leaving, foreign, ready] })).toMatchObject({
      line: 'not ready, and no pod says why in Deployment api/shop, 1/3 ready',
    })
  })

  it('begins with what tells most, and says the rest below', async () => {
    const pods = [
      pod(container({ state: { running: {} } }), { name: 'one' }),
      pod(waits('ImagePullBackOff'), { name: 'two' }),
      pod(waits('ImagePullBackOff'), { name: 'three' }),
    ]
    const events = [
      event('Unhealthy', 'old', 'one', { lastTimestamp: '2026-01-01T00:00:00Z' }),
      event('Unhealthy', 'new', 'one', { series: { lastObservedTime: '2026-01-01T00:01:00Z' } }),
      event('Unhealthy', 'of another', 'other'),
    ]
    const { line, details } = await told({ pods, events })
    expect(line).toBe(`ImagePullBackOff: ${IMAGE} ${WHERE}`)
    expect(details).toEqual(['one: Unhealthy: app: new', 'Unhealthy one: new', 'Unhealthy one: old'])
  })

  it('has the last lines of a container, made harmless', async () => {
    const crashed = pod(waits('CrashLoopBackOff', '', { lastState: ended(1, 'Error') }))
    const { details } = await told({
      pods: [crashed],
      log: `up\n\u001b[31mpanic\u0007\n::error::${'x'.repeat(2000)}\n`,
    })
    expect(details.slice(0, 3)).toEqual([
      'the last lines of app of shop-2-a before it was started anew:',
      'up',
      '[31mpanic',
    ])
    expect(details[3]).toHaveLength(503)
    expect((await told({ pods: [crashed] })).details).toEqual([
      'app of shop-2-a printed nothing before it ended',
    ])
  })

  it('B6 50: says no part of a secret that its end of a line would have cut', async () => {
    const secret = 'swordfish-is-the-password-of-all-the-shops'
    const long = `${'x'.repeat(470)} ${secret}`
    const found = await told({
      pods: [pod(waits('CrashLoopBackOff', '', { lastState: ended(1, 'Error') }))],
      events: [event('Failed', long)],
      log: long,
      limits: { clean: (text) => text.replaceAll(secret, '***') },
    })
    expect(found.details.filter((line) => line.includes('x ***'))).toHaveLength(2)
    expect(JSON.stringify([found.line, found.details])).not.toContain('swordf')
  })

  it('is told as far as it may be read, and shows no value of a manifest', async () => {
    const forbidden = await told({ forbidden: ['/events', '/pods'], conditions: refused('exceeded quota') })
    expect(forbidden.details).toEqual([
      expect.stringMatching(/^events could not be read: .* refuses to list events/),
      expect.stringMatching(/^its pods could not be read: .* refuses to list pods/),
    ])
    expect(await told({ forbidden: ['/shop'] })).toMatchObject({
      ...{ failure: 'wait-timeout', line: 'Deployment api/shop could not be read' },
      details: [expect.stringMatching(/refuses to read deployments api\/shop/)],
    })
    const { line } = await told({
      conditions: refused('Pod "a" is invalid: spec: Invalid value: {"env":"swordfish"}: no'),
    })
    expect(line).not.toContain('swordfish')
  })
})

describe('why a task failed', () => {
  const born = (minute: number) => ({ creationTimestamp: `2026-01-01T00:0${minute}:00Z` })
  const failed = (name: string, minute: number) =>
    pod({ phase: 'Failed', ...container({ state: ended(3, 'Error') }) }, { name, ...born(minute) })

  async function toldOf(task: Task, pods: object[], forbidden = '-') {
    let selected = ''
    const { cluster } = await answering((path, { url }) => {
      if (path.endsWith(forbidden)) return 403
      if (path.endsWith('/log')) return 'no such column\n'
      if (!path.endsWith('/pods')) return []
      selected = new URL(url).search
      return pods
    })
    return { found: await diagnoseTask(cluster, task, { signal }), selected }
  }
  const job: Task = { kind: 'Job', namespace: 'api', name: 'migrate' }

  it('is what the newest of its pods says that has not succeeded, and what that printed last', async () => {
    const done = pod({ phase: 'Succeeded' }, { name: 'c', ...born(3) })
    const { found, selected } = await toldOf(job, [failed('a', 1), failed('b', 2), done])
    expect(found).toEqual({
      line: 'Error: app (exit code 3) in Job api/migrate',
      details: ['the last lines of app of b:', 'no such column'],
    })
    expect(selected).toContain('labelSelector=job-name%3Dmigrate')
  })

  it('is asked of a pod by its name, and told without its log where that may not be read', async () => {
    const { found, selected } = await toldOf({ ...job, kind: 'Pod' }, [failed('migrate', 1)], '/log')
    expect(found?.line).toBe('Error: app (exit code 3) in Pod api/migrate')
    expect(found?.details).toEqual([expect.stringMatching(/^its log could not be read: .*403/)])
    expect(selected).toContain('fieldSelector=metadata.name%3Dmigrate')
  })

  it('is not known where no pod says it, or none is left', async () => {
    expect((await toldOf(job, [pod({ phase: 'Succeeded' })])).found).toBeUndefined()
    expect((await toldOf(job, [])).found).toBeUndefined()
  })
})
