import { Agent, createServer, request } from 'node:http'
import { afterEach, expect, it } from '@jest/globals'
import { createClock } from '@deploy-actions/action-kit'
import { listenOnLoopback, seededRandom } from '@deploy-actions/embedded-regions'
import { createFakePorts } from '@deploy-actions/testing'
import { restoreWeights, routers, shift } from '@deploy-actions/traffic'
import { startRealHaproxy } from './real-haproxy'

// What clients see of fifty shifts and a restore, before the real HAProxy: nothing.

const SHIFTS = 50
const CLIENTS = 20
const ANSWER_MS = 5
const BLUE = { blue: 10_000, green: 0 }

let parts: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(parts.map((part) => part.close()))
  parts = []
})

/** One request after another until it is over; what is no whole answer of an arm is told. */
async function visit(port: number, agent: Agent, isOver: () => boolean): Promise<Seen> {
  const seen: Seen = { answers: {}, lost: [] }
  while (!isOver()) {
    const answer = await ask(port, agent).catch((error: Error) => error)
    if (answer instanceof Error) seen.lost.push(answer.message)
    else seen.answers[answer] = (seen.answers[answer] ?? 0) + 1
  }
  return seen
}
interface Seen {
  answers: Record<string, number>
  lost: string[]
}

function ask(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('error', reject)
      response.on('end', () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`answered ${response.statusCode}`)),
      )
    })
      .on('error', reject)
      .end()
  })
}

it.each([
  ['connections that live on', true],
  ['a connection for each request', false],
])('no request is lost over fifty shifts and a restore, with %s', async (_, keepAlive) => {
  const app = (name: string) =>
    listenOnLoopback(createServer((__, response) => void setTimeout(() => response.end(name), ANSWER_MS)))
  const [blue, green] = [await app('blue'), await app('green')]
  const haproxy = await startRealHaproxy({ blue: blue.port, green: green.port }, 300, {
    options: 'check inter 50ms fall 2 rise 2',
  })
  parts = [haproxy, blue, green]
  const configured = await routers.configure({ type: 'haproxy', port: haproxy.ports.admin, backend: 'app' })
  const router = configured.open(createFakePorts({ real: true }), ['blue', 'green'])
  const ports = { clock: createClock(), signal: new AbortController().signal }
  const agent = new Agent({ keepAlive })
  let over = false
  const { port } = new URL(haproxy.http)
  const clients = Array.from({ length: CLIENTS }, () => visit(Number(port), agent, () => over))

  // All of it and none of it come often: there an arm is parked and made ready again.
  const random = seededRandom(50)
  const steps = [0, 1_000, 2_500, 5_000, 7_500, 10_000]
  let last = 10_000
  for (let count = 0; count < SHIFTS; count++) {
    const others = steps.filter((weight) => weight !== last)
    last = others[Math.floor(random() * others.length)] ?? 0
    const wanted = { blue: last, green: 10_000 - last }
    const { weights } = await shift(router, wanted, await router.read(ports.signal), ports, {
      ...{ timeoutMs: 10_000, settleMs: 0, pollMs: 10 },
    })
    expect(weights).toEqual(wanted)
  }
  expect(await restoreWeights(router, BLUE, ports, { withinMs: 10_000 })).toMatchObject({ weights: BLUE })
  over = true
  const seen = await Promise.all(clients)
  agent.destroy()
  const answers = (arm: string): number => seen.reduce((sum, one) => sum + (one.answers[arm] ?? 0), 0)
  expect(seen.flatMap(({ lost }) => lost)).toEqual([])
  // Both have served: otherwise there was nothing to lose.
  for (const arm of ['blue', 'green']) expect(answers(arm)).toBeGreaterThan(100)
})
