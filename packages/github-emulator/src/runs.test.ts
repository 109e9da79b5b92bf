import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { testGitHub, type TestGitHub } from './emulator.fixture'

let world: TestGitHub
beforeEach(async () => {
  world = await testGitHub({
    environments: [
      {
        name: 'production-eu-west',
        reviewers: ['bob'],
        waitTimer: 30,
        preventSelfReview: true,
        canAdminsBypass: false,
        branchPolicy: { protected_branches: false, custom_branch_policies: true },
        branches: [{ name: 'release/*', type: 'branch' }],
      },
      { name: 'open/gate' },
    ],
  })
})
afterEach(() => world.close())

const repo = '/repos/{owner}/{repo}'

describe('environments', () => {
  it('tells the protection of one, by its name in any case', async () => {
    const client = world.client(world.begin({ actions: 'read' }).job)
    expect(
      await client.request(`GET ${repo}/environments/{environment_name}`, {
        environment_name: 'Production-EU-west',
      }),
    ).toMatchObject({
      name: 'production-eu-west',
      can_admins_bypass: false,
      protection_rules: [
        { type: 'wait_timer', wait_timer: 30 },
        {
          type: 'required_reviewers',
          prevent_self_review: true,
          reviewers: [{ type: 'User', reviewer: { login: 'bob', type: 'User' } }],
        },
        { type: 'branch_policy' },
      ],
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
    })
    expect(
      await client.request(`GET ${repo}/environments/{name}/deployment-branch-policies`, {
        name: 'production-eu-west',
      }),
    ).toMatchObject({
      total_count: 1,
      branch_policies: [{ name: 'release/*', type: 'branch' }],
    })
    expect(await client.request(`GET ${repo}/environments/{name}`, { name: 'open/gate' })).toMatchObject({
      protection_rules: [],
      deployment_branch_policy: null,
      can_admins_bypass: true,
    })
    await expect(client.request(`GET ${repo}/environments/{name}`, { name: 'gone' })).rejects.toMatchObject({
      status: 404,
    })
  })

  it('lists all', async () => {
    const client = world.client(world.begin({ actions: 'read' }).job)
    const listed = await client.list<{ name: string }>(
      `GET ${repo}/environments`,
      {},
      { pick: 'environments' },
    )
    expect(listed.map(({ name }) => name)).toEqual(['production-eu-west', 'open/gate'])
  })

  it.each([
    [{ name: 'e', reviewers: ['1', '2', '3', '4', '5', '6', '7'] }, 'at most 6 reviewers'],
    [{ name: 'e', waitTimer: 43_201 }, '1 to 43200 minutes'],
    [{ name: 'x'.repeat(256) }, '1 to 255 characters'],
    [{ name: 'e', branchPolicy: { protected_branches: true, custom_branch_policies: true } }, 'exactly one'],
  ])('refuses settings that GitHub would not take: %#', async (setting, reason) => {
    await expect(testGitHub({ environments: [setting] })).rejects.toThrow(reason)
  })
})

