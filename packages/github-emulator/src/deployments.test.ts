import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { GitHub } from '@deploy-actions/action-kit'
import type { JobView } from '@deploy-actions/workflow-engine'
import { mainSha, testGitHub, type TestGitHub } from './emulator.fixture'

let world: TestGitHub
let job: JobView
let client: GitHub
beforeEach(async () => {
  world = await testGitHub()
  job = world.begin({ deployments: 'write' }).job
  client = world.client(job)
})
afterEach(() => world.close())

interface Created {
  id: number
  sha: string
  payload: unknown
  environment: string
}
const minimal = { ref: 'main', auto_merge: false, required_contexts: [] }
const create = (given: Record<string, unknown> = {}) =>
  client.request<Created>('POST /repos/{owner}/{repo}/deployments', { ...minimal, ...given })
const mark = (id: number, given: Record<string, unknown>) =>
  client.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
    deployment_id: id,
    ...given,
  })
const statesOf = async (id: number) =>
  (
    await client.list<{ state: string }>('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
      deployment_id: id,
    })
  ).map(({ state }) => state)

const refusal = async (route: string, body: unknown) => {
  const response = await world.send(job, route, body)
  return { ...((await response.json()) as { message: string; errors?: unknown[] }), status: response.status }
}

describe('a deployment', () => {
  it('gets rising ids and the defaults of the manual, and keeps its payload as given', async () => {
    const first = await create({ payload: { weights: { blue: 10000 } } })
    const second = await create({
      payload: 'text',
      environment: 'production-eu-west',
      task: 'deploy-actions/shop',
    })
    expect(second.id).toBeGreaterThan(first.id)
    expect(first).toMatchObject({
      sha: mainSha,
      ref: 'main',
      task: 'deploy',
      environment: 'production',
      production_environment: true,
      payload: { weights: { blue: 10000 } },
    })
    expect(second).toMatchObject({
      payload: 'text',
      production_environment: false,
      transient_environment: false,
      created_at: '2026-11-20T10:00:00Z',
    })
  })

  it('takes a commit, a branch and a full ref, and no other', async () => {
    for (const ref of [mainSha, 'main', 'refs/heads/main'])
      expect(await create({ ref })).toMatchObject({ sha: mainSha })
    expect(await refusal('POST /deployments', { ...minimal, ref: 'gone' })).toMatchObject({
      status: 422,
      message: 'No ref found for: gone',
    })
  })

  it.each([
    [{ colour: 'red' }, 'Invalid request.\n\n"colour" is not a permitted key.'],
    [{ ref: undefined }, 'Invalid request.\n\n"ref" wasn\'t supplied.'],
    [{ auto_merge: 'no' }, `Invalid request.\n\nFor 'properties/auto_merge', "no" is not a boolean.`],
    [{ payload: 7 }, "Invalid request.\n\nFor 'properties/payload', 7 is not a permitted value."],
  ])('is refused with %j', async (change, message) => {
    expect(await refusal('POST /deployments', { ...minimal, ...change })).toMatchObject({
      status: 422,
      message,
    })
  })

  it.each([
    [{ auto_merge: undefined }, 'auto_merge'],
    [{ auto_merge: true }, 'auto_merge'],
    [{ required_contexts: undefined }, 'required_contexts'],
    [{ required_contexts: ['ci'] }, 'required_contexts'],
    [{ description: 'x'.repeat(141) }, 'description'],
    [{ environment: 'x'.repeat(256) }, 'environment'],
  ])('fails validation with %j', async (change, field) => {
    const failed = await refusal('POST /deployments', { ...minimal, ...change })
    expect(failed).toMatchObject({
      status: 422,
      message: 'Validation Failed',
      errors: [{ resource: 'Deployment', code: 'custom', field }],
    })
  })

  it('says what is wrong with JSON that is none', async () => {
    const response = await fetch(`${world.github.url}/repos/acme/shop/deployments`, {
      method: 'POST',
      headers: { authorization: `token ${job.token}` },
      body: '{',
    })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { message: 'Problems parsing JSON' },
    ])
  })

  it('is listed newest first, by any of its filters, page by page', async () => {
    for (let number = 0; number < 5; number++)
      await create({ environment: number % 2 ? 'eu' : 'us', task: `t${number}` })
    const list = async (query: Record<string, unknown>) =>
      (await client.request<{ task: string }[]>('GET /repos/{owner}/{repo}/deployments', query)).map(
        ({ task }) => task,
      )
    expect(await list({})).toEqual(['t4', 't3', 't2', 't1', 't0'])
    expect(await list({ environment: 'eu' })).toEqual(['t3', 't1'])
    expect(await list({ environment: 'eu', task: 't1', ref: 'main', sha: mainSha })).toEqual(['t1'])
    expect(await list({ environment: 'apac' })).toEqual([])
    expect(await list({ per_page: 2, page: 3 })).toEqual(['t0'])
    const { headers } = await world.send(job, 'GET /deployments?per_page=2&environment=us')
    const next = `<${world.github.url}/repos/acme/shop/deployments?per_page=2&environment=us&page=2>`
    expect(headers.get('link')).toBe(`${next}; rel="next", ${next}; rel="last"`)
  })
})

