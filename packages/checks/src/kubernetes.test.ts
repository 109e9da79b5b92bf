import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakePorts, startFakeCluster, type FakeCluster, type FakeObject } from '@deploy-actions/testing'
import { checks } from './registry'

const NGINX = 'nginx.ingress.kubernetes.io'
const digest = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const labels = { app: 'shop', 'pod-template-hash': 'new' }

const deployment: FakeObject = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: {
    ...{ name: 'shop', namespace: 'default' },
    annotations: { 'deployment.kubernetes.io/revision': '1' },
  },
  spec: {
    ...{ replicas: 1, selector: { matchLabels: { app: 'shop' } } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'app', image: 'app' }] },
    },
  },
}
const replicaSet: FakeObject = {
  ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  metadata: {
    ...{ name: 'shop-new', namespace: 'default', labels },
    annotations: { 'deployment.kubernetes.io/revision': '1' },
    ownerReferences: [{ kind: 'Deployment', name: 'shop', uid: 'uid-of-deployments-shop' }],
  },
  spec: { replicas: 1, template: deployment.spec?.['template'] },
}
interface Container {
  name: string
  ready?: boolean
  restartCount?: number
  imageID?: string
}
const pod = (containers: readonly Container[], spec: Record<string, unknown> = {}): FakeObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: {
    ...{ name: 'shop-1', namespace: 'default', labels },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'shop-new', uid: 'uid-of-replicasets-shop-new' }],
  },
  spec: { containers: [{ name: 'app', image: `app@${digest}` }], ...spec },
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: containers.map((one) => ({ image: 'app', ready: true, restartCount: 0, ...one })),
  },
})
const autoscaler = (active: 'True' | 'False'): FakeObject => ({
  ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  metadata: { name: 'shop', namespace: 'default' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'shop' } },
  status: {
    conditions: [
      { type: 'AbleToScale', status: 'True' },
      { type: 'ScalingActive', status: active, reason: 'FailedGetResourceMetric', message: 'no metrics' },
    ],
  },
})
const secretVolume = {
  volumes: [
    {
      name: 'vault',
      csi: { driver: 'secrets-store.csi.k8s.io', volumeAttributes: { secretProviderClass: 'vault' } },
    },
  ],
}
const mounted = (yes: boolean): FakeObject => ({
  ...{ apiVersion: 'secrets-store.csi.x-k8s.io/v1', kind: 'SecretProviderClassPodStatus' },
  metadata: { name: 'shop-1-default-vault', namespace: 'default' },
  status: { podName: 'shop-1', secretProviderClassName: 'vault', mounted: yes },
})

let cluster: FakeCluster
beforeEach(async () => {
  cluster = await startFakeCluster()
  // What a workload and its pods show is what a test says.
  cluster.controllers = false
  const status = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 }
  cluster.put({ ...deployment, status: { ...status, observedGeneration: 1 } })
  for (const object of [replicaSet, pod([{ name: 'app' }])]) cluster.put(object)
})
afterEach(() => cluster.close())

async function checkOf(settings: Record<string, unknown>, type = 'kubernetes') {
  const configured = await checks.configure({ type, 'kubeconfig-secret': 'KUBECONFIG', ...settings })
  return configured.open(createFakePorts({ real: true, secrets: { KUBECONFIG: cluster.kubeconfig } }))
}
const { signal } = new AbortController()
const look = async (...asked: Parameters<typeof checkOf>) => (await checkOf(...asked)).probe(signal)
const workloads = ['Deployment/shop']
const red = (detail: string) => ({ state: 'red', detail })

