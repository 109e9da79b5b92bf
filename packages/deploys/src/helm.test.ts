import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { ChildProcess, ChildResult } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { deployers } from './registry'
import { deployPoint } from './restore-point'

const settings = { type: 'helm', release: 'api-green', namespace: 'shop', chart: 'charts/api' }
const digest = `sha256:${'b'.repeat(64)}`
const release = { version: '1.1.0', digest }
const { signal } = new AbortController()

const updated = '2026-11-21T10:00:00.123456789Z'

/** Answers by the command of Helm that is called, in turn; the last one answers for good. */
type Answers = Record<string, Partial<ChildResult>[]>
const revisions = (...all: [revision: number, status: string, description?: string][]) => ({
  stdout: JSON.stringify(
    all.map(([revision, status, description]) => ({ revision, updated, status, description })),
  ),
})

async function open(answers: Answers, more: Record<string, unknown> = {}) {
  const ran: ChildProcess[] = []
  const ports = createFakePorts({
    process: (child) => {
      ran.push(child)
      const of = answers[child.command[1] ?? ''] ?? [{ exitCode: 1, stderr: 'Error: not asked for' }]
      return (of.length > 1 ? of.shift() : of[0]) ?? {}
    },
  })
  const configured = await deployers.configure({ ...settings, ...more })
  return { configured, ran, deployer: configured.open(ports, { baseline: 'blue', canary: 'green' }) }
}
const point = (revision: number, change: object = {}) =>
  deployPoint().parse({
    ...{ kind: 'helm', name: 'api-green', arm: 'green', namespace: 'shop', revision },
    ...(revision === 0 ? {} : { updated }),
    ...change,
  })

