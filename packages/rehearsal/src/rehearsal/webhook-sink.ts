import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A webhook on the loopback that keeps what it is told. */
export interface WebhookSink {
  url: string
  received: unknown[]
  close(): Promise<void>
}

export async function openWebhookSink(): Promise<WebhookSink> {
  const received: unknown[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      try {
        received.push(JSON.parse(body))
        response.writeHead(204).end()
      } catch {
        response.writeHead(400).end('the body is not JSON\n')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