describe('the check kubernetes', () => {
  it('is red while a rollout is not complete, and fatal where it is stuck', async () => {
    expect(await look({ workloads })).toEqual({
      state: 'green',
      detail: 'Deployment/shop: rollouts-complete',
    })
    cluster.controllers = false
    cluster.put({ ...deployment, status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1 } })
    expect(await look({ workloads })).toEqual(red('Deployment default/shop: 0 of 1 pods are ready'))
    cluster.put({
      ...deployment,
      spec: { ...deployment.spec, paused: true },
      status: { observedGeneration: 2 },
    })
    expect(await look({ workloads })).toMatchObject({ state: 'red', fatal: true })
    expect(await look({ workloads: ['StatefulSet/db'] })).toEqual(red('StatefulSet default/db is not there'))
  })

  it('is red without an HPA, and while that does not scale', async () => {
    const asked = { workloads, expect: ['hpa-active'] }
    expect(await look(asked)).toEqual(red('Deployment default/shop has no HorizontalPodAutoscaler'))
    cluster.put(autoscaler('False'))
    expect(await look(asked)).toEqual(
      red(
        'HorizontalPodAutoscaler shop of Deployment default/shop is not ScalingActive: FailedGetResourceMetric no metrics',
      ),
    )
    cluster.put(autoscaler('True'))
    expect((await look(asked)).state).toBe('green')
  })

  it('is red while a secret of the store is not mounted', async () => {
    const asked = { workloads, expect: ['secrets-mounted'] }
    expect(await look(asked)).toEqual(
      red('Deployment default/shop has no pod with a volume of secrets-store.csi.k8s.io'),
    )
    cluster.put(pod([{ name: 'app' }], secretVolume))
    const missing = red('pod shop-1 of Deployment default/shop has not mounted SecretProviderClass vault')
    expect(await look(asked)).toEqual(missing)
    cluster.put(mounted(false))
    expect(await look(asked)).toEqual(missing)
    cluster.put(mounted(true))
    expect((await look(asked)).state).toBe('green')
  })

  it('is red for restarts, for a sidecar that is not ready, and for another digest', async () => {
    cluster.put(
      pod([
        { name: 'app', restartCount: 2, imageID: `app@${digest}` },
        { name: 'proxy', ready: false },
      ]),
    )
    const asked = { workloads, expect: ['restarts', 'sidecars', 'digests'], sidecars: ['proxy'], digest }
    expect(await look({ ...asked, 'max-restarts': 2 })).toEqual(
      red('pod shop-1 of Deployment default/shop has no ready container proxy'),
    )
    cluster.put(pod([{ name: 'app', restartCount: 2, imageID: `app@${digest}` }, { name: 'proxy' }]))
    expect(await look(asked)).toEqual(
      red('container app of pod shop-1 of Deployment default/shop has restarted 2 times, allowed 0'),
    )
    expect((await look({ ...asked, 'max-restarts': 2 })).state).toBe('green')
    expect(await look({ ...asked, 'max-restarts': 2, digest: other })).toEqual(
      red(`pod shop-1 of Deployment default/shop asks for ${other} in none of its containers`),
    )
  })

  it('is red for restarts of pods that are not there', async () => {
    cluster.remove('pods', 'shop-1')
    expect(await look({ workloads, expect: ['restarts'] })).toEqual(
      red('Deployment default/shop has no pods'),
    )
  })

  it('is red where a rate limit or an identity is not as it should be', async () => {
    const ingress = (rps: string): FakeObject => ({
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
      metadata: { name: 'shop', namespace: 'default', annotations: { [`${NGINX}/limit-rps`]: rps } },
      spec: {},
    })
    const account = (annotations: Record<string, string>): FakeObject => ({
      ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
      metadata: { name: 'shop', namespace: 'default', annotations },
    })
    cluster.put(ingress('500'))
    cluster.put(account({}))
    const fields = [
      {
        ...{ of: 'networking.k8s.io/v1/ingresses/shop', is: '50' },
        field: `/metadata/annotations/${NGINX}~1limit-rps`,
      },
      {
        of: 'v1/serviceaccounts/shop',
        field: '/metadata/annotations/azure.workload.identity~1client-id',
      },
    ]
    expect(await look({ fields })).toEqual(
      red(
        `ingresses default/shop: /metadata/annotations/${NGINX}~1limit-rps is "500", expected "50"; serviceaccounts default/shop: /metadata/annotations/azure.workload.identity~1client-id is not there, expected anything but nothing`,
      ),
    )
    cluster.put(ingress('50'))
    cluster.put(account({ 'azure.workload.identity/client-id': '1-2-3' }))
    expect(await look({ fields })).toEqual({ state: 'green', detail: '2 fields as expected' })
  })

  it('is unknown where the cluster refuses, and refuses settings that look at nothing', async () => {
    cluster.before = () => ({ status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'no' } })
    expect(await look({ workloads })).toMatchObject({
      state: 'unknown',
      detail: expect.stringContaining('no'),
    })
    await expect(checks.configure({ type: 'kubernetes' })).rejects.toThrow('there is nothing to look at')
    await expect(
      checks.configure({ type: 'kubernetes', workloads, expect: ['sidecars', 'digests'] }),
    ).rejects.toThrow(/names none, and they are expected[^]*is missing, and digests are expected/)
  })
})

