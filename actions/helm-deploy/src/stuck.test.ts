import { describe, expect, it } from '@jest/globals'
import type { GateFailed } from '@deploy-actions/action-kit'
import { fakeRevisions, type FakeRevision } from '../../../test/fake-helm/fake-helm'
import { digest, openStep, said } from './helm-deploy.fixture'
import { ownerOf, ownLabels, type Owner } from './owners'
import type { Seams } from './session'
import { refusal } from './stuck'

/** A release whose last revision is pending, and of this run, if of any. */
function stuck(
  status: string,
  run?: number,
  { attempt = 1, minutes = 60, revision = 2 } = {},
): FakeRevision[] {
  const before = fakeRevisions('deployed')
  const labels = {
    ...{ 'gha-run-id': String(run), 'gha-run-attempt': String(attempt), 'gha-repo': 'acme.shop' },
    'gha-revision': String(revision),
  }
  const updated = new Date(Date.now() - minutes * 60_000).toISOString()
  return [...before, { revision: 2, status, description: '', updated, ...(run && { labels }) }]
}
/** Something of a revision that is gone, which is found only where all has to be as the manifest says. */
const LEFT_OVER: Partial<Seams> = {
  observer: {
    verify: async ({ exactly = false }) =>
      exactly
        ? { ok: false, summary: 'it printed swordfish-manifest, and is left' }
        : { ok: true, summary: '' },
    diagnose: async () => undefined,
    changes: async () => [],
  },
}
const last = async ({ helm }: Awaited<ReturnType<typeof openStep>>) => (await helm.releases())['api']?.at(-1)

