import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createClock } from './clock'
import { lookingGitHub } from './terminal-github'

let server: Server
let asked: string[]
let calls: number
beforeEach(async () => {
  asked = []
  calls = 0
  server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    response.writeHead(request.url?.endsWith('/denied') ? 403 : 200, { 'content-type': 'application/json' })
    response.end('{"message":"Resource not accessible by integration"}')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
})
afterEach(() => new Promise((closed) => server.close(closed)))

const looking = () =>
  lookingGitHub(
    {
      ...{ owner: 'acme', repo: 'shop', token: 't' },
      apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    },
    {
      clock: createClock({ speed: 1, epoch: Date.now() }),
      signal: new AbortController().signal,
      log: { warning: () => {} },
    },
    () => calls++,
  )

describe('GitHub as it is looked at from a terminal', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is sent no %s', async (method) => {
    await expect(looking().request(`${method} /repos/{owner}/{repo}/deployments`)).rejects.toThrow(
      /is not sent: this only looks, and changes nothing/,
    )
    expect(asked).toEqual([])
  })

  it('is asked once for a thing, which is counted', async () => {
    const github = looking()
    for (const _ of [1, 2]) await github.request('GET /repos/{owner}/{repo}')
    expect({ asked, calls }).toEqual({ asked: ['GET /repos/acme/shop'], calls: 1 })
  })

  it('says what the token lacks, and speaks of no job', async () => {
    await expect(
      looking().request('GET /repos/{owner}/{repo}/denied', {}, { permission: 'secrets: read' }),
    ).rejects.toThrow(/the token lacks `secrets: read`; use a token that has it$/)
  })
})