describe('a deploy by Helm', () => {
  it('renders first, silently, and then waits until it is ready', async () => {
    const upgrade = [{ stdout: `image: api@${digest}\npassword: swordfish` }, { stdout: 'NOTES: swordfish' }]
    const { deployer, ran, configured } = await open(
      { upgrade },
      { values: ['values/eu.yaml', 'values/x.yaml'], timeout: '90s', 'digest-path': 'app.image.digest' },
    )
    const deployed = await deployer.deploy(release, 'green', signal)
    expect(deployed).toMatchObject({
      ended: 'done',
      detail: `api-green was brought to ${digest}: live objects could not be looked at: Helm does not tell the manifest of api-green`,
    })
    expect(JSON.stringify(deployed)).not.toContain('swordfish')
    const args = [
      ...['helm', 'upgrade', 'api-green', 'charts/api', '--namespace', 'shop', '--install', '--wait'],
      // Where no value is given, Helm would take those of the release before.
      ...['--timeout', '90s', '--history-max', '20', '--reset-values'],
      ...['--values', 'values/eu.yaml', '--values', 'values/x.yaml'],
      ...['--set-string', `app.image.digest=${digest}`],
    ]
    expect(ran.map(({ command }) => command)).toEqual([
      [...args, '--dry-run=server'],
      args,
      ['helm', 'get', 'manifest', 'api-green', '--namespace', 'shop'],
    ])
    // A minute, and 90 s and a minute: what the longest time has room for.
    expect(ran.map(({ timeoutMs, env }) => [timeoutMs, env])).toEqual([
      [60_000, {}],
      [150_000, {}],
      [30_000, {}],
    ])
    expect(configured.worstCase()).toEqual({ snapshotMs: 60_000, deployMs: 360_000, restoreMs: 360_000 })
  })

  it('shows nothing that a Secret of the chart holds, whoever says it', async () => {
    const secret = JSON.stringify({
      kind: 'Secret',
      metadata: { name: 'db' },
      stringData: { a: 'swordfish' },
    })
    const upgrade = [
      { stdout: `MANIFEST:\n---\nkind: Pod\nimage: api@${digest}\n---\n${secret}` },
      { exitCode: 1, stderr: 'Error: UPGRADE FAILED: the hook said swordfish' },
    ]
    const { deployer } = await open({ upgrade })
    const deployed = await deployer.deploy(release, 'green', signal)
    expect(deployed).toMatchObject({
      ended: 'failed',
      detail: expect.stringContaining('UPGRADE FAILED: the hook said ***'),
    })
    expect(JSON.stringify([deployed, await deployer.verify('green', signal)])).not.toContain('swordfish')
  })

  it('writes nothing where the digest is not in what is rendered', async () => {
    const { deployer, ran } = await open({ upgrade: [{ stdout: 'image: api:latest' }] })
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({
      ended: 'failed',
      detail: `charts/api renders no image with ${digest}: no template uses image.digest, and something else would run; nothing was written`,
    })
    expect(ran).toHaveLength(1)
  })

  it.each([
    ['a comment', `image: api:latest # api@${digest}\n# image: api@${digest}`],
    ['an annotation', `metadata:\n  annotations:\n    digest: ${digest}\n  name: api\nimage: api:latest`],
    ['an annotation in a line', `metadata: { annotations: { image: "api@${digest}" }, name: api }`],
    ['the notes', `image: api:latest\nNOTES:\nimage: api@${digest}`],
    ['data', `kind: ConfigMap\nmetadata: { name: a }\ndata: { image: "api@${digest}" }`],
    ['another value', `env: [{ name: RELEASE, value: "${digest}" }]`],
  ])('writes nothing where the digest is only in %s', async (_, manifest) => {
    const stdout = `NAME: api\nHOOKS:\n---\nimage: api@${digest}\nMANIFEST:\n---\n${manifest}\n`
    const { deployer, ran } = await open({ upgrade: [{ stdout }] })
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({ ended: 'failed' })
    expect(ran).toHaveLength(1)
  })

  it.each([
    `containers:\n- image: "api:1.1.0@${digest}"`,
    `metadata:\n  annotations:\n    a: b\nspec:\n  image:\n    digest: ${digest}`,
    `metadata: { labels: { a: b } }\nspec: { image: localhost:5000/api@${digest}}`,
    `{"spec":{"image":"api@${digest}"}}`,
    `operator: { tag: "1.1.0@${digest}" }`,
  ])('knows the digest of an image in %j', async (manifest) => {
    const stdout = `NAME: api\nHOOKS:\nMANIFEST:\n---\n${manifest}\n\nNOTES:\nhello\n`
    const { deployer } = await open({ upgrade: [{ stdout }] })
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({ ended: 'done' })
  })

  it('does not say that a digest is nowhere which it may not have read', async () => {
    const { deployer } = await open({ upgrade: [{ stdout: '\n'.repeat(2 ** 20) }] })
    expect((await deployer.deploy(release, 'green', signal)).detail).toContain(
      'renders more than 1 MiB, and in the end of it, all that is read, no image with',
    )
  })

  it.each([
    'core.PodTemplateSpec{Env:[]core.EnvVar{core.EnvVar{Name:"A", Value:"swordfish"}}}',
    '{"env":[{"name":"A","value":"swordfish"}]}',
  ])('shows no manifest where the API server does: %s', async (shown) => {
    const stderr = `Error: UPGRADE FAILED: Job.batch "a" is invalid: spec.template: Invalid value: ${shown}: field is immutable`
    const { deployer } = await open({ upgrade: [{ stdout: `image: a@${digest}` }, { exitCode: 1, stderr }] })
    const shownNow =
      'Error: UPGRADE FAILED: Job.batch "a" is invalid: spec.template: Invalid value: {...}: field is immutable'
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({
      ...{ ended: 'failed', detail: shownNow, output: shownNow },
    })
  })

  it.each([
    [
      'Error: failed to create typed patch object: .value: expected string, got &value.valueUnstructured{Value:1234}',
      'Error: failed to create typed patch object: .value: expected string, got &value.valueUnstructured{...}',
    ],
    [
      "Error: values don't meet the schema\n- at '/a': '1234' does not match pattern '^a$'\n- at '/b': 'it's 1234' is not valid email: x",
      "Error: values don't meet the schema\n- at '/a': '...' does not match pattern '^a$'\n- at '/b': '...' is not valid email: x",
    ],
  ])('shows no value of %j', async (stderr, output) => {
    const { deployer } = await open({ upgrade: [{ exitCode: 1, stderr }] })
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({ ended: 'failed', output })
  })

  it.each<[Partial<ChildResult>, string, string]>([
    [
      { exitCode: 1, stderr: 'level=WARN msg=x\nError: UPGRADE FAILED: timed out\n' },
      'failed',
      'Error: UPGRADE FAILED: timed out',
    ],
    [{ exitCode: 1, stderr: 'panic' }, 'failed', 'helm ended with exit code 1'],
    [{ exitCode: null }, 'failed', 'helm ended with exit code none (killed)'],
    [{ exitCode: null, ended: 'timeout' }, 'failed', 'helm did not end in time and was stopped'],
    // It may have ended well when it was told to stop.
    [{ exitCode: 0, ended: 'cancelled' }, 'cancelled', 'helm was stopped because the run was cancelled'],
  ])('that ends as %j is told so', async (result, ended, detail) => {
    const { deployer } = await open({ upgrade: [{ stdout: `image: api@${digest}` }, result] })
    const deployed = await deployer.deploy(release, 'green', signal)
    expect(deployed).toMatchObject({ ended, detail, output: result.stderr ?? '' })
    const early = await open({ upgrade: [result] })
    expect(await early.deployer.deploy(release, 'green', signal)).toMatchObject({ ended, detail })
    expect(early.ran).toHaveLength(1)
  })
})

