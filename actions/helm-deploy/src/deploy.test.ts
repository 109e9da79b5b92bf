import { readdir } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { Cancelled, GateFailed } from '@deploy-actions/action-kit'
import { fakeRevisions } from '../../../test/fake-helm/fake-helm'
import { digest, openStep, said } from './helm-deploy.fixture'
import type { Observer } from '@deploy-actions/helm'

const NEW = digest('f')
const statuses = async ({ helm }: Awaited<ReturnType<typeof openStep>>, release = 'api') =>
  (await helm.releases())[release]?.map(({ status, description }) =>
    description.startsWith('Rollback') ? `${status}: ${description}` : status,
  )

describe.each([3, 4] as const)('a deploy by Helm %i', (major) => {
  it('B6 1: installs what is not there', async () => {
    const step = await openStep({ major })
    expect(await step.run()).toMatchObject({
      ...{ outcome: 'deployed', revision: 1, 'previous-revision': 0, status: 'deployed', changed: true },
      ...{ 'chart-version': '0.1.0', 'app-version': '1.0' },
      reason: `api in shop is at revision 1 with ${NEW}; by the history of Helm: live objects were not looked at`,
      images: {
        'Deployment/api (wait)': 'registry.example.com/wait:1',
        'Deployment/api (app)': `registry.example.com/shop@${NEW}`,
      },
    })
    expect((await step.helm.releases())['api']?.[0]).toMatchObject({ digest: NEW, status: 'deployed' })
  })

  it('tells who merged what it wrote, where Helm does', async () => {
    const step = await openStep({ major })
    const method = async (more = {}) => (await step.run(more)) as { 'apply-method'?: string }
    if (major === 3) expect(await method()).not.toHaveProperty('apply-method')
    else {
      expect(await method({ 'server-side': 'false' })).toMatchObject({ 'apply-method': 'client-side' })
      // As the one before.
      expect(await method()).toMatchObject({ 'apply-method': 'client-side' })
      expect(await method({ 'server-side': 'true' })).toMatchObject({ 'apply-method': 'server-side' })
    }
  })

  it(`B6 ${major === 3 ? 16 : 17}: is understood by a strict Helm, whatever is asked for`, async () => {
    const step = await openStep({ major })
    const only4 = major === 4 ? { 'server-side': 'true', 'force-conflicts': 'true', wait: 'legacy' } : {}
    const outcome = await step.run({
      ...{
        'values-files': 'eu.yaml',
        values: 'a: 1',
        'wait-for-jobs': 'true',
        hooks: 'false',
        crds: 'apply',
      },
      ...{ 'create-namespace': 'true', 'take-ownership': 'true', labels: 'team=shop', version: '1.4.0' },
      ...{ 'tag-path': 'image.tag', 'digest-path': 'image.digest', 'kube-context': 'prod', ...only4 },
    })
    expect(outcome).toMatchObject({ outcome: 'deployed' })
    const [call] = (await step.helm.calls()).filter(
      ({ command, args }) => command === 'upgrade' && !args.includes('--dry-run=server'),
    )
    expect(call?.args).toEqual(expect.arrayContaining([`image.tag=1.4.0@${NEW}`, `image.digest=${NEW}`]))
    expect(call?.args).toEqual(
      expect.arrayContaining([
        '1.4.0 https://github.com/acme/shop/actions/runs/1001',
        '--kube-context',
        'prod',
      ]),
    )
    expect((await step.helm.releases())['api']?.[0]?.labels).toEqual({
      ...{ team: 'shop', 'gha-run-id': '1001', 'gha-run-attempt': '1', 'gha-repo': 'acme.shop' },
      'gha-revision': '1',
    })
  })

  it('B6 2 and 11: goes back to what runs, past what has failed, and says so', async () => {
    const step = await openStep({
      major,
      releases: { api: fakeRevisions('superseded', 'deployed', 'failed') },
    })
    await step.helm.plan({ command: 'upgrade', text: 'UPGRADE FAILED: context deadline exceeded' })
    const failed = await step.run()
    expect(failed).toBeInstanceOf(GateFailed)
    expect((failed as Error).message).toBe(
      'wait-timeout: api in shop: Error: UPGRADE FAILED: context deadline exceeded; api is back at revision 2 (now 5, deployed); by the history of Helm: live objects were not looked at; what hooks and migrations have done is not undone',
    )
    expect((failed as GateFailed).outputs).toMatchObject({
      ...{ 'failure-reason': 'wait-timeout', 'rolled-back': true, 'previous-revision': 2, revision: 5 },
      'failure-summary': 'api in shop: Error: UPGRADE FAILED: context deadline exceeded',
    })
    expect((failed as GateFailed).outputs).not.toHaveProperty('rollback-verified')
    expect((await statuses(step))?.slice(3)).toEqual(['failed', 'deployed: Rollback to 2'])
    // Nothing is left for the post.
    expect(await step.post()).toBeUndefined()
  })
})

