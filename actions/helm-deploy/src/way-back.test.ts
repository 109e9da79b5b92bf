import { describe, expect, it } from '@jest/globals'
import type { GateFailed } from '@deploy-actions/action-kit'
import type { Observer } from '@deploy-actions/helm'
import { fakeRevisions } from '../../../test/fake-helm/fake-helm'
import { openStep, said } from './helm-deploy.fixture'

const back = { mode: 'rollback', chart: '', digest: '' }

describe('a rollback', () => {
  it('B6 11 and 12: goes to the last good one before what runs, and a second one never flips back', async () => {
    const step = await openStep({
      releases: { api: fakeRevisions('superseded', 'failed', 'superseded', 'deployed') },
    })
    expect(await step.run(back)).toMatchObject({
      ...{ outcome: 'rolled-back', revision: 5 },
      reason:
        'api is back at revision 3 (now 5, deployed) (the last good one, found in its history); by the history of Helm: live objects were not looked at; what hooks and migrations have done is not undone',
    })
    expect(await step.run(back)).toMatchObject({ reason: expect.stringContaining('back at revision 1') })
    const failed = (await step.run(back)) as GateFailed
    expect(failed.outputs).toMatchObject({ 'failure-reason': 'no-target' })
  })

  it('goes to what runs where something was tried since', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'deployed', 'failed') } })
    expect(await step.run(back)).toMatchObject({ reason: expect.stringContaining('back at revision 2') })
  })

  it('B6 14: to what runs is nothing to do', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'deployed') } })
    expect(await step.run({ ...back, revision: '2' })).toMatchObject({
      ...{ outcome: 'nothing-to-do', revision: 2, changed: false },
      reason: expect.stringContaining('api stands at revision 2, as it was found (as the step says)'),
    })
    const seen: (number | undefined)[] = []
    const observer = {
      verify: async ({ revision }: { revision?: number }) => (seen.push(revision), { ok: true, summary: '' }),
      diagnose: async () => undefined,
      changes: async () => [],
    }
    expect(await step.run({ ...back, revision: '2' }, { observer })).toMatchObject({
      'rollback-verified': true,
    })
    expect(seen).toEqual([2])
  })

  it('is only said in a dry run', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'deployed') } })
    expect(await step.run({ ...back, 'dry-run': 'true' })).toMatchObject({
      ...{ outcome: 'would-write' },
      reason: 'would put back api in shop to revision 1 (the last good one, found in its history)',
    })
    expect((await step.helm.releases())['api']).toHaveLength(2)
  })

  it('B6 50: says nothing that Secrets of the chart hold', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'deployed') } })
    await step.helm.plan({ command: 'rollback', text: 'it printed swordfish-manifest' })
    const failed = (await step.run({ ...back, revision: '1' })) as GateFailed
    expect(failed.message).toContain('it printed ***')
    expect(said(step) + JSON.stringify(failed.outputs)).not.toContain('swordfish')
  })

  it('B6 47: is held against its manifest, object by object', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'deployed') } })
    const observer: Observer = {
      verify: async ({ exactly = false }) =>
        exactly ? { ok: false, summary: 'a container is left' } : { ok: true, summary: '' },
      diagnose: async () => undefined,
      changes: async () => [],
    }
    const failed = (await step.run(back, { observer })) as GateFailed
    expect(failed.message).toMatch(/^rollback-unverified: .*, but a container is left;/)
    expect(failed.outputs).toMatchObject({ 'rolled-back': true, 'rollback-verified': false })
  })

  it('B6 46: that fails says what is so', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'deployed') } })
    await step.helm.plan({
      command: 'rollback',
      text: 'context deadline exceeded',
      leaves: 'pending-rollback',
    })
    const failed = (await step.run(back)) as GateFailed
    expect(failed.message).toMatch(
      /^rollback-failed: api in shop to revision 1: Error: context deadline exceeded;/,
    )
    expect(failed.outputs).toMatchObject({ 'failure-reason': 'rollback-failed', 'rolled-back': false })
  })
})

describe('the status', () => {
  it('is read of a release, and of one that is not there', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('superseded', 'deployed') } })
    expect(await step.run({ ...back, mode: 'status' })).toMatchObject({
      ...{
        outcome: 'read',
        revision: 2,
        status: 'deployed',
        'previous-revision': 1,
        'chart-version': '0.1.0',
      },
      images: { 'Deployment/api (app)': expect.stringContaining('sha256:bbb') },
      reason: 'api in shop is at revision 2 (deployed)',
    })
    expect(await step.run({ ...back, mode: 'status', release: 'web' })).toMatchObject({
      ...{ revision: 0, status: 'not-installed', reason: 'web in shop is at revision 0 (not-installed)' },
    })
  })

  it('of what is not pending leaves nothing to recover', async () => {
    const step = await openStep({ releases: { api: fakeRevisions('deployed') } })
    expect(await step.run({ ...back, mode: 'recover' })).toMatchObject({ outcome: 'nothing-to-do' })
  })

  it('of one that failed and is not pending is not called well by a recovery, but how to put it back', async () => {
    const failed = await openStep({ releases: { api: fakeRevisions('deployed', 'failed') } })
    expect(await failed.run({ ...back, mode: 'recover' })).toMatchObject({
      outcome: 'failed',
      message: expect.stringMatching(
        /^nothing is pending, but api in shop failed at revision 2, .* mode: rollback with revision: 1 puts back what ran$/,
      ),
    })
    const first = await openStep({ releases: { api: fakeRevisions('failed') } })
    expect(await first.run({ ...back, mode: 'recover' })).toMatchObject({
      message: expect.stringContaining('nothing ran before it'),
    })
  })
})