describe('what Helm has before a rollout', () => {
  it.each<[string, Partial<ChildResult>, number]>([
    ['the one that is deployed', revisions([1, 'superseded'], [2, 'deployed']), 2],
    ['past what failed after it', revisions([1, 'deployed'], [2, 'failed'], [3, 'failed']), 1],
    ['the newest of two', revisions([1, 'deployed'], [2, 'deployed']), 2],
    ['one that was superseded where none is deployed', revisions([1, 'superseded'], [2, 'failed']), 1],
    ['none where it was uninstalled', revisions([1, 'superseded'], [2, 'uninstalled']), 0],
    ['told in spite of a warning', { stdout: `[WARN] old\n${revisions([1, 'deployed']).stdout}\n` }, 1],
    ['none where nothing ever ran', revisions([1, 'failed']), 0],
    ['none where there is no release', { exitCode: 1, stderr: 'Error: release: not found\n' }, 0],
  ])('is %s', async (_, answer, revision) => {
    const { deployer, ran } = await open({ history: [answer] })
    expect(await deployer.snapshot(signal)).toEqual([point(revision)])
    expect(ran[0]?.command).toEqual([
      ...['helm', 'history', 'api-green', '--namespace', 'shop', '--max', '256', '--output', 'json'],
    ])
  })

  it('may lack its time, as where it is zero: then the revision is its number alone', async () => {
    const told = { stdout: JSON.stringify([{ revision: 1, status: 'deployed' }]) }
    const { deployer } = await open({ history: [told] })
    expect(await deployer.snapshot(signal)).toEqual([point(1, { updated: undefined })])
    expect(await deployer.restore(point(1), signal)).toMatchObject({ ended: 'done' })
    const timed = await open({ history: [revisions([1, 'deployed'])] })
    expect(await timed.deployer.restore(point(1, { updated: undefined }), signal)).toMatchObject({
      ended: 'done',
    })
  })

  it.each(['pending-install', 'pending-upgrade', 'pending-rollback', 'uninstalling'])(
    'keeps a rollout from beginning while it is %s',
    async (status) => {
      const { deployer } = await open({ history: [revisions([3, 'deployed'], [4, status])] })
      await expect(deployer.snapshot(signal)).rejects.toThrow(
        `release api-green in shop is ${status} (revision 4): somebody is at work on it, or was killed over it; nothing was written`,
      )
    },
  )

  it('is not shown where it is no JSON', async () => {
    const { deployer } = await open({ history: [{ stdout: 'swordfish' }] })
    await expect(deployer.snapshot(signal)).rejects.toThrow(
      /^the history of api-green cannot be read: what Helm printed is no history in JSON$/,
    )
  })

  it('is not guessed where Helm does not tell', async () => {
    const { deployer } = await open({ history: [{ exitCode: 1, stderr: 'Error: cluster unreachable' }] })
    await expect(deployer.snapshot(signal)).rejects.toThrow(
      'the history of api-green cannot be read: Error: cluster unreachable',
    )
  })
})

