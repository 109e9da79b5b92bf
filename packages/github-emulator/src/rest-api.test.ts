import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { testGitHub, type TestGitHub } from './emulator.fixture'

let world: TestGitHub
beforeEach(async () => void (world = await testGitHub({ rateLimit: 5 })))
afterEach(() => world.close())

const answerOf = async (response: Response) => ({
  status: response.status,
  body: (await response.json()) as Record<string, unknown>,
})

describe('who may call', () => {
  it('knows no request without a token and no token of nobody', async () => {
    expect(await answerOf(await world.send(undefined, 'GET /deployments'))).toMatchObject({
      status: 401,
      body: { message: 'Bad credentials', status: '401' },
    })
    const { job } = world.begin({ deployments: 'read' })
    expect((await world.send({ ...job, token: 'ghs_else' }, 'GET /deployments')).status).toBe(401)
  })

  it('forgets a token when its job has ended', async () => {
    const { job } = world.begin({ deployments: 'read' })
    expect((await world.send(job, 'GET /deployments')).status).toBe(200)
    job.status = 'completed'
    expect((await world.send(job, 'GET /deployments')).status).toBe(401)
  })

  it('names the permission that is missing; write includes read', async () => {
    const reader = world.begin({ deployments: 'read' }).job
    const refused = await world.send(reader, 'POST /deployments', { ref: 'main' })
    expect(refused.headers.get('x-accepted-github-permissions')).toBe('deployments=write')
    expect(await answerOf(refused)).toMatchObject({
      status: 403,
      body: { message: 'Resource not accessible by integration' },
    })
    expect((await world.send(world.begin({ deployments: 'write' }).job, 'GET /deployments')).status).toBe(200)
    expect((await world.send(world.begin({}).job, 'GET /deployments')).status).toBe(403)
  })

  it('leads our client to the missing permission', async () => {
    const client = world.client(world.begin({ contents: 'read' }).job)
    await expect(
      client.request('GET /repos/{owner}/{repo}/deployments', {}, { permission: 'deployments: read' }),
    ).rejects.toThrow('the token lacks `deployments: read`')
  })
})

describe('what is there', () => {
  it('hides other repositories and knows no other routes', async () => {
    const { job } = world.begin({ deployments: 'read' })
    const elsewhere = await fetch(`${world.github.url}/repos/acme/other/deployments`, {
      headers: { authorization: `token ${job.token}` },
    })
    expect(await answerOf(elsewhere)).toMatchObject({ status: 404, body: { message: 'Not Found' } })
    expect((await world.send(job, 'GET /hooks')).status).toBe(404)
    expect((await world.send(job, 'DELETE /deployments')).status).toBe(404)
  })

  it('refuses query names and page sizes that GitHub would silently ignore', async () => {
    const { job } = world.begin({ deployments: 'read' })
    expect(await answerOf(await world.send(job, 'GET /deployments?enviroment=eu'))).toMatchObject({
      status: 422,
      body: { message: 'Invalid request.\n\n"enviroment" is not a permitted key.', status: '422' },
    })
    expect((await world.send(job, 'GET /deployments?per_page=101')).status).toBe(422)
  })

  it('counts calls and ends them at the limit, until the hour is over', async () => {
    await world.close()
    let now = new Date('2026-11-20T10:00:00Z')
    world = await testGitHub({ rateLimit: 2, now: () => now })
    const { job } = world.begin({ deployments: 'read' })
    const remaining = async () =>
      (await world.send(job, 'GET /deployments')).headers.get('x-ratelimit-remaining')
    expect([await remaining(), await remaining()]).toEqual(['1', '0'])
    const refused = await world.send(job, 'GET /deployments')
    expect(refused.headers.get('x-ratelimit-reset')).toBe(String(Date.parse('2026-11-20T11:00:00Z') / 1000))
    expect(await answerOf(refused)).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('rate limit') },
    })
    now = new Date('2026-11-20T11:00:00Z')
    expect(await remaining()).toBe('1')
  })
})

describe('faults', () => {
  const deployments = ({ path }: { path: string }) => path.endsWith('/deployments')

  it('strikes as often as asked, and is on record', async () => {
    const { job } = world.begin({ deployments: 'read' })
    world.github.fault({ match: deployments, then: '500', times: 2 })
    const statuses = [1, 2, 3].map(async () => (await world.send(job, 'GET /deployments')).status)
    expect((await Promise.all(statuses)).sort()).toEqual([200, 500, 500])
    expect(world.github.calls.map(({ fault }) => fault)).toEqual(['500', '500', undefined])
    expect(world.github.calls.at(-1)).toMatchObject({
      method: 'GET',
      path: '/repos/acme/shop/deployments',
      status: 200,
      job: job.id,
    })
  })

  it('cuts the connection before or after acting, and lies', async () => {
    const { job } = world.begin({ deployments: 'write' })
    const create = () =>
      world.send(job, 'POST /deployments', { ref: 'main', auto_merge: false, required_contexts: [] })
    world.github.fault({ match: deployments, then: 'refuse' })
    await expect(create()).rejects.toThrow('fetch failed')
    expect(world.github.deployments).toHaveLength(0)
    world.github.fault({ match: deployments, then: 'drop' })
    await expect(create()).rejects.toThrow('fetch failed')
    expect(world.github.deployments).toHaveLength(1)
    world.github.fault({ match: deployments, then: 'lie', answer: (truth) => ({ ...truth, body: [] }) })
    expect(await (await world.send(job, 'GET /deployments')).json()).toEqual([])
    world.github.fault({ match: deployments, then: 'slow', ms: 1 })
    expect(await (await world.send(job, 'GET /deployments')).json()).toHaveLength(1)
  })

  it('ends when it is taken back', async () => {
    const { job } = world.begin({ deployments: 'read' })
    world.github.fault({ match: deployments, then: '500', times: 9 })()
    expect((await world.send(job, 'GET /deployments')).status).toBe(200)
  })

  it('lets our client try a read again', async () => {
    const client = world.client(world.begin({ deployments: 'read' }).job)
    world.github.fault({ match: deployments, then: 'refuse' })
    world.github.fault({ match: deployments, then: '500' })
    expect(await client.request('GET /repos/{owner}/{repo}/deployments')).toEqual([])
    expect(world.github.calls.map(({ status }) => status)).toEqual([0, 500, 200])
  })
})

describe('how two commits lie to each other', () => {
  const [newest, older, oldest, other] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(40)) as [
    string,
    string,
    string,
    string,
  ]

  it('is told of branches and commits, and of none that is not there', async () => {
    await world.close()
    world = await testGitHub({
      branches: { main: newest, topic: other },
      history: { main: [older, oldest] },
    })
    const { job } = world.begin({ contents: 'read' })
    const statusOf = async (basehead: string): Promise<unknown> => {
      const { status, body } = await answerOf(
        await world.send(job, `GET /compare/${encodeURIComponent(basehead)}`),
      )
      return body['status'] ?? status
    }
    expect(await statusOf(`${older}...${older}`)).toBe('identical')
    expect(await statusOf(`${oldest}...${older}`)).toBe('ahead')
    expect(await statusOf(`refs/heads/main...${oldest}`)).toBe('behind')
    expect(await statusOf(`${older}...${other}`)).toBe('diverged')
    // GitHub says the status of its answer in a text, too.
    expect(await statusOf(`${older}...${'e'.repeat(40)}`)).toBe('404')
    expect(await statusOf('no-branch...main')).toBe('404')
  })
})
