import { describe, expect, it } from '@jest/globals'
import { answering } from './answering.fixture'
import type { KubernetesObject } from './cluster'
import { differencesFrom } from './live'
import { manifestDiff } from './manifest-diff'

const signal = new AbortController().signal
const KINDS = {
  resources: [
    { name: 'configmaps', kind: 'ConfigMap', namespaced: true },
    { name: 'secrets', kind: 'Secret', namespaced: true },
    { name: 'namespaces', kind: 'Namespace', namespaced: false },
  ],
}
const map = (name: string, data: Record<string, unknown>, kind = 'ConfigMap'): KubernetesObject => ({
  ...{ apiVersion: 'v1', kind, metadata: { name }, data },
})

/** A cluster that holds these, by the ends of their paths, and takes every apply for what comes of it. */
const holding = (objects: Record<string, object | number>) =>
  answering((path, { method, body }) => {
    if (path === '/api/v1') return KINDS
    const found = Object.entries(objects).find(([end]) => path.endsWith(end))?.[1]
    return method === 'PATCH' && typeof found === 'object' ? { ...found, ...pickData(body) } : found
  })

/** What it is changed to; a real one fills in the rest. */
const pickData = (body = ''): object => {
  const { data } = JSON.parse(body) as { data?: object }
  return data === undefined ? {} : { data }
}

describe('what stands', () => {
  it('is told by paths and never by values', async () => {
    const { cluster, asked } = await holding({
      '/configmaps/a': map('a', { key: 'swordfish-1' }),
      '/namespaces/b': map('b', {}),
    })
    const wanted = [
      map('a', { key: 'swordfish-2' }),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'b' } },
      map('c', {}),
    ]
    expect(await differencesFrom(cluster, wanted, 'api', signal)).toEqual([
      { object: 'ConfigMap a', detail: 'data.key differs' },
      { object: 'ConfigMap c', detail: 'is not there' },
    ])
    expect(asked).toContain('PATCH /api/v1/namespaces/api/configmaps/a')
    expect(asked).toContain('PATCH /api/v1/namespaces/b')
  })

  it('has nothing left over that admission adds to every new object', async () => {
    const pod = (env: string[], more: string[] = []) => ({
      containers: [
        { name: 'app', env: env.map((name) => ({ name, value: '1' })) },
        ...more.map((name) => ({ name })),
      ],
    })
    const deployment = (spec: object, name = 'shop'): KubernetesObject => ({
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'api' } },
      spec: { template: { spec } },
    })
    const live = deployment(pod(['A', 'INJECTED'], ['left']))
    const kinds = { resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }] }
    const told = async (fresh: object | number) => {
      const { cluster, asked } = await answering((path, { method }) => {
        if (path === '/apis/apps/v1') return kinds
        return method === 'POST' ? fresh : path.endsWith('/shop') ? live : undefined
      })
      const found = await differencesFrom(cluster, [deployment(pod(['A']))], 'api', signal)
      expect(asked).toContain('POST /apis/apps/v1/namespaces/api/deployments')
      return found.map(({ detail }) => detail.split(' ')[0])
    }
    const left = 'spec.template.spec.containers[left]'
    expect(await told(deployment(pod(['A', 'INJECTED']), 'shop-as-new'))).toEqual([left])
    // Who may not create one cannot tell them apart, and rather says too much.
    expect(await told(403)).toEqual(['spec.template.spec.containers[app].env[INJECTED]', left])
  })

  it('cannot be told where the cluster does not answer', async () => {
    const { cluster } = await holding({ '/configmaps/a': 503 })
    await expect(differencesFrom(cluster, [map('a', {})], 'api', signal)).rejects.toMatchObject({
      status: 503,
    })
    const away = await holding({ '/horizontalpodautoscalers': 500 })
    await expect(differencesFrom(away.cluster, [], 'api', signal)).rejects.toMatchObject({ status: 500 })
  })
})

describe('what would change', () => {
  it('shows numbers and switches, and no text', async () => {
    const { cluster } = await holding({
      '/configmaps/a': map('a', { size: 1, on: true, text: 'swordfish-1' }),
      '/secrets/k': map('k', { size: 1 }, 'Secret'),
    })
    const next = [
      map('a', { size: 2, on: false, text: 'swordfish-2' }),
      map('k', { size: 2 }, 'Secret'),
      map('n', {}),
    ]
    expect(await manifestDiff(cluster, { running: [], next, namespace: 'api' }, signal)).toEqual([
      {
        object: 'ConfigMap a',
        change: 'modify',
        fields: ['data.size: 1 -> 2', 'data.on: true -> false', 'data.text: changed'],
      },
      { object: 'Secret k', change: 'modify', fields: ['data.size: changed'] },
      { object: 'ConfigMap n', change: 'add', fields: [] },
    ])
  })

  it('has what the running manifest has and the next one does not', async () => {
    const live = map('a', { one: 1, two: 2 })
    const { cluster } = await answering((path, { method }) =>
      path === '/api/v1' ? KINDS : method === 'PATCH' || path.endsWith('/a') ? live : undefined,
    )
    const running = [live, map('gone', {})]
    // A dry run leaves in what another field manager has written.
    expect(
      await manifestDiff(cluster, { running, next: [map('a', { one: 1 })], namespace: 'api' }, signal),
    ).toEqual([
      { object: 'ConfigMap a', change: 'modify', fields: ['data.two is taken out'] },
      { object: 'ConfigMap gone', change: 'remove', fields: [] },
    ])
    // Whose definition comes with the release.
    const custom = { apiVersion: 'acme.example/v1', kind: 'Thing', metadata: { name: 't' } }
    expect(await manifestDiff(cluster, { running: [], next: [custom], namespace: 'api' }, signal)).toEqual([
      { object: 'Thing t', change: 'add', fields: [] },
    ])
  })
})