describe('a release of Helm that is put back', () => {
  it('is brought to the recorded revision, and Helm is asked whether it is', async () => {
    const history = [
      revisions([1, 'deployed'], [2, 'failed']),
      revisions([2, 'failed'], [3, 'deployed', 'Rollback to 1']),
    ]
    const { deployer, ran, configured } = await open({ history, rollback: [{}] }, { timeout: '5m' })
    expect(await deployer.restore(point(1), signal)).toMatchObject({
      ended: 'done',
      detail: expect.stringMatching(
        /^api-green is back at revision 1 \(now 3, deployed\): live objects could not/,
      ),
    })
    const longest = ran.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0)
    // Three minutes for what Helm does not wait for, and half a minute to find out why.
    expect(longest + 180_000 + 30_000).toBe(configured.worstCase().restoreMs)
    expect(ran[1]?.command).toEqual([
      ...['helm', 'rollback', 'api-green', '1', '--namespace', 'shop', '--wait', '--timeout', '300s'],
      ...['--history-max', '20'],
    ])
  })

  it.each<[string, ReturnType<typeof revisions>]>([
    ['at it', revisions([1, 'deployed'])],
    ['back at it', revisions([1, 'superseded'], [2, 'failed'], [3, 'deployed', 'Rollback to 1'])],
  ])('is left alone where it stands %s', async (_, history) => {
    const { deployer, ran } = await open({ history: [history] })
    expect(await deployer.restore(point(1), signal)).toMatchObject({
      ended: 'done',
      detail: expect.stringMatching(
        /^api-green stands at revision 1, as it was found: live objects could not/,
      ),
    })
    expect(ran.map(({ command }) => command[1])).toEqual(['history', 'get'])
  })

  it.each<[string, Answers, string]>([
    [
      'that Helm refuses to roll back',
      { rollback: [{ exitCode: 1, stderr: 'Error: release has no 1 version' }] },
      'Error: release has no 1 version',
    ],
    [
      'whose last revision is another one',
      { rollback: [{}] },
      'after the rollback to revision 1 api-green is at 2 (failed: Upgrade failed)',
    ],
  ])('is not said to be back: one %s', async (_, answers, detail) => {
    const history = [revisions([1, 'superseded'], [2, 'failed', 'Upgrade failed'])]
    const { deployer } = await open({ history, ...answers })
    expect(await deployer.restore(point(1), signal)).toMatchObject({ ended: 'failed', detail })
  })

  it('shows nothing that a Secret of the chart holds when it does not go back', async () => {
    const secret = JSON.stringify({
      kind: 'Secret',
      metadata: { name: 'db' },
      stringData: { a: 'swordfish' },
    })
    const { deployer } = await open({
      history: [revisions([1, 'superseded'], [2, 'failed'])],
      rollback: [{ exitCode: 1, stderr: 'Error: the hook said swordfish' }],
      get: [{ stdout: secret }],
    })
    const restored = await deployer.restore(point(1), signal)
    expect(restored).toMatchObject({ ended: 'failed', detail: 'Error: the hook said ***' })
    expect(JSON.stringify(restored)).not.toContain('swordfish')
  })

  it('is uninstalled where there was none, and that once', async () => {
    const history = [revisions([1, 'failed']), { exitCode: 1, stderr: 'Error: release: not found' }]
    const { deployer, ran } = await open({ history, uninstall: [{}] })
    expect(await deployer.restore(point(0), signal)).toMatchObject({
      ended: 'done',
      detail: 'api-green was uninstalled: there was none',
    })
    expect(ran[1]?.command).toEqual([
      ...['helm', 'uninstall', 'api-green', '--namespace', 'shop', '--wait', '--timeout', '600s'],
    ])
    expect(await deployer.restore(point(0), signal)).toMatchObject({
      ended: 'done',
      detail: 'api-green is not installed, as it was found',
    })
  })

  it('is left uninstalled where somebody has kept its history', async () => {
    const { deployer, ran } = await open({ history: [revisions([1, 'superseded'], [2, 'uninstalled'])] })
    expect(await deployer.restore(point(0), signal)).toMatchObject({
      ...{ ended: 'done', detail: 'api-green is not installed, as it was found' },
    })
    expect(ran).toHaveLength(1)
  })

  const notFound = { exitCode: 1, stderr: 'Error: uninstall: Release not loaded: a: release: not found' }
  it.each<[string, Partial<ChildResult>, Partial<ChildResult>, string, string]>([
    ['by somebody else', notFound, notFound, 'done', 'api-green was uninstalled: there was none'],
    [
      'in vain',
      {},
      revisions([1, 'deployed', 'Install complete']),
      ...(['failed', 'after it was uninstalled api-green is at 1 (deployed: Install complete)'] as const),
    ],
    ['with an error', { exitCode: 1, stderr: 'Error: denied' }, {}, 'failed', 'Error: denied'],
  ])('is read back after it was uninstalled %s', async (_, uninstalled, left, ended, detail) => {
    const history = [revisions([1, 'deployed']), left]
    const { deployer } = await open({ history, uninstall: [uninstalled] })
    expect(await deployer.restore(point(0), signal)).toMatchObject({ ended, detail })
  })

  it('is not taken for the one that ran where it was uninstalled and installed anew', async () => {
    const { deployer, ran } = await open({ history: [revisions([1, 'deployed', 'Install complete'])] })
    await expect(deployer.restore(point(1, { updated: '2026-11-20T10:00:00Z' }), signal)).rejects.toThrow(
      `revision 1 of api-green is not the one that was found, but of ${updated}: it was uninstalled meanwhile, and what ran is gone`,
    )
    expect(ran).toHaveLength(1)
  })

  it('is not said to be back where it is gone after its rollback', async () => {
    const { deployer } = await open({ history: [revisions([1, 'failed']), notFound], rollback: [{}] })
    expect(await deployer.restore(point(1), signal)).toMatchObject({
      ...{ ended: 'failed', detail: expect.stringContaining('is not installed: somebody else is at work') },
    })
  })

  it.each([{ name: 'api-blue' }, { namespace: 'other' }])(
    'is none other than the one of rollout.yml: %j',
    async (change) => {
      const { deployer, ran } = await open({})
      await expect(deployer.restore(point(1, change), signal)).rejects.toThrow(
        'and rollout.yml names api-green in shop',
      )
      expect(ran).toEqual([])
    },
  )
})