describe('the check flagger', () => {
  const canary = (status?: Record<string, unknown>): FakeObject => ({
    ...{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary' },
    metadata: { name: 'shop', namespace: 'default' },
    ...(status && { status }),
  })
  it.each([
    [undefined, 'Canary default/shop is not there yet, with 0% of the traffic and 0 failed checks'],
    [
      { phase: 'Progressing', canaryWeight: 20, failedChecks: 1 },
      'Canary default/shop is Progressing, with 20% of the traffic and 1 failed checks',
    ],
    [
      { phase: 'Succeeded', lastAppliedSpec: 'new', lastPromotedSpec: 'old' },
      'Canary default/shop has promoted old, and new was applied since',
    ],
  ])('is red for %j', async (status, detail) => {
    cluster.put(canary(status))
    expect(await look({ canary: 'shop' }, 'flagger')).toEqual(red(detail))
  })

  it('is red at once for what has failed, and green for what is promoted', async () => {
    expect(await look({ canary: 'shop' }, 'flagger')).toEqual(red('Canary default/shop is not there'))
    const failed = (lastTransitionTime: string) =>
      canary({
        phase: 'Failed',
        conditions: [{ type: 'Promoted', message: 'Canary analysis failed' }],
        lastTransitionTime,
      })
    cluster.put(failed('10:00'))
    const check = await checkOf({ canary: 'shop' }, 'flagger')
    const said = red('Canary default/shop has failed: Canary analysis failed')
    // That may be of the release before: Flagger looks once in a while.
    expect(await check.probe(signal)).toEqual(said)
    expect(await check.probe(signal)).toEqual(said)
    cluster.put(failed('10:20'))
    expect(await check.probe(signal)).toEqual({ ...said, fatal: true })
    cluster.put(canary({ phase: 'Succeeded', lastAppliedSpec: 'new', lastPromotedSpec: 'new' }))
    expect(await look({ canary: 'shop' }, 'flagger')).toMatchObject({ state: 'green' })
  })

  it('is red while Flagger has not looked at what was brought since it has promoted something', async () => {
    const runs = (name: string, image: string): FakeObject => ({
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' } },
      spec: {
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image }] } },
      },
    })
    cluster.put({
      ...canary({ phase: 'Succeeded', lastAppliedSpec: 'old', lastPromotedSpec: 'old' }),
      spec: { targetRef: { kind: 'Deployment', name: 'api' } },
    })
    cluster.put(runs('api', 'api:2'))
    cluster.put(runs('api-primary', 'api:1'))
    expect(await look({ canary: 'shop' }, 'flagger')).toEqual(
      red(
        'Canary default/shop has promoted old, but Deployment default/api-primary does not run the images of Deployment default/api yet: api:2',
      ),
    )
    cluster.put(runs('api-primary', 'api:2'))
    expect(await look({ canary: 'shop' }, 'flagger')).toMatchObject({ state: 'green' })
  })
})
