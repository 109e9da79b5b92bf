import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { testGitHub, type TestGitHub } from './emulator.fixture'

let world: TestGitHub
beforeEach(async () => {
  world = await testGitHub({
    environments: [{ name: 'production', reviewers: ['ann'] }],
    settings: {
      defaultBranch: 'trunk',
      retentionDays: 30,
      secrets: ['A', 'B'],
      workflows: [{ path: '.github/workflows/deploy.yml', state: 'disabled_manually' }],
      formerName: 'acme/store',
    },
  })
})
afterEach(() => world.close())

const all = { administration: 'read', secrets: 'read', actions: 'read' } as const
const bodyOf = async (route: string, permissions: Parameters<TestGitHub['begin']>[0] = all) => {
  const response = await world.send(world.begin(permissions).job, route)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('the settings of a repository', () => {
  it.each([
    ['GET ', { full_name: 'acme/shop', default_branch: 'trunk' }],
    ['GET /actions/permissions/workflow', { default_workflow_permissions: 'read' }],
    ['GET /actions/permissions/artifact-and-log-retention', { days: 30, maximum_allowed_days: 400 }],
    ['GET /actions/organization-secrets', { total_count: 0, secrets: [] }],
    [
      'GET /actions/workflows',
      { workflows: [{ path: '.github/workflows/deploy.yml', state: 'disabled_manually' }] },
    ],
  ])('answers %s', async (route, body) => expect(await bodyOf(route)).toMatchObject({ status: 200, body }))

  it('names secrets, page by page, and tells no value', async () => {
    const { body } = await bodyOf('GET /actions/secrets?per_page=1&page=2')
    expect(body).toEqual({ total_count: 2, secrets: [expect.objectContaining({ name: 'B' })] })
    expect(Object.keys((body['secrets'] as object[])[0] ?? {})).toEqual(['name', 'created_at', 'updated_at'])
  })

  it.each([
    ['GET /actions/permissions/workflow', { actions: 'read', secrets: 'read' } as const],
    ['GET /actions/secrets', { actions: 'read', administration: 'read' } as const],
    ['GET /actions/workflows', { administration: 'read', secrets: 'read' } as const],
  ])('needs for %s its own permission', async (route, permissions) =>
    expect((await bodyOf(route, permissions)).status).toBe(403),
  )

  it('sends on whoever asks by the name that it had before', async () => {
    const { job } = world.begin(all)
    const asked = fetch(`${world.github.url}/repos/acme/store/actions/workflows`, {
      headers: { authorization: `Bearer ${job.token}` },
      redirect: 'manual',
    })
    const { status, headers } = await asked
    expect(status).toBe(301)
    expect(headers.get('location')).toBe(`${world.github.url}/repositories/1/actions/workflows`)
  })
})

describe('runs that wait', () => {
  it('are listed by their status, each with the environments that it waits for', async () => {
    const { run, job } = world.begin(all)
    Object.assign(job, { status: 'waiting', environment: 'production' })
    const looking = world.begin(all).job
    const listed = await world.send(looking, 'GET /actions/runs?status=waiting')
    expect(await listed.json()).toMatchObject({
      total_count: 1,
      workflow_runs: [{ id: run.id, status: 'waiting' }],
    })
    const pending = await world.send(looking, `GET /actions/runs/${run.id}/pending_deployments`)
    expect(await pending.json()).toMatchObject([
      { environment: { name: 'production' }, reviewers: [{ type: 'User', reviewer: { login: 'ann' } }] },
    ])
  })
})