it('does not say what runs, which it has not looked at', async () => {
  const { deployer } = await open({})
  expect((await deployer.verify('green', signal)).state).toBe('unknown')
})

it.each([
  [`registry.example.com/api@${digest}`, 'verified'],
  // A node that has not said yet what it runs, or never does.
  ['', 'unknown'],
])('says of a node that names %j as its image that the release is %s', async (imageID, state) => {
  const image = `registry.example.com/api@${digest}`
  const containers = [{ name: 'app', image }]
  const template = { metadata: { labels: { app: 'api' } }, spec: { containers } }
  const manifest = JSON.stringify({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'api' }, spec: { template } },
  })
  const revision = { 'deployment.kubernetes.io/revision': '1' }
  const owner = (uid: string) => ({ ownerReferences: [{ kind: 'Any', name: 'any', uid }] })
  const status = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }
  const answers: Record<string, object> = {
    deployments: {
      metadata: { name: 'api', uid: 'd', annotations: revision },
      ...{ spec: { selector: { matchLabels: { app: 'api' } }, template }, status },
    },
    replicasets: {
      metadata: {
        ...{ name: 'api-1', uid: 'r', annotations: revision, labels: { 'pod-template-hash': '1' } },
        ...owner('d'),
      },
      spec: { template },
    },
    pods: {
      metadata: { name: 'api-1-a', labels: { 'pod-template-hash': '1' }, ...owner('r') },
      spec: { containers },
      status: { containerStatuses: [{ name: 'app', imageID }] },
    },
  }
  const kubeconfig = JSON.stringify({
    'current-context': 'prod',
    clusters: [{ name: 'eu', cluster: { server: 'https://eu.example.com' } }],
    contexts: [{ name: 'prod', context: { cluster: 'eu', user: '' } }],
  })
  const ports = createFakePorts({
    secrets: { KUBE: kubeconfig },
    process: ({ command }) => ({ stdout: command[1] === 'get' ? manifest : `image: ${image}` }),
    http: ({ url }) => {
      const [, plural = '', name] = /shop\/(\w+)(\/api)?/.exec(url) ?? []
      return { body: JSON.stringify(name ? answers[plural] : { items: [answers[plural]] }) }
    },
  })
  const configured = await deployers.configure({ ...settings, 'kubeconfig-secret': 'KUBE' })
  const deployer = configured.open(ports, { baseline: 'blue', canary: 'green' })
  expect(await deployer.deploy(release, 'green', signal)).toMatchObject({ ended: 'done' })
  expect((await deployer.verify('green', signal)).state).toBe(state)
})

