import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createClock, type Clock } from './clock'
import type { ProviderError } from './errors'
import { Cancelled } from './errors'
import { createGitHub } from './github'
import { GRAPHQL } from './graphql'
import { patientGitHub } from './patient-github'

interface Answer {
  status: number
  body?: unknown
  /** instead of a body */
  text?: string
  headers?: Record<string, string>
}

const servers: Server[] = []
const run = { controller: new AbortController() }
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  run.controller = new AbortController()
})

/** A GitHub that answers so, one after the other; the last answer stays, and null is a cut connection. */
async function github(...answers: (Answer | null)[]) {
  const asked: string[] = []
  const slept: number[] = []
  const warnings: string[] = []
  const calls: { what: string; status: number | string }[] = []
  const server = createServer((request, response): void => {
    asked.push(`${request.method} ${request.url}`)
    const answer = answers[Math.min(asked.length, answers.length) - 1]
    if (!answer) {
      request.socket.destroy()
      return
    }
    response
      .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      .end(answer.text ?? JSON.stringify(answer.body ?? {}))
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  const client = createGitHub({
    token: 'ghs_1',
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    context: { owner: 'acme', repo: 'shop' },
    clock: sleepless(slept),
    signal: run.controller.signal,
    evidence: { call: ({ what, status }) => void calls.push({ what, status }) },
    log: { warning: (line) => void warnings.push(line) },
  })
  return { client, asked, calls, slept, warnings }
}

/** The clock of the wall, whose sleepers are noted and woken at once. */
function sleepless(slept: number[]): Clock {
  return {
    ...createClock(),
    async sleep(ms, signal) {
      signal.throwIfAborted()
      slept.push(ms)
    },
  }
}

const READ = 'GET /repos/{owner}/{repo}/deployments'
const WRITE = 'POST /repos/{owner}/{repo}/deployments'
const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as ProviderError,
  )

describe('an answer that is none of GitHub', () => {
  const page = { status: 200, text: '<html>a proxy in between</html>' }

  it('is asked for again', async () => {
    const { client, asked } = await github(page, { status: 200, body: [1] })
    expect(await client.request(READ)).toEqual([1])
    expect(asked).toHaveLength(2)
  })

  it('is said to be none, and no write is repeated for it', async () => {
    const { client, asked } = await github(page)
    expect(await failure(client.request(WRITE))).toMatchObject({
      message:
        'GitHub answered 200 to POST /repos/{owner}/{repo}/deployments, and not with JSON: "<html>a proxy in between</html>"',
      retryable: true,
      notCarriedOut: false,
    })
    expect(asked).toHaveLength(1)
  })
})

describe('with patience', () => {
  const HOUR = { status: 403, body: { message: 'API rate limit exceeded' } }
  it('a used-up quota is waited for until it comes back, and that is said', async () => {
    const reset = {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 1800),
    }
    const { client, slept, warnings } = await github(
      { ...HOUR, headers: reset },
      { status: 201, body: ['ok'] },
    )
    expect(await patientGitHub(client, 3_900_000).request(WRITE)).toEqual(['ok'])
    expect(slept[0]).toBeGreaterThan(1_700_000)
    expect(warnings).toEqual([
      expect.stringMatching(/^GitHub is waited for: .*403.*POST .* is tried again in (30m1s|30m|29m\d+s)$/),
    ])
  })

  it('it is not waited for by those who have less', async () => {
    const reset = {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 1800),
    }
    const { client, slept } = await github({ ...HOUR, headers: reset })
    expect(await failure(client.request(READ))).toMatchObject({ status: 403 })
    expect(await failure(patientGitHub(client, 600_000).list(READ))).toMatchObject({ status: 403 })
    expect(slept).toEqual([])
  })

  it('another limit is waited for by the minute that GitHub asks for', async () => {
    const limit = { status: 403, body: { message: 'You have exceeded a secondary rate limit' } }
    const { client, slept } = await github(limit, { status: 200, body: ['ok'] })
    expect(await client.request(READ)).toEqual(['ok'])
    expect(slept).toEqual([60_000])
  })

  it('an outage is ridden out, however many tries it takes', async () => {
    const { client, asked, warnings } = await github(...Array<Answer>(30).fill({ status: 503 }), {
      status: 200,
      body: [],
    })
    expect(await patientGitHub(client, 3_000_000).list(READ)).toEqual([])
    expect(asked).toHaveLength(31)
    expect(warnings).toEqual([expect.stringContaining('GitHub answered 503')])
  })
})

