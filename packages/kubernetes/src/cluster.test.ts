import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import type { ChildProcess, ChildResult, HttpRequest, HttpResponse } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { ClusterRefused, kubernetesObject, openCluster } from './cluster'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cluster-'))
})
afterEach(() => rm(folder, { recursive: true }))

const shop = { apiVersion: 'apps/v1', plural: 'deployments', namespace: 'api', name: 'shop' }
const signal = new AbortController().signal

/** A cluster whose user is as given, and what it was asked. */
async function open(
  user: Record<string, unknown>,
  answer: (request: HttpRequest) => Partial<HttpResponse>,
  process?: (child: ChildProcess) => Partial<ChildResult>,
) {
  const kubeconfig = JSON.stringify({
    'current-context': 'prod',
    clusters: [
      { name: 'eu', cluster: { server: 'https://eu.example.com', 'tls-server-name': 'kubernetes' } },
    ],
    users: [{ name: 'ann', user }],
    contexts: [{ name: 'prod', context: { cluster: 'eu', user: 'ann' } }],
  })
  const asked: HttpRequest[] = []
  const ports = createFakePorts({
    http: (request) => (asked.push(request), answer(request)),
    ...(process && { process }),
    context: { workspace: folder },
  })
  return { cluster: await openCluster({ kubeconfig }, ports), asked, ports }
}
const object = (name: string) => ({ metadata: { name } })
const json = (status: number, body: unknown) => ({ status, body: JSON.stringify(body) })
const refusedWith = (code: number, reason: string, message: string) =>
  json(code, { kind: 'Status', code, reason, message })