describe('what ran before', () => {
  it('B6 3: is nothing where all have failed: what was tried is left to be looked at', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('failed') } })
    expect(await step.run()).toMatchObject({ outcome: 'deployed', revision: 2, 'previous-revision': 0 })
  })

  it('B6 4: is nothing where it was uninstalled with its history kept', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'uninstalled') } })
    expect(await step.run()).toMatchObject({ outcome: 'deployed', revision: 3, 'previous-revision': 0 })
  })

  it('B6 10: is the newest of two that are deployed', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed', 'deployed') } })
    expect(await step.run()).toMatchObject({ outcome: 'deployed', 'previous-revision': 2 })
  })

  it('B6 9: is known although one in the middle is pending', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('pending-upgrade', 'deployed') } })
    expect(await step.run()).toMatchObject({ outcome: 'deployed', 'previous-revision': 2 })
  })

  it('B6 13: is said to be gone where the history no longer has it, and what to do', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan(
      { command: 'upgrade', text: 'UPGRADE FAILED: x' },
      { command: 'rollback', text: 'release has no 1 version', leaves: 'nothing' },
    )
    const failed = (await step.run()) as GateFailed
    expect(failed.message).toContain(
      'api in shop is NOT back: Error: release has no 1 version; it is failed now (revision 2); revision 1 is no longer kept (see history-max): deploy what is to run, by its digest',
    )
    expect(failed.outputs).toMatchObject({ 'failure-reason': 'rollback-failed', 'rolled-back': false })
  })

  it('B6 13: is named by its number in vain where it was never there', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('failed') } })
    const none = (await step.run({ mode: 'rollback', revision: '7', chart: '', digest: '' })) as GateFailed
    expect(none.message).toBe(
      'no-target: api in shop has no revision 7; it has 1 (failed); deploy what is to run, by its digest',
    )
    expect(none.outputs).toMatchObject({ 'failure-reason': 'no-target' })
  })

  it('B6 29: makes a revision of no change, and says that nothing was changed', async () => {
    const step = await openStep()
    await step.run()
    expect(await step.run()).toMatchObject({ outcome: 'deployed', revision: 2, changed: false })
    expect(await step.run({ digest: digest('e') })).toMatchObject({ revision: 3, changed: true })
  })
})

describe('the digest', () => {
  it('B6 23: that the chart ignores keeps anything from being written', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    const failed = (await step.run({ 'digest-path': 'image.sha' })) as GateFailed
    expect(failed.message).toMatch(
      /^digest-not-rendered: api in shop: charts\/api renders no image with sha256:f+: no template uses image.sha, and something else would run; its images are .*Deployment\/api \(app\): registry.example.com\/shop:latest; nothing was written$/,
    )
    expect(failed.outputs).toMatchObject({ 'failure-reason': 'digest-not-rendered', 'previous-revision': 1 })
    expect(await statuses(step)).toEqual(['deployed'])
  })

  it('B6 25 and 26: has to be wherever the image is', async () => {
    const step = await openStep()
    const more = `---\nkind: Job\nmetadata: { name: migrate }\nspec: { template: { spec: { initContainers: [{ name: first, image: "registry.example.com/shop:1" }] } } }\n`
    await step.helm.renders('api', { more })
    expect(await step.run({ 'dry-run': 'true' })).toMatchObject({ outcome: 'would-write' })
    expect(((await step.run({ image: 'registry.example.com/shop' })) as Error).message).toContain(
      'in Job/migrate (first): registry.example.com/shop:1: two versions would run',
    )
    expect(await step.helm.releases()).toEqual({})
  })

  it('is not asked for where none is given, and nothing of an old one is taken over', async () => {
    const step = await openStep()
    expect(await step.run({ digest: '' })).toMatchObject({ outcome: 'deployed' })
    const upgrades = (await step.helm.calls()).filter(({ command }) => command === 'upgrade')
    for (const { args } of upgrades) expect(args).toContain('--reset-values')
  })
})