describe('a query of GraphQL', () => {
  const asked = {
    query: 'query ($name: String!) { repository(name: $name) { id } }',
    variables: { name: 'n' },
  }
  const refused = (type: string, message: string): Answer => ({
    status: 200,
    body: { data: null, errors: [{ type, message }] },
  })

  it('gives its data, and is in the evidence', async () => {
    const { client, asked: routes, calls } = await github({ status: 200, body: { data: { id: 'R_1' } } })
    expect(await client.request(GRAPHQL, asked)).toEqual({ id: 'R_1' })
    expect(routes).toEqual(['POST /graphql'])
    expect(calls).toEqual([{ what: GRAPHQL, status: 200 }])
  })

  it('is repeated as what it is, something that only reads', async () => {
    const { client, asked: routes } = await github({ status: 502 }, null, { status: 200, body: { data: 1 } })
    expect(await client.request(GRAPHQL, asked)).toBe(1)
    expect(routes).toHaveLength(3)
  })

  it('waits where no question of the hour is left, which is said with 200', async () => {
    const limited = refused('RATE_LIMITED', 'API rate limit exceeded for installation.')
    const { client, slept } = await github(limited, { status: 200, body: { data: 1 } })
    expect(await client.request(GRAPHQL, asked)).toBe(1)
    expect(slept).toEqual([60_000])
  })

  it.each([
    ['FORBIDDEN', 403, /lacks `deployments: read`; add it/],
    ['NOT_FOUND', 404, /^GitHub answered 404 to POST \/graphql: no$/],
    ['undefinedField', 422, /^GitHub answered 422 to POST \/graphql: no$/],
  ])('that is refused as %s is refused as REST would', async (type, status, message) => {
    const { client, asked: routes, calls } = await github(refused(type, 'no'))
    const error = await failure(client.request(GRAPHQL, asked, { permission: 'deployments: read' }))
    expect(error).toMatchObject({ status, retryable: false, message: expect.stringMatching(message) })
    expect(routes).toHaveLength(1)
    expect(calls).toEqual([{ what: GRAPHQL, status }])
  })
})