describe('a release that is pending', () => {
  it('B6 6: and of a run that is over is put back, and then deployed', async () => {
    const step = await openStep({ releases: { api: stuck('pending-upgrade', 7) }, runs: { 7: 'completed' } })
    expect(await step.run({ stuck: 'recover-own' })).toMatchObject({
      ...{ outcome: 'deployed', revision: 4 },
      reason: expect.stringMatching(/^api in shop is at revision 4 with sha256:f+;/),
      images: { 'Deployment/api (app)': `registry.example.com/shop@${digest('f')}` },
    })
    // By this number the next run knows whose it is.
    expect(await last(step)).toMatchObject({
      ...{ revision: 4, status: 'deployed', labels: { 'gha-run-id': '1001', 'gha-revision': '4' } },
    })
  })

  it('B6 6: and was put back is proven to have the digest before it is written', async () => {
    const step = await openStep({ releases: { api: stuck('pending-upgrade', 7) }, runs: { 7: 'completed' } })
    const failed = (await step.run({ stuck: 'recover-own', 'digest-path': 'image.sha' })) as GateFailed
    expect(failed.outputs).toMatchObject({ 'failure-reason': 'digest-not-rendered' })
    expect(await last(step)).toMatchObject({ revision: 3, description: 'Rollback to 1' })
  })

  it('B6 6: and of an earlier attempt of this run is, too, without a question', async () => {
    const step = await openStep({ releases: { api: stuck('pending-upgrade', 1001) }, attempt: 2 })
    expect(await step.run({ stuck: 'recover-own' })).toMatchObject({ outcome: 'deployed' })
  })

  it.each(['fail', 'recover-own', 'recover'])(
    'B6 7: and of a run that is at work is left alone, with stuck: %s',
    async (policy) => {
      const step = await openStep({
        releases: { api: stuck('pending-upgrade', 7) },
        runs: { 7: 'in_progress' },
      })
      const failed = (await step.run({ stuck: policy })) as GateFailed
      expect(failed.message).toBe(
        'pending-operation: api in shop is pending-upgrade (revision 2): https://github.com/acme/shop/actions/runs/7/attempts/1 is still at work on it; wait for that run; nothing was written',
      )
      expect(failed.outputs).toMatchObject({
        'failure-reason': 'pending-operation',
        status: 'pending-upgrade',
      })
      expect(await last(step)).toMatchObject({ revision: 2 })
    },
  )

  it("B6 7: is nobody's where an upgrade has only taken the labels of the one before over", async () => {
    const releases = { api: stuck('pending-upgrade', 7, { revision: 1 }) }
    const step = await openStep({ releases, runs: { 7: 'completed' } })
    expect(((await step.run({ stuck: 'recover-own' })) as Error).message).toContain(
      "nobody knows whose it is (a rollback and other people's upgrades carry no labels of a run)",
    )
    expect(await step.run({ stuck: 'recover' })).toMatchObject({ outcome: 'deployed' })
  })

  it('B6 8: since a hook of a rollback failed is put back when asked', async () => {
    const step = await openStep({ releases: { api: stuck('pending-rollback') } })
    expect(await step.run({ mode: 'recover', stuck: 'recover', digest: '', chart: '' })).toMatchObject({
      ...{ outcome: 'recovered', revision: 3, status: 'deployed' },
      reason: expect.stringMatching(/^api is back at revision 1 .*live objects were not looked at/),
    })
  })

  it.each(['fail', 'recover-own'])(
    'B6 8: since a hook of a rollback failed is left alone with stuck: %s: it carries no labels of a run',
    async (policy) => {
      const step = await openStep({ releases: { api: stuck('pending-rollback') } })
      const failed = (await step.run({ stuck: policy })) as GateFailed
      expect(failed.message).toMatch(
        / is pending-rollback \(revision 2\): nobody knows whose it is.* make sure /,
      )
      expect(failed.outputs).toMatchObject({ 'failure-reason': 'pending-operation' })
      expect(await last(step)).toMatchObject({ revision: 2, status: 'pending-rollback' })
    },
  )

  it('B6 8: since a hook of a rollback failed is put back without hooks, or that one fails again', async () => {
    const step = await openStep({ releases: { api: stuck('pending-rollback') } })
    await step.run({ mode: 'recover', stuck: 'recover', hooks: 'false', digest: '', chart: '' })
    const [back] = (await step.helm.calls()).filter(({ command }) => command === 'rollback')
    expect(back?.args).toContain('--no-hooks')
  })

  it('B6 47: and is put back is held against its manifest, object by object', async () => {
    const step = await openStep({ releases: { api: stuck('pending-upgrade', 7) }, runs: { 7: 'completed' } })
    const failed = (await step.run({ mode: 'recover', digest: '', chart: '' }, LEFT_OVER)) as GateFailed
    expect(failed.message).toMatch(/^rollback-unverified: .*but it printed \*{3}, and is left/)
    expect(failed.outputs).toMatchObject({ 'failure-reason': 'rollback-unverified' })
  })

  it('B6 50: and is not put back, or not as it was, says nothing that Secrets of the chart hold', async () => {
    const ways = [{ text: 'it printed swordfish-manifest' }, undefined]
    for (const way of ways) {
      const step = await openStep({
        releases: { api: stuck('pending-upgrade', 7) },
        runs: { 7: 'completed' },
      })
      if (way) await step.helm.plan({ command: 'rollback', ...way })
      const failed = (await step.run({ mode: 'recover', digest: '', chart: '' }, LEFT_OVER)) as GateFailed
      expect(failed.message).toContain('it printed ***')
      expect(said(step) + JSON.stringify(failed.outputs)).not.toContain('swordfish')
    }
  })

  it('B6 5: since its first install was killed has nothing to go back to', async () => {
    const releases = {
      api: stuck('pending-install', 7)
        .slice(1)
        .map((one) => ({ ...one, revision: 1 })),
    }
    const of = {
      ...releases.api[0],
      labels: { ...releases.api[0]?.labels, 'gha-revision': '1' },
    } as FakeRevision
    const step = await openStep({ releases: { api: [of] }, runs: { 7: 'completed' } })
    const input = { stuck: 'recover-own' }
    const failed = (await step.run(input)) as GateFailed
    expect(failed.message).toContain('there is no revision to go back to; first-install-failure: uninstall')
    expect(failed.outputs).toEqual({ 'failure-reason': 'no-target' })
    expect(await step.run({ ...input, 'first-install-failure': 'uninstall' })).toMatchObject({ revision: 1 })
  })

  it('is not written by a dry run, nor by status', async () => {
    const step = await openStep({ releases: { api: stuck('pending-upgrade', 7) }, runs: { 7: 'completed' } })
    for (const more of [{ stuck: 'recover-own' }, { mode: 'recover' }])
      expect(await step.run({ ...more, 'dry-run': 'true' })).toMatchObject({ outcome: 'would-write' })
    expect(await step.run({ mode: 'status' })).toMatchObject({
      ...{ outcome: 'read', status: 'pending-upgrade', revision: 2, 'previous-revision': 1 },
    })
    expect(await last(step)).toMatchObject({ revision: 2, status: 'pending-upgrade' })
  })
})

