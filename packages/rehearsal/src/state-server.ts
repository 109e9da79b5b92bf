import { createServer, type IncomingMessage } from 'node:http'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'

/** A backend of the type http, with locks. https://developer.hashicorp.com/terraform/language/backend/http */
export interface StateServer {
  /** for `address`, `lock_address` and `unlock_address`, each with a name behind it */
  address: string
  /** of each name, such as `/eu-west`, the last state that was saved */
  states: Map<string, string>
  locks: Map<string, string>
  /** so many of the next writes of a state are answered with 500 */
  refuse(writes: number): void
  /** how often somebody was told that the state is locked */
  turnedAway(): number
  close(): Promise<void>
}

export async function openStateServer(): Promise<StateServer> {
  const states = new Map<string, string>()
  const locks = new Map<string, string>()
  let refused = 0
  let turnedAway = 0
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const name = request.url?.split('?')[0] ?? ''
      const held = locks.get(name)
      const end = (status: number, text = ''): void => void response.writeHead(status).end(text)
      if (request.method === 'LOCK') {
        if (held !== undefined) {
          turnedAway += 1
          return end(423, held)
        }
        locks.set(name, body)
        return end(200)
      }
      if (request.method === 'UNLOCK') {
        locks.delete(name)
        return end(200)
      }
      if (request.method === 'GET') return states.has(name) ? end(200, states.get(name)) : end(404)
      if (refused > 0) {
        refused -= 1
        return end(500)
      }
      states.set(name, body)
      end(200)
    })
  })
  const { port, close } = await listenOnLoopback(server)
  return {
    address: `http://127.0.0.1:${port}`,
    ...{ states, locks, close },
    turnedAway: () => turnedAway,
    refuse: (writes) => void (refused = writes),
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const piece of request) body += String(piece)
  return body
}