describe('a cluster', () => {
  it('is asked by addresses of its API, with what the kubeconfig says', async () => {
    const { cluster, asked } = await open({ token: 'swordfish' }, () => json(200, object('shop')))
    expect(cluster.where).toBe('Kubernetes prod (https://eu.example.com)')
    expect(await cluster.read(shop, kubernetesObject, signal)).toEqual(object('shop'))
    await cluster.read({ apiVersion: 'v1', plural: 'nodes', name: 'a' }, kubernetesObject, signal)
    expect(asked.map(({ url }) => url)).toEqual([
      'https://eu.example.com/apis/apps/v1/namespaces/api/deployments/shop',
      'https://eu.example.com/api/v1/nodes/a',
    ])
    expect(asked[0]).toMatchObject({
      headers: { authorization: 'Bearer swordfish' },
      tls: { serverName: 'kubernetes' },
    })
    // Connections are kept by the object that says over which certificates.
    expect(asked[0]?.tls).toBe(asked[1]?.tls)
  })

  it('lists all pages', async () => {
    const { cluster, asked } = await open({}, ({ url }) =>
      url.includes('continue=')
        ? json(200, { items: [object('b')], metadata: { continue: '' } })
        : json(200, { items: [object('a')], metadata: { continue: 'next page' } }),
    )
    const pods = { apiVersion: 'v1', plural: 'pods', namespace: 'api' }
    const found = await cluster.list(pods, kubernetesObject, signal, { labels: 'app=shop,tier!=web' })
    expect(found.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect(asked[1]?.url).toMatch(
      /\/pods\?limit=500&labelSelector=app%3Dshop%2Ctier%21%3Dweb&continue=next\+page$/,
    )
  })

  it('tells what is not there from what is refused, and what may pass from what will not', async () => {
    const answers: Partial<HttpResponse>[] = [
      refusedWith(404, 'NotFound', 'deployments "shop" not found'),
      refusedWith(403, 'Forbidden', 'deployments "shop" is forbidden: User "ann" cannot get resource'),
      { ...refusedWith(429, 'TooManyRequests', 'slow down'), headers: { 'retry-after': '3' } },
      { status: 401, body: '' },
      { status: 502, body: '<html>' },
      { status: 200, body: '<html>' },
    ]
    const { cluster } = await open({ token: 'a' }, () => answers.shift() ?? {})
    const read = () => cluster.read(shop, kubernetesObject, signal)
    expect(await read()).toBeUndefined()
    await expect(read()).rejects.toMatchObject({
      message:
        'Kubernetes prod (https://eu.example.com) refuses to read deployments api/shop: deployments "shop" is forbidden: User "ann" cannot get resource',
      ...{ reason: 'Forbidden', retryable: false },
    })
    await expect(read()).rejects.toMatchObject({
      reason: 'TooManyRequests',
      retryable: true,
      retryAfterMs: 3000,
    })
    await expect(read()).rejects.toThrow('does not accept the credentials of the kubeconfig (401)')
    await expect(read()).rejects.toMatchObject({ reason: 'status 502', retryable: true })
    await expect(read()).rejects.toThrow('answered 200 with what is not of its API')
  })

  it('is changed by steps that are all made or none, and tried without being kept', async () => {
    const { cluster, asked } = await open({}, () =>
      refusedWith(
        422,
        'Invalid',
        'Deployment is invalid: spec.template: Invalid value: {"env":"swordfish"}: no',
      ),
    )
    const steps = [{ op: 'test' as const, path: '/metadata/resourceVersion', value: '7' }]
    const failure = await cluster
      .patch(shop, steps, z.unknown(), signal, { dryRun: true })
      .catch((error: Error) => error)
    expect(failure).toBeInstanceOf(ClusterRefused)
    expect((failure as Error).message).toMatch(
      /refuses to change deployments api\/shop: .*Invalid value: \{\.\.\.\}: no$/,
    )
    expect(asked[0]).toMatchObject({
      method: 'PATCH',
      url: expect.stringMatching(/\?fieldManager=deploy-actions&dryRun=All$/),
      headers: { 'content-type': 'application/json-patch+json' },
      body: JSON.stringify(steps),
    })
  })

  it('says which kinds it has, and is asked once for them', async () => {
    const { cluster, asked } = await open({}, ({ url }) =>
      url.endsWith('/apis/apps/v1')
        ? json(200, {
            resources: [
              { name: 'deployments', kind: 'Deployment', namespaced: true },
              { name: 'deployments/scale', kind: 'Scale', namespaced: true },
            ],
          })
        : refusedWith(404, 'NotFound', 'no such group'),
    )
    const deployments = [{ kind: 'Deployment', plural: 'deployments', namespaced: true }]
    expect(await cluster.kinds('apps/v1', signal)).toEqual(deployments)
    expect(await cluster.kinds('apps/v1', signal)).toEqual(deployments)
    expect(await cluster.kinds('nobody.example/v1', signal)).toEqual([])
    expect(asked).toHaveLength(2)
  })
})

describe('who asks', () => {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    ...{
      command: 'cloud',
      args: ['token'],
      env: [{ name: 'PROFILE', value: 'ops' }],
      installHint: 'install it',
    },
    provideClusterInfo: true,
  }
  const credential = (status: Record<string, string>) => ({
    stdout: JSON.stringify({ apiVersion: exec.apiVersion, kind: 'ExecCredential', status }),
  })

  it('is told by a token, by a file that is read anew, by a password', async () => {
    const file = path.join(folder, 'token')
    await writeFile(file, 'first\n')
    const headers: unknown[] = []
    const answer = ({ headers: sent }: HttpRequest) => (
      headers.push(sent?.['authorization']),
      json(200, object('shop'))
    )
    const byFile = await open({ tokenFile: file, token: 'not this' }, answer)
    await byFile.cluster.read(shop, kubernetesObject, signal)
    await writeFile(file, 'second\n')
    await byFile.cluster.read(shop, kubernetesObject, signal)
    const byName = await open({ username: 'ann', password: 'a:b' }, answer)
    await byName.cluster.read(shop, kubernetesObject, signal)
    expect(headers).toEqual([
      'Bearer first',
      'Bearer second',
      `Basic ${Buffer.from('ann:a:b').toString('base64')}`,
    ])
  })

  it('is told by a program, once for as long as its token lasts', async () => {
    const children: ChildProcess[] = []
    const tokens = ['first', 'second']
    const { cluster, asked, ports } = await open(
      { exec },
      () => json(200, object('shop')),
      (child) => {
        children.push(child)
        return credential({ token: tokens.shift() ?? '', expirationTimestamp: ends })
      },
    )
    const ends = new Date(ports.clock.now().getTime() + 600_000).toISOString()
    const read = () => cluster.read(shop, kubernetesObject, signal)
    await Promise.all([read(), read()])
    await ports.clock.sleep(541_000, signal)
    await read()
    expect(asked.map(({ headers }) => headers?.['authorization'])).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ])
    expect(children).toHaveLength(2)
    expect(children[0]).toMatchObject({
      command: ['cloud', 'token'],
      cloudLogin: true,
      env: { PROFILE: 'ops' },
    })
    expect(JSON.parse(children[0]?.env['KUBERNETES_EXEC_INFO'] ?? '')).toMatchObject({
      spec: { interactive: false, cluster: { server: 'https://eu.example.com' } },
    })
  })

  it('is asked once more where a token is not accepted, and no more than that', async () => {
    const tokens = ['old', 'new', 'newer']
    const { cluster, asked } = await open(
      { exec },
      ({ headers }) =>
        headers?.['authorization'] === 'Bearer new' ? json(200, object('shop')) : { status: 401 },
      () => credential({ token: tokens.shift() ?? '' }),
    )
    expect(await cluster.read(shop, kubernetesObject, signal)).toEqual(object('shop'))
    expect(asked).toHaveLength(2)
    const never = await open(
      { exec },
      () => ({ status: 401 }),
      () => credential({ token: 'a' }),
    )
    await expect(never.cluster.read(shop, kubernetesObject, signal)).rejects.toThrow('(401)')
    expect(never.asked).toHaveLength(2)
  })

  it('may be a certificate of its own', async () => {
    const { cluster, asked } = await open(
      { exec },
      () => json(200, object('shop')),
      () => credential({ clientCertificateData: 'CERT', clientKeyData: 'KEY' }),
    )
    await cluster.read(shop, kubernetesObject, signal)
    expect(asked[0]?.tls).toEqual({ serverName: 'kubernetes', cert: 'CERT', key: 'KEY' })
  })

  it('is told by a program that writes null for what it does not give', async () => {
    const status = { token: 'one', clientCertificateData: null, expirationTimestamp: null }
    const { cluster } = await open(
      { exec },
      () => json(200, object('shop')),
      () => ({ stdout: JSON.stringify({ kind: 'ExecCredential', status }) }),
    )
    expect(await cluster.read(shop, kubernetesObject, signal)).toMatchObject({ metadata: { name: 'shop' } })
  })

  it.each<[Partial<ChildResult>, string]>([
    [{ exitCode: 3, stderr: 'swordfish' }, 'ended with exit code 3; run it by hand to see why; install it'],
    [{ ended: 'timeout', exitCode: null }, 'did not end within a minute'],
    [{ stdout: 'swordfish' }, 'did not print an ExecCredential'],
    [credential({}), 'gave neither a token nor a certificate'],
  ])('is not known where the program ends with %j', async (result, message) => {
    const { cluster, asked } = await open(
      { exec },
      () => ({}),
      () => result,
    )
    const failure = await cluster.read(shop, kubernetesObject, signal).catch((error: Error) => error)
    expect((failure as Error).message).toContain(
      `cloud, which the kubeconfig names for credentials, ${message}`,
    )
    expect((failure as Error).message).not.toContain('swordfish')
    expect(asked).toEqual([])
  })

  it('is not asked of a person', async () => {
    const { cluster } = await open(
      { exec: { ...exec, interactiveMode: 'Always' } },
      () => ({}),
      () => ({}),
    )
    await expect(cluster.read(shop, kubernetesObject, signal)).rejects.toThrow(
      'asks a person for credentials',
    )
  })
})