describe('whether it may be put back', () => {
  const now = new Date('2026-11-21T12:00:00Z')
  const over: Owner = { known: true, state: 'over', who: 'RUN' }
  it.each<
    [string, Parameters<typeof refusal>[0], Owner, 'fail' | 'recover' | 'recover-own', string | undefined]
  >([
    [
      'an hour old',
      { status: 'pending-upgrade', updated: '2026-11-21T11:00:00Z' },
      over,
      'recover-own',
      undefined,
    ],
    [
      'a minute old',
      { status: 'pending-upgrade', updated: '2026-11-21T11:59:00Z' },
      over,
      'recover-own',
      'it is 1m old, and 15m is what stuck-after asks for; try again then',
    ],
    [
      'of unknown age',
      { status: 'pending-upgrade', updated: '' },
      over,
      'recover',
      'Helm does not say since when, so how old it is cannot be told; roll it back by hand',
    ],
    [
      'being uninstalled',
      { status: 'uninstalling', updated: '2026-11-21T11:00:00Z' },
      over,
      'recover',
      'it is being uninstalled, or whoever did so was killed; finish that by hand (helm uninstall)',
    ],
    [
      'of another repository',
      { status: 'pending-upgrade', updated: '2026-11-21T11:00:00Z' },
      { known: true, state: 'unknown', who: 'run 7 of b.c' },
      'recover-own',
      'it is of run 7 of b.c, which cannot be asked from here; make sure that it is over, then use stuck: recover',
    ],
  ])('%s', (_, revision, owner, policy, expected) => {
    expect(refusal(revision, owner, { policy, afterMs: 15 * 60_000, now })).toBe(expected)
  })
})

describe('whose it is', () => {
  const self = { runId: 1, attempt: 2, owner: 'acme', repo: 'shop', serverUrl: 'https://github.com' }
  const answering = (answer: object) => ({ request: async () => answer as never, list: async () => [] })

  it('is over where a later attempt of that run has begun', async () => {
    const labels = ownLabels({ ...self, runId: 9, attempt: 1 }, 4)
    const github = answering({ status: 'in_progress', run_attempt: 2 })
    expect(await ownerOf(labels, 4, self, github)).toMatchObject({ state: 'over' })
  })

  it('is this very run where it is', async () => {
    expect(await ownerOf(ownLabels(self, 4), 4, self, answering({}))).toMatchObject({
      ...{ state: 'at-work', who: expect.stringContaining('(this very run)') },
    })
  })

  it('is told in a label, however long the name of the repository', () => {
    const repo = 'x'.repeat(100)
    const label = ownLabels({ ...self, repo }, 1)['gha-repo'] ?? ''
    expect(label).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,61}[A-Za-z0-9]$/)
    expect(ownLabels({ ...self, repo: `${repo}y` }, 1)['gha-repo']).not.toBe(label)
  })
})