describe('a status', () => {
  it('is listed newest first and keeps 140 characters', async () => {
    const { id } = await create()
    expect(await statesOf(id)).toEqual([])
    await mark(id, {
      state: 'in_progress',
      description: 'x'.repeat(140),
      log_url: 'https://github.com/acme/shop/actions/runs/1',
    })
    await mark(id, { state: 'success' })
    expect(await statesOf(id)).toEqual(['success', 'in_progress'])
    expect(world.github.deployments[0]?.statuses[1]).toMatchObject({
      description: 'x'.repeat(140),
      logUrl: 'https://github.com/acme/shop/actions/runs/1',
    })
  })

  it.each([
    [
      { state: 'success', description: 'x'.repeat(141) },
      'description',
      'description is too long (maximum is 140 characters)',
    ],
    [{ state: 'done' }, 'state', 'state is not included in the list'],
    [{ state: 'success', log_url: 'ftp://x' }, 'log_url', 'log_url must use http(s) scheme'],
  ])('fails validation with %j', async (body, field, message) => {
    const { id } = await create()
    expect(await refusal(`POST /deployments/${id}/statuses`, body)).toMatchObject({
      status: 422,
      message: 'Validation Failed',
      errors: [{ resource: 'DeploymentStatus', code: 'custom', field, message }],
    })
  })

  it('belongs to a deployment that exists', async () => {
    expect((await world.send(job, 'GET /deployments/1/statuses')).status).toBe(404)
    expect((await world.send(job, 'POST /deployments/1/statuses', { state: 'success' })).status).toBe(404)
  })

  it('of success makes successful earlier ones of its environment inactive, unless told not to', async () => {
    const succeed = async (given: Record<string, unknown>) => {
      const { id } = await create(given)
      await mark(id, { state: 'success', auto_inactive: false })
      return id
    }
    const earlier = await succeed({ environment: 'eu' })
    const elsewhere = await succeed({ environment: 'us' })
    const transient = await succeed({ environment: 'eu', transient_environment: true })
    const production = await succeed({ environment: 'eu', production_environment: true })
    const failed = (await create({ environment: 'eu' })).id
    await mark(failed, { state: 'failure' })
    const newer = await succeed({ environment: 'eu' })
    expect(await statesOf(earlier)).toEqual(['success'])

    await mark(newer, { state: 'success' })
    expect(await statesOf(earlier)).toEqual(['inactive', 'success'])
    expect(await statesOf(newer)).toEqual(['success', 'success'])
    for (const id of [elsewhere, transient, production]) expect(await statesOf(id)).toEqual(['success'])
    expect(await statesOf(failed)).toEqual(['failure'])
  })

  it('keeps a deployment that is active from being deleted, unless it is the only one of its environment', async () => {
    const { id } = await create({ environment: 'eu' })
    await mark(id, { state: 'success' })
    const other = (await create({ environment: 'eu' })).id
    expect(await refusal(`DELETE /deployments/${id}`, undefined)).toMatchObject({
      status: 422,
      message:
        'We cannot delete an active deployment unless it is the only deployment in a given environment.',
    })
    expect((await world.send(job, `DELETE /deployments/${other}`)).status).toBe(204)
    expect((await world.send(job, `DELETE /deployments/${id}`)).status).toBe(204)
    expect((await world.send(job, `DELETE /deployments/${id}`)).status).toBe(404)
    expect(world.github.deployments).toEqual([])
  })

  it('may move a deployment to another environment', async () => {
    const { id } = await create({ environment: 'eu' })
    await mark(id, { state: 'success', environment: 'us' })
    await mark(id, { state: 'failure' })
    expect(await client.request('GET /repos/{owner}/{repo}/deployments/{id}', { id })).toMatchObject({
      environment: 'us',
      original_environment: 'eu',
    })
    expect(world.github.deployments[0]?.statuses.map(({ environment }) => environment)).toEqual(['us', 'us'])
  })
})
