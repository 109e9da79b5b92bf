import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { createServer, type Socket } from 'node:net'
import {
  Backend,
  listenOnLoopback,
  type LoopbackServer,
  RegionProxy,
  RuntimeApi,
} from '@deploy-actions/embedded-regions'
import { giveUp, type GivingUp } from '../../packages/embedded-regions/src/giving-up.fixture'
import { scrape, scrapeUntil } from '../../packages/embedded-regions/src/metrics-text.fixture'
import {
  askRuntime,
  commandCases,
  compared,
  resetCommand,
  stateCases,
  unprivilegedCases,
} from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'

// The real HAProxy and the embedded one, in front of the same two apps, asked the same.

const serverTimeoutMs = 300

/** A proxy under comparison. */
interface Subject {
  http: string
  metrics: string
  ports: { admin: number; operator: number; user: number }
}

let haproxy: RealHaproxy
let blue: LoopbackServer
/** What server green does with a connection just now; `undefined` means that it refuses. */
let green: LoopbackServer | undefined
let greenPort: number
let real: Subject
let embedded: Subject
const parts: { close(): Promise<void> }[] = []

const answering = () => createHttpServer((_, response) => response.end('ok'))

beforeAll(async () => {
  blue = await listenOnLoopback(answering())
  green = await listenOnLoopback(answering())
  greenPort = green.port
  embedded = await startEmbedded()
  haproxy = await startRealHaproxy({ blue: blue.port, green: greenPort }, serverTimeoutMs, {
    defaults: ['option abortonclose'],
  })
  real = haproxy
}, 30_000)

afterAll(async () => {
  await Promise.all([haproxy, blue, green, ...parts].map((part) => part?.close()))
})

async function startEmbedded(): Promise<Subject> {
  const backend = new Backend([
    { name: 'blue', port: blue.port, initialWeight: 100 },
    { name: 'green', port: greenPort, initialWeight: 0 },
  ])
  const proxy = await RegionProxy.open(backend, serverTimeoutMs)
  const [admin, operator, user] = await Promise.all([
    RuntimeApi.open(backend, 'admin'),
    RuntimeApi.open(backend, 'operator'),
    RuntimeApi.open(backend, 'user'),
  ])
  parts.push(proxy, admin, operator, user)
  return {
    http: proxy.url,
    metrics: proxy.metricsUrl,
    ports: { admin: admin.port, operator: operator.port, user: user.port },
  }
}

const both = async <T>(ask: (subject: Subject) => Promise<T>) => {
  const [fromReal, fromEmbedded] = [await ask(real), await ask(embedded)]
  return { real: fromReal, embedded: fromEmbedded }
}

const command = (subject: Subject, line: string) => askRuntime(subject.ports.admin, line)

/** One request on a connection of its own: a kept one may be cut under the client's hands, by design. */
const get = async (subject: Subject) => {
  const response = await fetch(subject.http, { headers: { connection: 'close' } })
  const headers = ['content-type', 'content-length', 'cache-control'].map((name) =>
    response.headers.get(name),
  )
  return { status: response.status, headers, body: await response.text() }
}

/** Replaces what listens behind server green. */
async function setGreen(server: Parameters<typeof listenOnLoopback>[0] | undefined): Promise<void> {
  await green?.close()
  green = server === undefined ? undefined : await listenOnLoopback(server, greenPort)
}