describe('runs', () => {
  it('are listed by workflow and by when they were created', async () => {
    const { run, job } = world.begin({ actions: 'read' })
    const listed = (parameters: object): Promise<unknown> =>
      world
        .client(job)
        .list<{ id: number }>(
          `GET ${repo}/actions/workflows/{workflow_id}/runs`,
          { workflow_id: 'rollout.yml', ...parameters },
          { pick: 'workflow_runs' },
        )
        .then((runs) => runs.map(({ id }) => id))
    expect(await listed({})).toEqual([run.id])
    expect(await listed({ workflow_id: 'other.yml' })).toEqual([])
    expect(await listed({ created: '>=2026-11-20T09:59:00.000Z' })).toEqual([run.id])
    expect(await listed({ created: '>=2026-11-20T09:59:01Z' })).toEqual([])
  })

  it('tells what a restorer asks about a run', async () => {
    const path = 'acme/deploy-actions/.github/workflows/region.yml@v1'
    const { run, job } = world.begin(
      { actions: 'read' },
      { referencedWorkflows: [{ path, sha: 'b'.repeat(40), ref: 'refs/tags/v1' }] },
    )
    expect(
      await world.client(job).request(`GET ${repo}/actions/runs/{run_id}`, { run_id: run.id }),
    ).toMatchObject({
      id: run.id,
      run_attempt: 1,
      path: '.github/workflows/rollout.yml',
      event: 'workflow_dispatch',
      head_branch: 'main',
      status: 'in_progress',
      conclusion: null,
      actor: { login: 'ann' },
      repository: { full_name: 'acme/shop' },
      referenced_workflows: [{ path, sha: 'b'.repeat(40), ref: 'refs/tags/v1' }],
      created_at: '2026-11-20T09:59:00Z',
      run_started_at: '2026-11-20T09:59:01Z',
    })
    await expect(world.client(job).request(`GET ${repo}/actions/runs/{id}`, { id: 1 })).rejects.toMatchObject(
      { status: 404 },
    )
  })

  it('is waiting while all that is left waits for an answer', async () => {
    const reader = world.client(world.begin({ actions: 'read' }).job)
    const { run, job } = world.begin()
    job.status = 'waiting'
    expect(await reader.request(`GET ${repo}/actions/runs/{id}`, { id: run.id })).toMatchObject({
      status: 'waiting',
    })
  })

  it('lists jobs with their steps, of the newest or of any attempt', async () => {
    const { run, job } = world.begin({ actions: 'read' })
    job.steps.push({
      number: 1,
      name: 'Set up job',
      status: 'completed',
      conclusion: 'success',
      log: 'secret',
      startedAt: '2026-11-20T09:59:04.000Z',
      completedAt: '2026-11-20T09:59:05.000Z',
    })
    const again = world.begin({}, { id: run.id, attempt: 2 })
    const client = world.client(job)
    const jobs = (route: string, query = {}) =>
      client.list<Record<string, unknown>>(
        `GET ${repo}/actions/runs/{run_id}${route}`,
        { run_id: run.id, ...query },
        { pick: 'jobs' },
      )
    expect(await jobs('/attempts/{attempt_number}/jobs', { attempt_number: 1 })).toEqual([
      expect.objectContaining({
        id: job.id,
        run_id: run.id,
        run_attempt: 1,
        name: 'rollout / regions (eu-west) / deploy',
        status: 'in_progress',
        started_at: '2026-11-20T09:59:03Z',
        completed_at: null,
        check_run_url: `${world.github.url}/repos/acme/shop/check-runs/${job.id}`,
        steps: [
          {
            number: 1,
            name: 'Set up job',
            status: 'completed',
            conclusion: 'success',
            started_at: '2026-11-20T09:59:04Z',
            completed_at: '2026-11-20T09:59:05Z',
          },
        ],
      }),
    ])
    expect(await jobs('/jobs')).toMatchObject([{ id: again.job.id, run_attempt: 2 }])
    expect(await jobs('/jobs', { filter: 'all' })).toMatchObject([{ run_attempt: 1 }, { run_attempt: 2 }])
    await expect(jobs('/attempts/{n}/jobs', { n: 3 })).rejects.toMatchObject({ status: 404 })
  })

  it('tells who approved what', async () => {
    const { run, job } = world.begin({ actions: 'read' })
    world.github.recordApproval(run.id, {
      state: 'approved',
      comment: 'go',
      user: 'bob',
      environments: ['production-eu-west'],
    })
    world.github.recordApproval(run.id, {
      state: 'rejected',
      comment: 'not today',
      user: 'eve',
      environments: ['elsewhere'],
    })
    expect(
      await world.client(job).request(`GET ${repo}/actions/runs/{id}/approvals`, { id: run.id }),
    ).toMatchObject([
      {
        state: 'approved',
        comment: 'go',
        user: { login: 'bob' },
        environments: [{ id: 1, name: 'production-eu-west' }],
      },
      {
        state: 'rejected',
        comment: 'not today',
        user: { login: 'eve' },
        environments: [{ name: 'elsewhere' }],
      },
    ])
  })

  it('is cancelled once, by who may', async () => {
    const { run } = world.begin()
    const { job } = world.begin({ actions: 'write' })
    const cancel = async () => (await world.send(job, `POST /actions/runs/${run.id}/cancel`)).status
    expect(await cancel()).toBe(202)
    expect(world.cancelled).toEqual([run.id])
    run.status = 'completed'
    expect(await cancel()).toBe(409)
    expect(world.cancelled).toEqual([run.id])
  })
})

describe('contents', () => {
  it('gives a file at a commit that is known', async () => {
    const { job, run } = world.begin({ contents: 'read' })
    const client = world.client(job)
    const read = (path: string, ref?: string) =>
      client.request(`GET ${repo}/contents/{path}`, { path, ...(ref === undefined ? {} : { ref }) })
    // echo 'service: shop' | git hash-object --stdin
    const sha = 'c8febe54b4623b5e4c4fdb09f587ef03eb67ccde'
    expect(await read('deploy/rollout.yml', run.headSha)).toMatchObject({
      type: 'file',
      encoding: 'base64',
      content: Buffer.from('service: shop\n').toString('base64'),
      sha,
    })
    await expect(read('deploy/rollout.yml', 'f'.repeat(40))).rejects.toThrow('No commit found for the ref')
    await expect(read('../artifacts')).rejects.toMatchObject({ status: 404 })
    await expect(read('gone.yml')).rejects.toMatchObject({ status: 404 })
  })
})
