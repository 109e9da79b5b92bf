import { createServer, type Server } from 'node:http'
import { connect } from 'node:http2'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { afterEach, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'
import { parseExposition, parseSelector } from '@deploy-actions/metrics'
import { giveUp } from '../../packages/embedded-regions/src/giving-up.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'
import { setTimeout as sleep } from 'node:timers/promises'

// Clients that do not wait for HAProxy's `timeout server`, before a release that hangs.

const REQUESTS = 10
const parts: { close(): Promise<void> }[] = []
afterEach(() => Promise.all(parts.splice(0).map((part) => part.close())))

type Query = 'requests' | 'errors'

/** The queries of the caller that people copy, for the arm blue. */
async function published(): Promise<Record<Query, string[]>> {
  const text = await readFile('workflows-templates/callers/canary-step.yml', 'utf8')
  const caller = parse(text) as { jobs: { deploy: { steps: { with: { metrics: string } }[] } } }
  const metrics = parse(caller.jobs.deploy.steps[0]?.with.metrics ?? '') as Record<Query, { sum: string[] }>
  const ofBlue = (query: Query): string[] => metrics[query].sum.map((text) => text.replace('${arm}', 'blue'))
  return { requests: ofBlue('requests'), errors: ofBlue('errors') }
}

/** What a query says of a page. */
function answer(selectors: string[], page: string): number {
  const series = parseExposition(page)
  return selectors.reduce((sum, text) => {
    const { name, labels } = parseSelector(text)!
    const found = series.filter(
      (one) =>
        one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    )
    return found.reduce((total, { value }) => total + value, sum)
  }, 0)
}

async function resetStreams(haproxy: RealHaproxy, app: Server): Promise<void> {
  const session = connect(haproxy.http)
  for (let n = 0; n < REQUESTS; n++) {
    const asked = once(app, 'request')
    const stream = session.request({ ':path': '/' }, { endStream: true }).on('error', () => undefined)
    await asked
    stream.close(8) // CANCEL, as a browser that leaves the page
  }
  session.close()
}

async function hangUp(haproxy: RealHaproxy, app: Server): Promise<void> {
  for (let n = 0; n < REQUESTS; n++) await giveUp(haproxy.port, app, 'hangs up')
}

it.each([
  ['with `option abortonclose`', ['option abortonclose'], hangUp],
  ['by HTTP/2', [], resetStreams],
])('requests given up %s are errors of the arm by the published queries', async (_, defaults, ask) => {
  const app = createServer(() => undefined)
  const { port, close } = await listenOnLoopback(app)
  const haproxy = await startRealHaproxy({ blue: port, green: port }, 30_000, { defaults })
  parts.push({ close }, haproxy)
  await ask(haproxy, app)
  const queries = await published()
  const count = async () => {
    const page = await (await fetch(haproxy.metrics)).text()
    return { requests: answer(queries.requests, page), errors: answer(queries.errors, page) }
  }
  // HAProxy counts the last one a moment later.
  for (let tries = 0; tries < 100 && (await count()).errors < REQUESTS; tries++) await sleep(50)
  expect(await count()).toEqual({ requests: REQUESTS, errors: REQUESTS })
})
