import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from '@jest/globals'

it('sends requests through the proxy of the environment, except to what NO_PROXY names', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, { HTTP_PROXY: origin, NO_PROXY: '127.0.0.1' })
  try {
    const { agentsFor, fetch } = await import('./http-transport')
    for (const url of ['http://app.test/healthz', `${origin}/metrics`])
      await (await fetch(url, { agent: agentsFor(undefined) })).text()
  } finally {
    delete process.env['HTTP_PROXY']
    delete process.env['NO_PROXY']
    server.close()
  }
  // A proxy is asked for the whole address (RFC 9112, 3.2.2), a server for the path.
  expect(asked).toEqual(['http://app.test/healthz', '/metrics'])
})
