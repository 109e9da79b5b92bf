import { describe, expect, it } from '@jest/globals'
import { readCluster } from './cluster-reading'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const named = (name: string, more: object = {}) => ({ name, namespace: 'eu', ...more })
const pod = (name: string, letter: string) => ({
  metadata: named(name),
  spec: { containers: [{ image: `registry.example.com/shop@${digest(letter)}` }] },
})
const slice = (arm: string, endpoints: Record<string, boolean> | null) => ({
  metadata: named(`shop-${arm}-x1`, { labels: { 'kubernetes.io/service-name': `shop-${arm}` } }),
  endpoints:
    endpoints &&
    Object.entries(endpoints).map(([pod, ready]) => ({ conditions: { ready }, targetRef: { name: pod } })),
})
const deployment = (arm: string, status: object, generation = 3) => ({
  metadata: named(`shop-${arm}`, { generation }),
  spec: { replicas: 2 },
  status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status },
})
const virtualService = {
  metadata: named('shop'),
  spec: {
    http: [
      { name: 'header', route: [{ destination: { host: 'shop-green' } }] },
      {
        name: 'shares',
        route: [
          { destination: { host: 'shop-blue' }, weight: 95 },
          { destination: { host: 'shop-green' }, weight: 5 },
        ],
      },
    ],
  },
}

function clusterWith(changed: Record<string, unknown[]> = {}) {
  const held: Record<string, unknown[]> = {
    '/apis/networking.istio.io/v1/virtualservices': [virtualService],
    '/api/v1/services': [{ metadata: named('shop'), spec: { selector: { app: 'shop', slot: 'green' } } }],
    '/apis/discovery.k8s.io/v1/endpointslices': [
      slice('blue', { b1: true, b2: true }),
      slice('green', { g1: true, g2: false }),
    ],
    '/api/v1/pods': [pod('b1', 'a'), pod('b2', 'a'), pod('g1', 'b'), pod('g2', 'c')],
    '/apis/apps/v1/deployments': [deployment('blue', {}), deployment('green', {})],
    ...changed,
  }
  return {
    request: async (_: string, path: string) =>
      held[path] ? { status: 200, body: { items: held[path] } } : { status: 404, body: 'page not found' },
  }
}
const read = async (changed?: Record<string, unknown[]>, routing: 'istio' | 'kubernetes-service' = 'istio') =>
  (await readCluster(clusterWith(changed), { routing, regions: ['eu'], arms: ['blue', 'green'] }))['eu']

describe('what the API server holds of a region', () => {
  it('is the weights of the route that splits, and the digest of ready pods alone', async () => {
    expect(await read()).toEqual({
      weights: { blue: 95, green: 5 },
      arms: {
        blue: { ready: 2, changing: false, digest: digest('a') },
        green: { ready: 1, changing: false, digest: digest('b') },
      },
    })
  })

  it('is all for the slot that a Service selects', async () => {
    expect((await read({}, 'kubernetes-service'))?.weights).toEqual({ blue: 0, green: 100 })
  })

  it('has no digest while ready pods differ, or while there are none', async () => {
    const slices = [slice('blue', { b1: true, g1: true }), slice('green', null)]
    const { arms } = (await read({ '/apis/discovery.k8s.io/v1/endpointslices': slices }))!
    expect(arms).toEqual({ blue: { ready: 2, changing: false }, green: { ready: 0, changing: false } })
  })

  it.each([
    ['the controller has not seen yet', deployment('green', {}, 4)],
    ['has a pod of before', deployment('green', { replicas: 3 })],
    ['has not begun', deployment('green', { updatedReplicas: 0 })],
    ['is not available', deployment('green', { availableReplicas: 1 })],
  ])('is changing while its Deployment %s', async (_, green) => {
    expect((await read({ '/apis/apps/v1/deployments': [green] }))?.arms['green']?.changing).toBe(true)
  })

  it.each([
    [[], 'istio'],
    [[{ name: 'shares', route: [] }], 'istio'],
    [[{ name: 'shares', route: [{ destination: { host: 'shop-red' }, weight: 100 }] }], 'istio'],
    [{ slot: 'red' }, 'kubernetes-service'],
    [{ app: 'shop' }, 'kubernetes-service'],
  ] as const)('is an error where what splits it gives the arms not all: %j', async (held, routing) => {
    const path = routing === 'istio' ? '/apis/networking.istio.io/v1/virtualservices' : '/api/v1/services'
    const spec = routing === 'istio' ? { http: held } : { selector: held }
    await expect(read({ [path]: [{ metadata: named('shop'), spec }] }, routing)).rejects.toThrow(
      'what splits the traffic of eu gives blue and green not all of it',
    )
  })

  it('is all for a destination that is alone', async () => {
    const alone = { http: [{ name: 'shares', route: [{ destination: { host: 'shop-green' } }] }] }
    const path = '/apis/networking.istio.io/v1/virtualservices'
    expect((await read({ [path]: [{ metadata: named('shop'), spec: alone }] }))?.weights).toEqual({
      ...{ blue: 0, green: 100 },
    })
  })

  it('is an error where nothing splits its traffic, or the server refuses', async () => {
    await expect(read({ '/apis/networking.istio.io/v1/virtualservices': [] })).rejects.toThrow(
      'nothing named shop splits the traffic of eu',
    )
    const request = async () => ({ status: 403, body: { message: 'no' } })
    await expect(
      readCluster({ request }, { routing: 'istio', regions: ['eu'], arms: ['blue'] }),
    ).rejects.toThrow(/is answered by 403: \{"message":"no"\}/)
  })
})
