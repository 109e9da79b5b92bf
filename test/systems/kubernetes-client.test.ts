import { chmod, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { kubernetesObject, openCluster, type Cluster } from '@deploy-actions/kubernetes'
import { createFakePorts } from '@deploy-actions/testing'
import type { LocalCluster } from '@deploy-actions/local-cluster'
import { startRealCluster } from './real-cluster'

// The client of packages/kubernetes, held against the real API server.

let real: LocalCluster
let cluster: Cluster
beforeAll(async () => {
  real = await startRealCluster()
  cluster = await openCluster({}, portsWith(real.kubeconfig))
}, 180_000)
afterAll(() => real.close())

const signal = new AbortController().signal
const portsWith = (kubeconfig: string) => createFakePorts({ real: true, ambient: { KUBECONFIG: kubeconfig } })
const services = { apiVersion: 'v1', plural: 'services', namespace: 'default' }
const shop = { ...services, name: 'shop' }
const service = {
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' } },
  spec: { selector: { slot: 'blue' }, ports: [{ port: 80 }] },
}
const withSlot = kubernetesObject.extend({
  spec: z.looseObject({ selector: z.record(z.string(), z.string()) }),
})

describe('the API server', () => {
  it('is read over its own certificate', async () => {
    expect(await cluster.read(shop, withSlot, signal)).toBeUndefined()
    await real.request('POST', '/api/v1/namespaces/default/services', service)
    expect(await cluster.read(shop, withSlot, signal)).toMatchObject({ spec: { selector: { slot: 'blue' } } })
    const found = await cluster.list(services, kubernetesObject, signal)
    expect(found.map(({ metadata }) => metadata.name).toSorted()).toEqual(['kubernetes', 'shop'])
    expect(await cluster.kinds('v1', signal)).toContainEqual({
      kind: 'Service',
      plural: 'services',
      namespaced: true,
    })
    expect(await cluster.kinds('nobody.example/v1', signal)).toEqual([])
  })

  it('gives lists by pages', async () => {
    for (let first = 0; first < 520; first += 40)
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          real.request('POST', '/api/v1/namespaces/default/configmaps', {
            metadata: { name: `page-${first + index}` },
          }),
        ),
      )
    const maps = { apiVersion: 'v1', plural: 'configmaps', namespace: 'default' }
    const found = await cluster.list(maps, kubernetesObject, signal)
    expect(found.filter(({ metadata }) => metadata.name.startsWith('page-'))).toHaveLength(520)
  }, 60_000)

  it('refuses a change whose test does not hold, and makes all of one whose tests do', async () => {
    const slot = '/spec/selector/slot'
    const change = (from: string, dryRun = false) =>
      cluster.patch(
        shop,
        [
          { op: 'test', path: slot, value: from },
          { op: 'replace', path: slot, value: 'green' },
        ],
        withSlot,
        signal,
        { dryRun },
      )
    const before = await cluster.read(shop, withSlot, signal)
    await expect(change('red')).rejects.toMatchObject({ reason: 'Invalid', status: 422, retryable: false })
    expect((await change('blue', true)).spec.selector).toEqual({ slot: 'green' })
    expect(await cluster.read(shop, withSlot, signal)).toEqual(before)
    expect((await change('blue')).spec.selector).toEqual({ slot: 'green' })
    const stale = [
      { op: 'test' as const, path: '/metadata/resourceVersion', value: before?.metadata.resourceVersion },
      { op: 'replace' as const, path: slot, value: 'blue' },
    ]
    await expect(cluster.patch(shop, stale, withSlot, signal)).rejects.toMatchObject({ reason: 'Invalid' })
    expect((await cluster.read(shop, withSlot, signal))?.spec.selector).toEqual({ slot: 'green' })
  })

  it('says what an object would become, and keeps nothing of it', async () => {
    const wanted = { ...service, metadata: { name: 'other', namespace: 'default' } }
    const other = await cluster.dryApply({ ...services, name: 'other' }, wanted, signal)
    // What nobody wrote is filled in by the server.
    expect(other).toMatchObject({ spec: { type: 'ClusterIP', ports: [{ protocol: 'TCP', targetPort: 80 }] } })
    expect(await cluster.read({ ...services, name: 'other' }, kubernetesObject, signal)).toBeUndefined()
    const wrong = { ...wanted, spec: { ports: [{ port: 'swordfish' }] } }
    await expect(cluster.dryApply({ ...services, name: 'other' }, wrong, signal)).rejects.toThrow(
      /refuses to apply services default\/other/,
    )
  })

  it('has no log of a container that never ran', async () => {
    const container = { namespace: 'default', name: 'nobody', container: 'app' }
    await expect(cluster.logs(container, { lines: 5 }, signal)).rejects.toMatchObject({ reason: 'NotFound' })
  })
})

describe('a kubeconfig', () => {
  const write = async (name: string, change: (config: Config) => void): Promise<string> => {
    const config = JSON.parse(await readFile(real.kubeconfig, 'utf8')) as Config
    change(config)
    const file = path.join(real.folder, name)
    await writeFile(file, JSON.stringify(config), { mode: 0o600 })
    return file
  }
  const readBy = async (file: string) =>
    (await openCluster({}, portsWith(file))).read(shop, kubernetesObject, signal)

  it('whose user is a program asks it, as kubectl does', async () => {
    const program = path.join(real.folder, 'credentials')
    await writeFile(
      program,
      `#!/bin/sh\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$TOKEN"\n`,
    )
    await chmod(program, 0o700)
    const file = await write('exec', ({ users }) => {
      users[0]!.user = {
        exec: {
          ...{
            apiVersion: 'client.authentication.k8s.io/v1',
            command: './credentials',
            interactiveMode: 'Never',
          },
          env: [{ name: 'TOKEN', value: 'administrator' }],
        },
      }
    })
    expect(await readBy(file)).toMatchObject({ metadata: { name: 'shop' } })
  })

  it('whose token is wrong, or whose certificate is, is told as that', async () => {
    const token = await write('token', ({ users }) => void (users[0]!.user = { token: 'swordfish' }))
    await expect(readBy(token)).rejects.toThrow('does not accept the credentials of the kubeconfig (401)')
    const other = await write(
      'other',
      ({ clusters }) => delete clusters[0]!.cluster['certificate-authority-data'],
    )
    await expect(readBy(other)).rejects.toThrow(/could not be reached: .*(self-signed|unable to verify)/)
    const insecure = await write('insecure', ({ clusters }) => {
      delete clusters[0]!.cluster['certificate-authority-data']
      clusters[0]!.cluster['insecure-skip-tls-verify'] = true
    })
    expect(await readBy(insecure)).toMatchObject({ metadata: { name: 'shop' } })
  })

  it('that impersonates somebody may do what he may', async () => {
    const file = await write('as', ({ users }) => void Object.assign(users[0]!.user, { as: 'nobody' }))
    await expect(readBy(file)).rejects.toThrow(/is forbidden: User "nobody" cannot get resource "services"/)
  })
})

interface Config {
  clusters: { cluster: Record<string, unknown> }[]
  users: { user: Record<string, unknown> }[]
}