describe('a request', () => {
  it('has owner and repo filled in, and is in the evidence', async () => {
    const { client, asked, calls } = await github({ status: 200, body: [{ id: 1 }] })
    expect(await client.request(READ, { environment: 'eu' })).toEqual([{ id: 1 }])
    expect(asked).toEqual(['GET /repos/acme/shop/deployments?environment=eu'])
    expect(calls).toEqual([{ what: READ, status: 200 }])
  })

  it.each<[string, Answer | null]>([
    ['a 500', { status: 500 }],
    ['a 429', { status: 429 }],
    ['the rate limit', { status: 403, body: { message: 'You have exceeded a secondary rate limit' } }],
    ['a cut connection', null],
  ])('that only reads is repeated after %s', async (_, answer) => {
    const { client, asked } = await github(answer, answer, { status: 200, body: ['ok'] })
    expect(await client.request(READ)).toEqual(['ok'])
    expect(asked).toHaveLength(3)
  })

  it('is repeated three times at most', async () => {
    const { client, asked } = await github({ status: 502 })
    expect(await failure(client.request(READ))).toMatchObject({ status: 502, retryable: true })
    expect(asked).toHaveLength(4)
  })

  it.each<[string, Answer | null]>([
    ['a 500', { status: 500 }],
    ['a cut connection', null],
  ])('that writes is not repeated after %s: it may have been done', async (_, answer) => {
    const { client, asked } = await github(answer, { status: 201 })
    expect(await failure(client.request(WRITE))).toMatchObject({ retryable: true, notCarriedOut: false })
    expect(asked).toHaveLength(1)
  })

  it.each<[string, Answer]>([
    ['a 429', { status: 429 }],
    ['the rate limit', { status: 403, body: { message: 'API rate limit exceeded' } }],
  ])('that writes is repeated after %s: it was turned away', async (_, answer) => {
    const { client, asked } = await github(answer, { status: 201, body: ['ok'] })
    expect(await client.request(WRITE)).toEqual(['ok'])
    expect(asked).toHaveLength(2)
  })

  it('that writes is repeated where nobody listens: it was not sent', async () => {
    const { client, calls } = await github({ status: 201 })
    servers[0]!.close()
    await new Promise((resolve) => servers[0]!.once('close', resolve))
    expect(await failure(client.request(WRITE))).toMatchObject({ status: undefined, notCarriedOut: true })
    expect(calls).toHaveLength(4)
  })

  it.each([429, 503])('waits as long as a %d asks it to', async (status) => {
    const { client, slept } = await github({ status, headers: { 'retry-after': '60' } }, { status: 200 })
    await client.request(READ)
    expect(slept).toEqual([60_000])
  })

  it.each<[string, Record<string, string>]>([
    ['asks for an hour', { 'retry-after': '3600' }],
    [
      'has no calls left for an hour',
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.round(Date.now() / 1000) + 3600) },
    ],
  ])('is given up at once where GitHub %s', async (_, headers) => {
    const { client, asked } = await github({
      status: 403,
      body: { message: 'API rate limit exceeded' },
      headers,
    })
    expect(await failure(client.request(READ))).toMatchObject({ status: 403 })
    expect(asked).toHaveLength(1)
  })

  it.each<[string, Record<string, string>]>([
    ['calls left', { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': '4102444800' }],
    ['no time named', { 'x-ratelimit-remaining': '0' }],
    ['a time that is over', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1000000000' }],
  ])('backs off by itself after a 429 with %s', async (_, headers) => {
    const { client, asked } = await github({ status: 429, headers }, { status: 200, body: ['ok'] })
    expect(await client.request(READ)).toEqual(['ok'])
    expect(asked).toHaveLength(2)
  })

  it('ends with the run, before and during a call', async () => {
    const { client, asked } = await github({ status: 500 })
    const during = client.request(WRITE)
    run.controller.abort(new Cancelled('the run was cancelled'))
    expect(await failure(during)).toBeInstanceOf(Cancelled)
    const before = asked.length
    expect(await failure(client.request(READ))).toBeInstanceOf(Cancelled)
    expect(asked).toHaveLength(before)
  })
})

describe('what went wrong', () => {
  it.each<[string, Answer, string | undefined, string]>([
    [
      'a missing permission',
      { status: 403, body: { message: 'Resource not accessible by integration' } },
      'deployments: write',
      `GitHub refused ${WRITE} (403: Resource not accessible by integration): the token lacks \`deployments: write\`; add it to the job's permissions and to those of every calling job`,
    ],
    [
      'a 403 of which nobody knows the permission',
      { status: 403, body: { message: 'Forbidden' } },
      undefined,
      `GitHub answered 403 to ${WRITE}: Forbidden`,
    ],
    [
      'a rate limit, which is not about permissions',
      { status: 403, body: { message: 'API rate limit exceeded' } },
      'deployments: write',
      `GitHub answered 403 to ${WRITE}: API rate limit exceeded`,
    ],
    [
      'a validation error',
      { status: 422, body: { message: 'Validation Failed' } },
      'deployments: write',
      `GitHub answered 422 to ${WRITE}: Validation Failed`,
    ],
  ])('is told: %s', async (_, answer, permission, message) => {
    const { client } = await github({ ...answer, headers: { 'x-github-request-id': 'ABC:1' } })
    const error = await failure(client.request(WRITE, {}, permission === undefined ? {} : { permission }))
    expect(error).toMatchObject({ message, provider: 'GitHub', status: answer.status, requestId: 'ABC:1' })
  })

  it('is told of a GitHub that cannot be reached', async () => {
    const { client, calls } = await github(null)
    const error = await failure(client.request(WRITE))
    expect(error).toMatchObject({
      message: expect.stringMatching(/^GitHub could not be reached for POST/),
      status: undefined,
      requestId: undefined,
      retryable: true,
    })
    expect(calls).toMatchObject([{ what: WRITE, status: expect.any(String) }])
  })
})

describe('a list', () => {
  const page = (from: number, count: number): Answer => ({
    status: 200,
    body: Array.from({ length: count }, (_, index) => from + index),
  })

  it('is read until a page is not full', async () => {
    const { client, asked } = await github(page(0, 100), page(100, 100), page(200, 5))
    expect(await client.list(READ)).toEqual(Array.from({ length: 205 }, (_, index) => index))
    expect(asked.map((line) => line.split('?')[1])).toEqual([
      'per_page=100&page=1',
      'per_page=100&page=2',
      'per_page=100&page=3',
    ])
  })

  it('is read up to its limit', async () => {
    const { client, asked } = await github(page(0, 100), page(100, 100))
    expect(await client.list(READ, {}, { limit: 150 })).toHaveLength(150)
    expect(asked).toHaveLength(2)
    const small = await github(page(0, 20))
    expect(await small.client.list(READ, {}, { limit: 20 })).toHaveLength(20)
    expect(small.asked).toEqual(['GET /repos/acme/shop/deployments?per_page=20&page=1'])
  })

  it('is found under its name in the answer, where it has one', async () => {
    const { client } = await github({ status: 200, body: { total_count: 1, jobs: [{ id: 9 }] } })
    expect(await client.list(READ, {}, { pick: 'jobs' })).toEqual([{ id: 9 }])
    expect(await client.list(READ, {}, { pick: 'runs', permission: 'actions: read' })).toEqual([])
    expect(await client.list(READ)).toEqual([])
  })
})
