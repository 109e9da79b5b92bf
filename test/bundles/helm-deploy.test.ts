import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { openBundleJob, type BundleJob, type BundleResult, type BundleRun } from '@deploy-actions/testing'
import { fakeRevisions, openFakeHelm, type FakeHelm, type FakeReleases } from '../fake-helm/fake-helm'

// The shipped helm-deploy with a Helm that is strict about its flags and states, and no cluster.

const digest = `sha256:${'f'.repeat(64)}`
const jobs: BundleJob[] = []
/** Helms whose step was killed, so that nobody else ends them. */
const hanging: number[] = []
afterEach(async () => {
  for (const pid of hanging.splice(0)) process.kill(pid, 'SIGKILL')
  for (const job of jobs.splice(0)) await job.close()
})

async function open(major: 3 | 4, releases: FakeReleases) {
  const job = await openBundleJob({ 'charts/api/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n' })
  jobs.push(job)
  const helm = await openFakeHelm(major, join(job.temp, 'fake'), releases)
  const run = (inputs: Record<string, string>, more: BundleRun = {}): Promise<BundleResult> =>
    job.run('helm-deploy', {
      ...more,
      inputs: {
        ...{ mode: 'deploy', release: 'api', namespace: 'shop', chart: 'charts/api', digest },
        ...{ helm: helm.program, ...inputs },
      },
    })
  return { job, helm, run }
}
const lastOf = async (helm: FakeHelm) => (await helm.releases())['api']?.at(-1)

describe.each([3, 4] as const)('with Helm %i', (major) => {
  it('brings a release by its digest, and leaves outputs, summary and evidence', async () => {
    const { run } = await open(major, { api: fakeRevisions('deployed') })
    const { exitCode, outputs, summary, stderr } = await run({ version: '1.4.0' })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(outputs).toMatchObject({
      ...{ outcome: 'deployed', revision: '2', 'previous-revision': '1', changed: 'true' },
      images: expect.stringContaining(digest),
    })
    expect(summary).toContain('### Helm: deployed')
    const evidence = await readFile(outputs['evidence-path'] ?? '', 'utf8')
    expect(evidence).toContain(digest)
  })

  it('B6 49: a run that is cancelled in an upgrade is finished by its post, once', async () => {
    const { helm, run } = await open(major, { api: fakeRevisions('deployed') })
    await helm.plan({ command: 'upgrade', does: 'hang' })
    const cancelled = await run(
      {},
      { end: { signal: 'SIGINT', when: async () => (await lastOf(helm))?.status === 'pending-upgrade' } },
    )
    expect(cancelled.outputs).toMatchObject({ outcome: 'cancelled', 'failure-reason': 'cancelled' })
    const ended = await run({}, { state: cancelled.state })
    expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('api is back at revision 1') })
    expect(await lastOf(helm)).toMatchObject({ revision: 3, description: 'Rollback to 1' })
    const calls = (await helm.calls()).length
    await run({}, { state: cancelled.state })
    expect((await lastOf(helm))?.revision).toBe(3)
    expect((await helm.calls()).slice(calls).map(({ command }) => command)).not.toContain('rollback')
  })

  it('B6 49: a run that is cancelled in a rollback brings it to its end', async () => {
    const { helm, run } = await open(major, { api: fakeRevisions('deployed') })
    await helm.plan(
      { command: 'upgrade', text: 'UPGRADE FAILED: context deadline exceeded' },
      { command: 'rollback', does: 'slow', ms: 2_000 },
    )
    const { exitCode, outputs } = await run(
      {},
      { end: { signal: 'SIGINT', when: async () => (await lastOf(helm))?.status === 'pending-rollback' } },
    )
    expect({ exitCode, outputs }).toMatchObject({
      ...{ exitCode: 1, outputs: { 'failure-reason': 'wait-timeout', 'rolled-back': 'true' } },
    })
  })

  it('B6 49: what a deaf Helm has left pending is put back', async () => {
    const { helm, run } = await open(major, { api: fakeRevisions('deployed') })
    await helm.plan({ command: 'upgrade', does: 'hang', deaf: true })
    const cancelled = await run(
      {},
      { end: { signal: 'SIGINT', when: async () => (await lastOf(helm))?.status === 'pending-upgrade' } },
    )
    expect(await lastOf(helm)).toMatchObject({ revision: 2, status: 'pending-upgrade' })
    const ended = await run({}, { state: cancelled.state })
    expect(ended.exitCode).toBe(0)
    expect(await lastOf(helm)).toMatchObject({ revision: 3, status: 'deployed' })
  })

  it('B6 50: the values of a main that is killed are removed by its post', async () => {
    const { helm, job, run } = await open(major, { api: fakeRevisions('deployed') })
    const left = async () => (await readdir(job.temp)).filter((name) => name.startsWith('helm-values'))
    await helm.plan({ command: 'upgrade', does: 'hang' })
    const lost = await run(
      { values: 'password: swordfish-1' },
      { end: { signal: 'SIGKILL', when: async () => (await lastOf(helm))?.status === 'pending-upgrade' } },
    )
    hanging.push(await helm.hanging())
    expect([lost.exitCode, await left()]).toEqual([null, [expect.any(String)]])
    // Its Helm is still there, as on a runner that lost nothing but the step.
    const ended = await run({}, { state: lost.state })
    expect([ended.exitCode, await left()]).toEqual([0, []])
    expect(await lastOf(helm)).toMatchObject({ revision: 3, description: 'Rollback to 1' })
  })

  it('B6 50: nothing of values is in what it leaves, and Helm gives the runner no commands', async () => {
    const { helm, job, run } = await open(major, { api: fakeRevisions('deployed') })
    await helm.plan({
      command: 'upgrade',
      text: 'UPGRADE FAILED: swordfish-2\n::error::swordfish-2\n::add-mask::a',
    })
    const { stdout, outputs, summary, state } = await run({
      ...{ values: 'password: swordfish-1', 'values-secret': 'MORE' },
      secrets: 'MORE={"password":"swordfish-2"}',
    })
    const evidence = await readFile(outputs['evidence-path'] ?? '', 'utf8')
    const lines = stdout.split('\n').filter((line) => !/^::add-mask::.{2}/.test(line))
    const masked = lines.indexOf('::error::***')
    expect(lines.slice(0, masked).findLast((line) => line.startsWith('::'))).toMatch(/^::stop-commands::/)
    const args = (await helm.calls()).map((call) => call.args)
    expect(JSON.stringify([lines, outputs, summary, state, evidence, args])).not.toContain('swordfish')
    expect((await readdir(job.temp)).filter((name) => name.startsWith('helm-values'))).toEqual([])
  })
})

it('B6 19: says of another Helm that it is not spoken', async () => {
  const { helm, run } = await open(4, {})
  await helm.isVersion('v2.17.0')
  const { outputs } = await run({})
  expect(outputs).toMatchObject({ outcome: 'invalid', reason: expect.stringContaining('is Helm 2.17') })
})
