import { createServer } from 'node:http'
import { listenWhereItWas, type LoopbackServer } from '@deploy-actions/embedded-regions'

/** A webhook on the loopback that keeps what it is told, in order. */
export interface WebhookSink extends LoopbackServer {
  received: unknown[]
}

/** @param port where it was before */
export async function openWebhookSink(port?: number): Promise<WebhookSink> {
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
  return { ...(await listenWhereItWas(server, port)), received }
}