describe('custom resource definitions', () => {
  const more = '---\nkind: CustomResourceDefinition\nmetadata: { name: widgets.example.com }\n'

  it('in a chart are refused unless the step lets it', async () => {
    const step = await openStep()
    await step.helm.renders('api', { more })
    expect(((await step.run()) as GateFailed).outputs).toMatchObject({ 'failure-reason': 'crds-refused' })
    expect(await step.run({ crds: 'apply' })).toMatchObject({ outcome: 'deployed' })
  })

  it('that come with the chart are not known to the server yet: it is rendered without', async () => {
    const step = await openStep()
    await step.helm.renders('api', {
      text: 'unable to build: no matches for kind "Widget" in version "a/v1"',
    })
    expect(((await step.run()) as GateFailed).outputs).toMatchObject({ 'failure-reason': 'crd-missing' })
    expect(await step.run({ crds: 'apply' })).toMatchObject({ outcome: 'deployed' })
  })
})

describe('a first install that fails', () => {
  const failing = async (more: Record<string, string> = {}) => {
    const step = await openStep()
    await step.helm.plan({ command: 'upgrade', text: 'INSTALLATION FAILED: context deadline exceeded' })
    return { step, failed: (await step.run(more)) as GateFailed }
  }

  it('B6 48: is left to be looked at', async () => {
    const { step, failed } = await failing()
    expect(failed.message).toContain(
      'there was none before, so what was installed (revision 1, failed) is left to be looked at; first-install-failure: uninstall would take it away',
    )
    expect(failed.outputs).toMatchObject({ 'rolled-back': false })
    expect(await statuses(step)).toEqual(['failed'])
  })

  it('B6 48: is taken away again where the step says so', async () => {
    const { step, failed } = await failing({ 'first-install-failure': 'uninstall' })
    expect(failed.outputs).toMatchObject({ 'rolled-back': true })
    expect(await step.helm.releases()).toEqual({})
  })
})

describe('a way back', () => {
  it('B6 46: that fails is said to have failed, with what stands and what to do', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan(
      { command: 'upgrade', text: 'UPGRADE FAILED: context deadline exceeded' },
      { command: 'rollback', text: 'context deadline exceeded' },
    )
    const failed = (await step.run()) as GateFailed
    expect(failed.message).toBe(
      'wait-timeout: api in shop: Error: UPGRADE FAILED: context deadline exceeded; api in shop is NOT back: Error: context deadline exceeded; it is failed now (revision 3); when its cause is gone: helm rollback api 1 --namespace shop, or mode: rollback with revision: 1',
    )
    expect(failed.outputs).toMatchObject({ 'failure-reason': 'rollback-failed', 'rolled-back': false })
  })

  it('is not taken where the step says keep', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan({ command: 'upgrade', text: 'UPGRADE FAILED: x' })
    const failed = (await step.run({ 'on-failure': 'keep' })) as GateFailed
    expect(failed.message).toContain('it is left as it is (on-failure: keep)')
    expect(await statuses(step)).toEqual(['deployed', 'failed'])
    expect(await step.post()).toBeUndefined()
  })

  it('is not taken where Helm has refused before it wrote', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan({ command: 'upgrade', text: 'UPGRADE FAILED: x', leaves: 'nothing' })
    expect(((await step.run()) as Error).message).toBe(
      'other: api in shop: Error: UPGRADE FAILED: x; nothing was written',
    )
    expect(await statuses(step)).toEqual(['deployed'])
  })

  const observer = (verify: Observer['verify']): Observer => ({
    verify,
    changes: async () => [],
    diagnose: async () => ({ ok: false, reason: 'image-pull', summary: 'ImagePullBackOff: shop, 0/3 ready' }),
  })

  it('B6 47: is verified apart from being done, by whoever looks at live objects', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan({ command: 'upgrade', text: 'UPGRADE FAILED: context deadline exceeded' })
    const failed = (await step.run(
      {},
      {
        // What is left over is found only where every object has to be as the manifest says.
        observer: observer(async ({ exactly = false }) => ({
          ok: !exactly,
          summary: exactly ? 'a container of revision 2 is left' : '1 workload is new and ready',
        })),
      },
    )) as GateFailed
    expect(failed.message).toMatch(/^image-pull: api in shop: ImagePullBackOff: shop, 0\/3 ready \(Error: /)
    expect(failed.message).toContain('but a container of revision 2 is left')
    expect(failed.message).not.toContain('not looked at')
    expect(failed.outputs).toMatchObject({
      ...{ 'failure-reason': 'rollback-unverified', 'rolled-back': true, 'rollback-verified': false },
    })
  })

  it('B6 24: is taken where what runs is not what was brought', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    const failed = (await step.run(
      {},
      {
        observer: observer(async ({ digest: wanted }) =>
          wanted
            ? { ok: false, reason: 'digest-not-running', summary: 'another one' }
            : { ok: true, summary: '' },
        ),
      },
    )) as GateFailed
    expect(failed.outputs).toMatchObject({
      ...{ 'failure-reason': 'digest-not-running', 'rolled-back': true, 'rollback-verified': true },
    })
  })
})

