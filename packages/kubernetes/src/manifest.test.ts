import { describe, expect, it } from '@jest/globals'
import { runningImages } from './digests'
import { containersOf, objectsIn, titleOf, workloadsIn } from './manifest'
import { podObject } from './workloads'

const MANIFEST = `---
# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: other }
spec:
  template:
    spec:
      initContainers: [{ name: migrate, image: "tools:1" }]
      containers: [{ name: app, image: "shop@sha256:x" }, { name: log, image: log }]
---
# nothing but a comment
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service, metadata: { name: shop } }
  - { apiVersion: apps/v1, kind: StatefulSet, metadata: { name: db } }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: night }
spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: job, image: night }] } } } } }
`

describe('a manifest', () => {
  it('is its objects, those of a list each by itself', async () => {
    const objects = await objectsIn(MANIFEST)
    expect(objects.map(titleOf)).toEqual([
      'Deployment other/shop',
      'Service shop',
      'StatefulSet db',
      'CronJob night',
    ])
    expect(await objectsIn('')).toEqual([])
    expect(workloadsIn(objects, 'api')).toEqual([
      { kind: 'Deployment', namespace: 'other', name: 'shop' },
      { kind: 'StatefulSet', namespace: 'api', name: 'db' },
    ])
  })

  it('has fields without a value, as templates leave them, and they are none', async () => {
    const [object, ...more] = await objectsIn(`apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: , creationTimestamp: null, labels: , annotations: { image: } }
spec:
  template:
    spec:
      initContainers:
      containers: [{ name: app, image: shop, env: , command: [null] }]
status: null
`)
    expect(more).toEqual([])
    expect(object).toEqual({
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop', annotations: {} } },
      spec: { template: { spec: { containers: [{ name: 'app', image: 'shop', command: [null] }] } } },
    })
    expect(object && containersOf(object)).toMatchObject([{ name: 'app', image: 'shop' }])
  })

  it('asks for containers, wherever a kind has its pods', async () => {
    const containers = (await objectsIn(MANIFEST)).flatMap(containersOf)
    expect(containers.map(({ name, image, init }) => [name, image, init])).toEqual([
      ['migrate', 'tools:1', true],
      ['app', 'shop@sha256:x', false],
      ['log', 'log', false],
      ['job', 'night', false],
    ])
  })

  it.each([
    ['a: [swordfish', 'document 1 of the manifest is not YAML: '],
    ['kind: Secret\n---\nswordfish', 'document 1 of the manifest is not an object of Kubernetes'],
  ])('that is %j is refused without being shown', async (text, message) => {
    const failure = await objectsIn(text).catch((error: Error) => error)
    expect((failure as Error).message).toContain(message)
    expect((failure as Error).message).not.toContain('swordfish')
  })
})

describe('what runs, held against a digest', () => {
  const [a, b] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string]
  it.each([
    [`shop@${a}`, `docker-pullable://mirror/shop@${a}`, 'exactly'],
    // By a tag, and it is the one all the same.
    ['shop:1', `shop@${a}`, 'exactly'],
    [`shop@${a}`, `shop@${b}`, 'by-index'],
    [`shop@${a}`, '', 'unknown'],
    ['shop:1', '', 'unknown'],
    ['shop:1', `shop@${b}`, 'another'],
    // Admission has changed it.
    [`shop@${b}`, '', 'another'],
  ])('%s that runs %j is %s', (image, imageID, is) => {
    const pod = podObject.parse({
      metadata: { name: 'shop-1' },
      spec: {
        containers: [
          { name: 'app', image },
          { name: 'log', image: 'log' },
        ],
      },
      status: {
        containerStatuses: [
          { name: 'app', image, imageID },
          { name: 'log', imageID: `log@${b}` },
        ],
      },
    })
    expect(runningImages(pod, a, new Set(['app']))).toEqual([
      { pod: 'shop-1', container: 'app', image, running: imageID, is },
    ])
  })
})
