import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mainSha, testGitHub, type TestGitHub } from './emulator.fixture'

let first: TestGitHub
let second: TestGitHub
beforeEach(async () => {
  first = await testGitHub()
  second = await testGitHub()
})
afterEach(async () => {
  await first.close()
  await second.close()
})

const minimal = { ref: mainSha, auto_merge: false, required_contexts: [] }

describe('a world that is kept', () => {
  it('goes on with its deployments, approvals, artifacts and runs, and gives no number twice', async () => {
    const { run, job } = first.begin({ deployments: 'write' })
    const { id } = (await (await first.send(job, 'POST /deployments', minimal)).json()) as { id: number }
    await first.send(job, `POST /deployments/${id}/statuses`, { state: 'success' })
    first.github.recordApproval(run.id, { state: 'approved', comment: '', user: 'bob', environments: ['e'] })
    job.steps.push({
      number: 1,
      name: 's',
      status: 'completed',
      conclusion: 'success',
      log: 'long',
      summary: '# s',
      startedAt: null,
      completedAt: null,
    })
    run.status = job.status = 'completed'

    const text = JSON.stringify(first.github.save())
    expect(text).not.toContain(job.token)
    expect(text).not.toContain('long')
    second.github.restore(JSON.parse(text))
    const next = second.begin({ deployments: 'write', actions: 'read' }, { id: run.id + 1 })
    expect(await (await second.send(next.job, `GET /deployments/${id}/statuses`)).json()).toMatchObject([
      { state: 'success' },
    ])
    expect(await (await second.send(next.job, `GET /actions/runs/${run.id}`)).json()).toMatchObject({
      id: run.id,
      status: 'completed',
    })
    expect(await (await second.send(next.job, `GET /actions/runs/${run.id}/approvals`)).json()).toMatchObject(
      [{ user: { login: 'bob' } }],
    )
    const created = (await (await second.send(next.job, 'POST /deployments', minimal)).json()) as {
      id: number
    }
    expect(created.id).toBeGreaterThan(first.github.save().lastId)
  })

  it('finds what was uploaded before where it was kept, and puts what comes now elsewhere', async () => {
    await second.close()
    second = await testGitHub({ artifactFolder: '/now', keptArtifactFolder: '/kept' })
    const uploaded = {
      ...{ id: 5, run: 1, attempt: 1, job: 2, name: 'restore-point', mimeType: 'application/zip' },
      ...{ createdAt: '', expiresAt: '', size: 1, digest: 'sha256:1', file: '1/5.zip' },
    }
    second.github.restore({ ...first.github.save(), artifacts: [uploaded] })
    expect(second.github.artifacts(1)).toMatchObject([
      { file: '/kept/1/5.zip', folder: '/kept/1/restore-point' },
    ])
  })

  it('is refused when it is none', () => {
    expect(() => second.github.restore({ v: 2 })).toThrow()
  })
})