describe('what would change', () => {
  const looking = (changes: Observer['changes']): { observer: Observer } => ({
    observer: {
      changes,
      verify: async () => ({ ok: undefined, summary: 'live objects could not be looked at: away' }),
      diagnose: async () => undefined,
    },
  })
  const changes = [
    {
      object: 'Deployment api',
      change: 'modify' as const,
      fields: ['spec.replicas: 2 -> 4', 'spec.x: changed'],
    },
    { object: 'Secret key', change: 'add' as const, fields: [] },
  ]

  it('is told before it is written, of the revision that runs', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed', 'failed') } })
    const asked: unknown[] = []
    const outputs = await step.run(
      {},
      looking(async ({ running, next }) => {
        asked.push(
          running,
          next.map(({ kind }) => kind),
          (await statuses(step))?.length,
        )
        return changes
      }),
    )
    expect(asked).toEqual([1, ['Deployment', 'Secret'], 2])
    expect(outputs).toMatchObject({ outcome: 'deployed', 'diff-add': 1, 'diff-modify': 1, 'diff-remove': 0 })
    expect(step.ports.recorded.log.map(({ line }) => line)).toEqual(
      expect.arrayContaining([
        'What changes in api in shop: 1 come, 1 change, 0 go',
        ...['modify Deployment api', '    spec.replicas: 2 -> 4', '    spec.x: changed', 'add Secret key'],
      ]),
    )
    expect(step.ports.recorded.summary.join('\n')).toContain(
      '| modify | Deployment api | spec.replicas: 2 -&gt; 4; spec.x: changed |',
    )
    expect(step.ports.recorded.facts).toMatchObject({ changes })
    // What could not be looked at afterwards is not claimed.
    expect((outputs as { reason: string }).reason).toMatch(/; live objects could not be looked at: away$/)
  })

  it('keeps nothing back where it cannot be told, unless the step requires it', async () => {
    const away = looking(() => Promise.reject(new Error('the API server is away')))
    const step = await openStep()
    const outputs = await step.run({}, away)
    expect(outputs).toMatchObject({ outcome: 'deployed' })
    expect(outputs).not.toHaveProperty('diff-add')
    expect(said(step)).toContain('what would change in api in shop cannot be told: the API server is away')
    const required = (await step.run({ diff: 'require' }, away)) as GateFailed
    expect(required.message).toBe(
      'diff-failed: what would change in api in shop cannot be told: the API server is away; nothing was written',
    )
    expect(required.outputs).toMatchObject({ 'failure-reason': 'diff-failed' })
    expect(await statuses(step)).toHaveLength(1)
    expect(await step.run({ diff: 'require' })).toBeInstanceOf(GateFailed)
    expect(
      await step.run(
        { diff: 'off' },
        looking(() => Promise.reject(new Error('asked'))),
      ),
    ).toMatchObject({
      outcome: 'deployed',
    })
  })

  it('is told in a dry run, which writes nothing', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    const outputs = await step.run(
      { 'dry-run': 'true' },
      looking(async () => changes),
    )
    expect(outputs).toMatchObject({ outcome: 'would-write', 'diff-modify': 1 })
    expect(await statuses(step)).toEqual(['deployed'])
  })
})