// First, while nothing else has been counted: the metrics.
describe('metrics after the same requests', () => {
  /** Every sample the embedded page has; the real one has many more. */
  const compareSamples = async () => {
    const pages = await both((subject) => scrape(subject.metrics))
    const names = Object.keys(pages.embedded)
    expect(names.length).toBeGreaterThan(40)
    expect(Object.fromEntries(names.map((name) => [name, pages.real[name]]))).toEqual(pages.embedded)
    return pages.embedded
  }
  const requests = async (count: number) => {
    for (let n = 0; n < count; n += 1) await both(get)
  }
  const label = 'proxy="app",server="green"'

  it('agree at rest and after 9 requests to one server and 5 to the other', async () => {
    await compareSamples()
    await requests(9)
    await both((subject) => command(subject, 'set server app/blue weight 0;set server app/green weight 10'))
    await requests(5)
    const samples = await compareSamples()
    expect(samples[`haproxy_server_http_responses_total{${label},code="2xx"}`]).toBe('5')
  })

  it('agree in drain and maintenance', async () => {
    for (const state of ['drain', 'maint', 'ready']) {
      await both((subject) => command(subject, `set server app/green state ${state}`))
      await compareSamples()
    }
  })

  it('agree on the blind spot: a server that refuses', async () => {
    await setGreen(undefined)
    const answers = await both(get)
    expect(answers.embedded).toEqual(answers.real)
    expect(answers.real.status).toBe(503)
    await requests(4)
    const samples = await compareSamples()
    expect(samples[`haproxy_server_connection_errors_total{${label}}`]).toBe('5')
    expect(samples[`haproxy_server_http_responses_total{${label},code="5xx"}`]).toBe('0')
    expect(samples['haproxy_backend_http_responses_total{proxy="app",code="5xx"}']).toBe('5')
  })

  it.each([
    [502, 'closes', (socket: Socket) => void socket.once('data', () => socket.end())],
    [502, 'resets', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
    [504, 'hangs', (socket: Socket) => void socket.resume()],
  ])('agree on the %d of a server that %s', async (status, _, behave) => {
    await setGreen(createServer((socket) => behave(socket.on('error', () => socket.destroy()))))
    const answers = await both(get)
    expect(answers.embedded).toEqual(answers.real)
    expect(answers.real.status).toBe(status)
    await compareSamples()
  })

  it.each([
    ['hangs up', () => undefined],
    ['resets', () => undefined],
    ['hangs up within its request', () => undefined],
    ['hangs up within the answer', (answer: ServerResponse) => void answer.write('part')],
  ] as [GivingUp, (answer: ServerResponse) => void][])('agree on a client that %s', async (how, behave) => {
    const app = createHttpServer((_, answer) => behave(answer))
    await setGreen(app)
    const aborts = `haproxy_server_client_aborts_total{${label}}`
    await both(async (subject) => {
      const before = Number((await scrape(subject.metrics))[aborts])
      await giveUp(Number(new URL(subject.http).port), app, how)
      const after = await scrapeUntil(subject.metrics, (samples) => Number(samples[aborts]) > before)
      expect(Number(after[aborts])).toBe(before + 1)
    })
    await compareSamples()
  })

  it('agree on an answer that its server cuts', async () => {
    await setGreen(
      createHttpServer((_, answer) => {
        answer.writeHead(200, { 'content-length': 1000 }).write('part', () => answer.destroy())
      }),
    )
    await both((subject) => expect(get(subject)).rejects.toThrow())
    await compareSamples()
  })

  it('agree when no server has a weight', async () => {
    await setGreen(answering())
    await both((subject) => command(subject, 'set server app/green weight 0'))
    const answers = await both(get)
    expect(answers.embedded).toEqual(answers.real)
    await compareSamples()
  })

  it('agree on every column of `show stat` that the embedded proxy fills', async () => {
    for (const line of ['show stat app 6 -1', 'show stat app 4 2', 'show stat app 2 -1']) {
      const tables = await both(async (subject) => rowsOf(await command(subject, line)))
      expect(tables.embedded.length).toBeGreaterThan(0)
      expect(tables.real).toHaveLength(tables.embedded.length)
      for (const [index, row] of tables.embedded.entries()) {
        const filled = Object.keys(row).filter((column) => row[column] !== '' && column !== 'lastchg')
        const told = Object.fromEntries(filled.map((column) => [column, tables.real[index]?.[column]]))
        expect(told).toEqual(Object.fromEntries(filled.map((column) => [column, row[column]])))
      }
    }
  })
})

describe('shares', () => {
  it('of 90 and 10 are kept over 100 requests, give or take where a round begins', async () => {
    await both((subject) => command(subject, 'set server app/blue weight 90;set server app/green weight 10'))
    const counter = 'haproxy_server_http_responses_total{proxy="app",server="green",code="2xx"}'
    const count = () => both(async (subject) => Number((await scrape(subject.metrics))[counter]))
    const before = await count()
    for (let n = 0; n < 100; n += 1) await both(get)
    const after = await count()
    expect(after.embedded - before.embedded).toBe(10)
    expect(Math.abs(after.real - before.real - 10)).toBeLessThanOrEqual(1)
  })
})

describe('replies', () => {
  it.each(commandCases)('$command', async (known) => {
    await both((subject) => command(subject, resetCommand))
    const replies = await both(async (subject) => compared(await command(subject, known.command), known))
    expect(replies).toEqual({ real: known.reply, embedded: known.reply })
  })

  it.each(['operator', 'user'] as const)('level %s', async (level) => {
    await both((subject) => command(subject, resetCommand))
    for (const known of unprivilegedCases) {
      const replies = await both((subject) => askRuntime(subject.ports[level], known.command))
      expect(replies).toEqual({ real: known.reply, embedded: known.reply })
    }
  })

  it.each(stateCases)('show servers state after $change', async ({ change }) => {
    await both((subject) => command(subject, `${resetCommand};${change}`))
    const tables = await both(async (subject) =>
      withoutTimes(await command(subject, 'show servers state app')),
    )
    expect(tables.embedded).toBe(tables.real)
  })
})

/** The rows of a `show stat` table by column name. */
function rowsOf(table: string): Record<string, string>[] {
  const [header, ...rows] = table.trimEnd().split('\n')
  const columns = header?.slice(2).split(',') ?? []
  return rows.map((row) => {
    const values = row.split(',')
    return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? '']))
  })
}

/** A state table without `srv_time_since_last_change`, the tenth field. */
function withoutTimes(table: string): string {
  return table.replace(/^((?:\S+ ){9})\d+ /gm, '$1T ')
}
