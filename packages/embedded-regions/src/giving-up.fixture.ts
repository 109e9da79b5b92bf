import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:net'

/** How a client gives a request up. */
export type GivingUp = 'hangs up' | 'resets' | 'hangs up within its request' | 'hangs up within the answer'

const WHOLE = 'GET / HTTP/1.1\r\nHost: app\r\n\r\n'
const PART = 'POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1000\r\n\r\npart'

/** Asks the proxy at a port, and gives up once the app behind it has been asked or has begun to answer. */
export async function giveUp(port: number, app: Server, how: GivingUp): Promise<void> {
  const client = connect({ port, host: '127.0.0.1' })
  const asked = once(app, 'request')
  client.write(how === 'hangs up within its request' ? PART : WHOLE)
  await (how === 'hangs up within the answer' ? once(client, 'data') : asked)
  if (how === 'resets') client.resetAndDestroy()
  else client.destroy()
}
