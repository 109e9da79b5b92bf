import { describe, expect, it } from '@jest/globals'
import { extraItems, fieldChanges } from './fields'

const paths = (before: unknown, after: unknown) => fieldChanges(before, after).map(({ path }) => path)

describe('fields that differ', () => {
  it('are told by names of items, not by their places', () => {
    const before = {
      spec: {
        containers: [
          { name: 'app', image: 'a' },
          { name: 'log', image: 'c' },
        ],
        ports: [80, 81],
      },
    }
    const after = {
      spec: {
        containers: [
          { name: 'log', image: 'c' },
          { name: 'app', image: 'b' },
        ],
        ports: [80, 82],
      },
    }
    expect(fieldChanges(before, after)).toEqual([
      { path: 'spec.containers[app].image', before: 'a', after: 'b' },
      { path: 'spec.ports[1]', before: 81, after: 82 },
    ])
  })

  it('are whole where one is not there or has another form', () => {
    expect(fieldChanges({ a: { b: 1 } }, { a: [1], c: { d: 2 } })).toEqual([
      { path: 'a', before: { b: 1 }, after: [1] },
      { path: 'c', before: undefined, after: { d: 2 } },
    ])
    expect(paths({ list: [{ name: 'a' }] }, { list: [] })).toEqual(['list[a]'])
    expect(paths({ a: null }, { a: 0 })).toEqual(['a'])
    expect(paths({ ports: [{ containerPort: 80 }] }, { ports: [{ containerPort: 81 }] })).toEqual([
      'ports[80]',
      'ports[81]',
    ])
  })

  it('are not those that the API server counts up', () => {
    const one = {
      metadata: { resourceVersion: '1', generation: 1, managedFields: [{}], labels: { a: '1' } },
      status: { a: 1 },
    }
    const other = {
      metadata: { resourceVersion: '2', generation: 2, uid: 'x', labels: { a: '2' } },
      status: { a: 2 },
    }
    expect(paths(one, other)).toEqual(['metadata.labels.a'])
    const counted = { 'deployment.kubernetes.io/revision': '1' }
    expect(paths({ metadata: {} }, { metadata: { annotations: counted } })).toEqual([])
    expect(paths({ metadata: { annotations: { ...counted, a: '1' } } }, { metadata: {} })).toEqual([
      'metadata.annotations.a',
    ])
  })
})

describe('items that are left over', () => {
  it('are found in the lists of a pod, however deep, and in no other', () => {
    const live = {
      spec: {
        containers: [
          {
            name: 'app',
            env: [{ name: 'A' }, { name: 'B' }],
            ports: [{ containerPort: 80 }],
            volumeMounts: [{ mountPath: '/x' }],
          },
          { name: 'left' },
        ],
        volumes: [{ name: 'x' }],
        tolerations: [{ key: 'a' }],
      },
    }
    expect(extraItems(live, { spec: { containers: [{ name: 'app', env: [{ name: 'A' }] }] } })).toEqual([
      'spec.containers[app].env[B]',
      'spec.containers[app].volumeMounts[/x]',
      'spec.containers[left]',
      'spec.volumes[x]',
    ])
    expect(extraItems(live, live)).toEqual([])
    expect(extraItems(live, undefined)).toEqual([
      'spec.containers[app]',
      'spec.containers[left]',
      'spec.volumes[x]',
    ])
  })
})