it('misses chart and values files, all of them at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'helm-'))
  const { configured } = await open({}, { values: ['a.yaml', 'b.yaml'] })
  expect((await configured.missing(folder)).map(({ where, message }) => `${where}: ${message}`)).toEqual([
    'deploy.helm.chart: charts/api is not in the repository',
    'deploy.helm.values[0]: a.yaml is not in the repository',
    'deploy.helm.values[1]: b.yaml is not in the repository',
  ])
  await mkdir(join(folder, 'charts/api'), { recursive: true })
  for (const file of ['a.yaml', 'b.yaml']) await writeFile(join(folder, file), '')
  expect(await configured.missing(folder)).toEqual([])
  await rm(folder, { recursive: true })
})

it.each<[Record<string, unknown>, string]>([
  [{ release: 'Api' }, 'is not a name'],
  [{ release: 'a'.repeat(54) }, 'is not a name'],
  [{ release: '-a' }, 'is not a name'],
  [{ namespace: 'a-' }, 'is not a name'],
  [{ chart: '../chart' }, 'is not a path inside the repository'],
  [{ chart: 'charts/../../x' }, 'is not a path inside the repository'],
  [{ chart: '/chart' }, 'is not a path inside the repository'],
  [{ chart: '--post-renderer=x' }, 'is not a path inside the repository'],
  [{ chart: 'oci://registry.example.com/api' }, 'is not a path inside the repository'],
  [{ values: ['https://example.com/a.yaml'] }, 'is not a path inside the repository'],
  [{ values: ['a.yaml,b.yaml'] }, 'is not a path inside the repository'],
  [{ values: ['-f'] }, 'is not a path inside the repository'],
  [{ 'digest-path': 'image.digest,x' }, 'is not a path of keys'],
  [{ helm: '--kubeconfig=x' }, 'is not a program'],
])('refuses %j', async (change, message) => {
  await expect(deployers.configure({ ...settings, ...change })).rejects.toThrow(message)
})