describe('several releases', () => {
  const two = `[{ release: api, chart: charts/api, digest: "${NEW}" }, { release: web, chart: charts/web, digest: "${NEW}", values: { a: 1 } }]`
  const several = { release: '', chart: '', digest: '', releases: two }

  it('are brought in their order', async () => {
    const step = await openStep()
    expect(await step.run(several)).toMatchObject({
      ...{
        outcome: 'deployed',
        releases: [
          { release: 'api', revision: 1 },
          { release: 'web', revision: 1 },
        ],
      },
    })
  })

  it('are put back as one, the last first', async () => {
    const releases = { api: fakeRevisions('deployed'), web: fakeRevisions('superseded', 'deployed') }
    const step = await openStep({ releases })
    await step.helm.plan({ command: 'upgrade', release: 'web', text: 'UPGRADE FAILED: x' })
    const failed = (await step.run(several)) as GateFailed
    expect(failed.outputs).toMatchObject({ 'rolled-back': true })
    const back = (await step.helm.calls()).filter(({ command }) => command === 'rollback')
    expect(back.map(({ args }) => args.slice(0, 2))).toEqual([
      ['web', '2'],
      ['api', '1'],
    ])
  })

  it('are not written at all where one of them is not what was approved', async () => {
    const step = await openStep()
    await step.helm.renders('web', { text: "values don't meet the specifications of the schema" })
    expect(((await step.run(several)) as GateFailed).outputs).toMatchObject({
      'failure-reason': 'render-failed',
    })
    expect(await step.helm.releases()).toEqual({})
  })
})

describe('a run that is cancelled', () => {
  const begun = async ({ helm }: Awaited<ReturnType<typeof openStep>>, wanted: string) => {
    for (let looks = 0; looks < 500; looks++) {
      if ((await helm.releases())['api']?.at(-1)?.status === wanted) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`it never was ${wanted}`)
  }

  it('B6 49: during an upgrade gives Helm one signal, and its post puts back what ran', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan({ command: 'upgrade', does: 'hang' })
    const ending = step.run()
    await begun(step, 'pending-upgrade')
    step.ports.cancel()
    const cancelled = await ending
    expect(cancelled).toBeInstanceOf(Cancelled)
    expect((cancelled as Error).message).toContain('it is put back at the end of the job')
    expect(await statuses(step)).toEqual(['deployed', 'failed'])
    expect(await step.post()).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringContaining('api is back at revision 1 (now 3, deployed); by the history of Helm'),
    })
    expect((await statuses(step))?.at(-1)).toBe('deployed: Rollback to 1')
  })

  it('B6 49: during a rollback lets it come to its end', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan(
      { command: 'upgrade', text: 'UPGRADE FAILED: x' },
      { command: 'rollback', does: 'slow', ms: 300 },
    )
    const ending = step.run()
    await begun(step, 'pending-rollback')
    step.ports.cancel()
    expect(((await ending) as GateFailed).outputs).toMatchObject({ 'rolled-back': true })
  })

  it('B6 49: is put back where main was lost between an upgrade and its verdict', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan({ command: 'upgrade', does: 'hang' })
    const ending = step.run()
    await begun(step, 'pending-upgrade')
    // As Helm leaves it that has done its work while nobody listened.
    const { api = [] } = await step.helm.releases()
    step.ports.cancel()
    await ending
    await step.helm.put({
      api: api.map((one, index) => ({ ...one, status: index === 0 ? 'superseded' : 'deployed' })),
    })
    expect(await step.post()).toMatchObject({ outcome: 'rolled-back' })
  })

  it('leaves alone what somebody else has written since', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') }, runs: { 7: 'in_progress' } })
    await step.helm.plan({ command: 'upgrade', does: 'hang' })
    const ending = step.run()
    await begun(step, 'pending-upgrade')
    step.ports.cancel()
    await ending
    const labels = { 'gha-run-id': '7', 'gha-run-attempt': '1', 'gha-repo': 'acme.shop', 'gha-revision': '2' }
    await step.helm.put({ api: [{ revision: 2, status: 'deployed', description: '', labels }] })
    expect(await step.post()).toMatchObject({ outcome: 'nothing-to-do' })
  })
})

