import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { clusterAccess } from './kubeconfig'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kubeconfig-'))
})
afterEach(() => rm(folder, { recursive: true }))

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const config = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    'current-context': 'prod',
    clusters: [{ name: 'eu', cluster: { server: 'https://eu.example.com:6443/' } }],
    users: [{ name: 'ann', user: { token: 'swordfish' } }],
    contexts: [{ name: 'prod', context: { cluster: 'eu', user: 'ann', namespace: 'api' } }],
    ...more,
  })
const ofUser = (user: unknown): string => config({ users: [{ name: 'ann', user }] })

async function write(name: string, text: string): Promise<string> {
  const file = path.join(folder, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, text)
  return file
}
const access = (ambient: Record<string, string>, context?: string) =>
  clusterAccess({ context }, { ambient, workspace: folder })
const refusal = (...args: Parameters<typeof access>) =>
  access(...args).then(
    () => 'nothing',
    (error: Error) => error.message,
  )

describe('a kubeconfig', () => {
  it('is the one of KUBECONFIG, else the one at home, else the account of the pod', async () => {
    await write('.kube/config', config())
    expect(await access({ HOME: folder })).toMatchObject({ context: 'prod', namespace: 'api' })
    const file = await write('other', config({ 'current-context': 'prod' }).replaceAll('prod', 'test'))
    expect(await access({ HOME: folder, KUBECONFIG: file })).toMatchObject({ context: 'test' })
    const pod = { HOME: '/nowhere', KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }
    // This is not one, so there is no account; that it was looked for is what is seen, and all that is missing of it.
    expect(await refusal(pod)).toMatch(
      /serviceaccount\/ca\.crt: cannot be read[^]*serviceaccount\/namespace: cannot be read/,
    )
    expect(await refusal({ HOME: '/nowhere' })).toBe(
      'kubeconfig: there is none at /nowhere/.kube/config; log in to the cluster in a step before, or set KUBECONFIG',
    )
    expect(await refusal({})).toMatch(/there is none at ~\/\.kube\/config/)
  })

  it('may be several files, of which the first that has an entry counts, and not all need to be there', async () => {
    const first = await write(
      'first',
      JSON.stringify({ 'current-context': 'prod', users: [{ name: 'ann', user: { token: 'first' } }] }),
    )
    const second = await write('second', config({ 'current-context': 'other' }))
    const found = await access({ KUBECONFIG: [first, '/nowhere', second].join(':') })
    expect(found).toMatchObject({ context: 'prod', credentials: { token: 'first' } })
  })

  it('says where, over which certificates and as whom', async () => {
    await write('certs/ca.pem', 'CA')
    await write('certs/key.pem', 'KEY')
    const file = await write(
      'config',
      config({
        clusters: [
          {
            name: 'eu',
            cluster: {
              server: 'https://eu.example.com:6443/',
              'certificate-authority': 'certs/ca.pem',
              'tls-server-name': 'kubernetes',
              'proxy-url': 'http://proxy:3128',
            },
          },
        ],
        users: [
          {
            name: 'ann',
            user: {
              'client-certificate-data': base64('CERT'),
              'client-key': 'certs/key.pem',
              as: 'deployer',
              'as-groups': ['ops'],
            },
          },
        ],
      }),
    )
    expect(await access({ KUBECONFIG: file })).toMatchObject({
      server: 'https://eu.example.com:6443',
      tls: { ca: 'CA', cert: 'CERT', key: 'KEY', serverName: 'kubernetes', proxy: 'http://proxy:3128' },
      credentials: { impersonate: { 'impersonate-user': 'deployer', 'impersonate-group': 'ops' } },
      // Where a program is told of the cluster, it is told what was read.
      info: { 'certificate-authority-data': base64('CA') },
    })
    const insecure = config().replace('6443/"', '6443/","insecure-skip-tls-verify":true')
    expect((await access({ KUBECONFIG: await write('insecure', insecure) })).tls).toEqual({ verify: false })
  })

  it('may come from a secret, and no file is looked for then', async () => {
    const given = await clusterAccess({ kubeconfig: config() }, { ambient: {}, workspace: folder })
    expect(given).toMatchObject({ context: 'prod', credentials: { token: 'swordfish' } })
  })

  it.each([
    ['a: [', 'is not YAML'],
    [config({ 'current-context': '' }), 'has no current-context; say which context is meant'],
    [config({ 'current-context': 'nope' }), 'has no nope among its contexts; known: prod'],
    [config({ clusters: [] }), 'has no eu among its clusters; known: none'],
    [config({ users: [] }), 'has no ann among its users; known: none'],
    [config({ clusters: [{ name: 'eu' }] }), 'cluster eu: Invalid input'],
    [config({ contexts: [{ name: 'prod' }] }), 'context prod: Invalid input'],
    [
      config({ clusters: [{ name: 'eu', cluster: { server: 'swordfish' } }] }),
      'is not the address of a server',
    ],
    [
      ofUser({ 'auth-provider': { name: 'gcp' } }),
      'has an auth-provider, which Kubernetes has taken out (1.26)',
    ],
    [ofUser({ as: 'a', 'as-groups': ['b', 'c'] }), 'only one can be impersonated'],
    [ofUser({ 'client-key': 'nowhere.pem' }), 'nowhere.pem: cannot be read'],
    [
      ofUser({ exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'a' } }),
      'exec.apiVersion',
    ],
  ])('that is %s is refused', async (text, message) => {
    const said = await refusal({ KUBECONFIG: await write('config', text) })
    expect(said).toContain(message)
    expect(said).not.toContain('swordfish')
  })
})