describe('a cluster that is lost while Helm waits, and while it is asked back', () => {
  const LOST = [
    { command: 'upgrade', text: 'UPGRADE FAILED: context deadline exceeded' },
    { command: 'rollback', text: 'Kubernetes cluster unreachable: connection refused' },
  ] as const

  async function lost(secrets: Record<string, string> = {}, inputs: Record<string, string> = {}) {
    const step = await openStep({
      releases: { api: fakeRevisions('deployed') },
      runs: { 7: 'completed' },
      secrets,
    })
    await step.helm.plan(...LOST)
    expect(((await step.run(inputs)) as GateFailed).message).toMatch(
      /^cluster-unreachable: .*; the end of the job tries once more$/,
    )
    return step
  }

  it('B6 45: is asked once more at the end of the job', async () => {
    const step = await lost()
    expect(await step.post()).toMatchObject({ outcome: 'rolled-back' })
  })

  it.each([
    ['a step after it', {}],
    [
      'another run',
      { 'gha-run-id': '7', 'gha-run-attempt': '1', 'gha-repo': 'acme.shop', 'gha-revision': '4' },
    ],
  ])('B6 45: keeps its hands off what %s has brought since', async (_, labels) => {
    const step = await lost()
    const { api = [] } = await step.helm.releases()
    const before = api.map((one) => ({ ...one, status: 'superseded' as const }))
    await step.helm.put({
      api: [...before, { revision: 4, status: 'deployed', description: 'a hotfix', labels }],
    })
    expect(await step.post()).toMatchObject({ outcome: 'nothing-to-do' })
    expect((await statuses(step))?.at(-1)).toBe('deployed')
  })

  it('B6 50: says no value at the end of the job, either', async () => {
    const step = await lost(
      { API_VALUES: '{"password":"swordfish-secret"}' },
      { 'values-secret': 'API_VALUES' },
    )
    await step.helm.plan({ command: 'rollback', text: 'it printed swordfish-manifest and swordfish-secret' })
    const failed = await step.post().catch((error: unknown) => error)
    expect((failed as Error).message).toContain('it printed *** and ***')
    expect(said(step)).not.toContain('swordfish')
  })
})

describe('values', () => {
  const secret = '{"password":"swordfish-secret","port":12345678}'

  it('B6 50: are in files while Helm runs, and in nothing that a run leaves', async () => {
    const step = await openStep({ secrets: { API_VALUES: secret } })
    await step.helm.plan({ command: 'upgrade', text: 'UPGRADE FAILED: no swordfish-secret and 12345678' })
    const failed = (await step.run({
      values: 'token: swordfish-values',
      'values-secret': 'API_VALUES',
    })) as GateFailed
    const calls = await step.helm.calls()
    const [upgrade] = calls.filter(({ command, files }) => command === 'upgrade' && files.length > 0)
    expect(upgrade?.files).toEqual([
      { file: expect.any(String), mode: 0o600, text: 'token: swordfish-values' },
      { file: expect.any(String), mode: 0o600, text: secret },
    ])
    const args = JSON.stringify(calls.map((call) => call.args))
    const left = [
      args,
      said(step),
      failed.message,
      JSON.stringify(failed.outputs),
      ...step.ports.recorded.state.values(),
    ]
    expect(left.join()).not.toMatch(/swordfish|12345678/)
    expect(failed.message).toContain('no *** and ***')
    expect(step.ports.recorded.masked).toEqual(['swordfish-secret', '12345678'])
    expect((await readdir(step.ports.context.temp)).filter((name) => name.startsWith('helm-values'))).toEqual(
      [],
    )
  })

  it('B6 50: of a Secret of the chart are not shown, whoever says them, forward and back', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    await step.helm.plan(
      { command: 'upgrade', text: 'UPGRADE FAILED: it printed swordfish-manifest' },
      { command: 'rollback', text: 'it printed swordfish-manifest' },
    )
    const failed = (await step.run()) as GateFailed
    expect(failed.message).toMatch(/UPGRADE FAILED: it printed \*{3}; .*Error: it printed \*{3}; /)
    expect(said(step) + JSON.stringify(failed.outputs)).not.toContain('swordfish')
  })

  it('B6 50: are not shown where a way back says them, nor where nothing is rendered', async () => {
    const step = await openStep({
      releases: { api: fakeRevisions('deployed') },
      secrets: { API_VALUES: secret },
    })
    const given = { 'values-secret': 'API_VALUES' }
    await step.helm.plan(
      { command: 'upgrade', text: 'UPGRADE FAILED: x' },
      { command: 'rollback', text: 'no swordfish-secret and 12345678' },
    )
    const back = (await step.run(given)) as GateFailed
    await step.helm.renders('api', { text: 'execution error at swordfish-secret and 12345678' })
    const refused = (await step.run(given)) as GateFailed
    expect(back.message).toContain('is NOT back: Error: no *** and ***; ')
    expect(refused.message).toContain('execution error at *** and ***; nothing was written')
    // The log has more than the one line.
    const left = [said(step), ...[back, refused].map(({ outputs }) => JSON.stringify(outputs))]
    expect(left.join()).not.toMatch(/swordfish|12345678/)
  })

  it('B6 50: what Helm prints of success, and a manifest, is shown nowhere', async () => {
    const step = await openStep()
    const outcome = await step.run()
    expect(said(step) + JSON.stringify(outcome)).not.toContain('swordfish')
  })
})
