import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import type { App } from './app'
import { listenWhereItWas, LOOPBACK, type LoopbackServer } from './loopback-server'
import { armRelease } from './world-plan'

/** Larger than any release; what is longer is refused unread. */
const MAXIMAL_BODY_BYTES = 10_000

/**
 * The region's deployment endpoint, what the example's deploy script calls: `GET /arms` tells what runs
 * where, `PUT /arms/NAME` with `{version, digest}` deploys, `GET /arms/NAME/healthz` asks the arm itself, and so does
 * `GET /arms/NAME/metrics`.
 * It is strict: a refusal names the reason.
 * @param port where it was before
 */
export function openArmsAdmin(apps: readonly App[], port?: number): Promise<LoopbackServer> {
  return listenWhereItWas(
    createServer((request, response) => void answer(apps, request, response)),
    port,
  )
}

async function answer(
  apps: readonly App[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const asked = `${request.method} ${request.url}`
  if (asked === 'GET /arms')
    return send(response, 200, Object.fromEntries(apps.map((app) => [app.arm, app.running])))
  const [, deployed, looked, page] =
    /^(?:PUT \/arms\/([^/?]+)|GET \/arms\/([^/?]+)\/(healthz|metrics))$/.exec(asked) ?? []
  const arm = deployed ?? looked
  if (arm === undefined)
    return refuse(
      response,
      404,
      `no ${asked}; there are GET /arms, PUT /arms/NAME, GET /arms/NAME/healthz and GET /arms/NAME/metrics`,
    )
  const app = apps.find((known) => known.arm === arm)
  if (app === undefined)
    return refuse(
      response,
      404,
      `no arm ${arm}; the arms are ${apps.map((known) => known.arm).join(' and ')}`,
    )

  if (page !== undefined) return ask(app, page, response)
  const body = await readBody(request)
  if (body === undefined) return refuse(response, 413, `the body is longer than ${MAXIMAL_BODY_BYTES} bytes`)
  const release = parseRelease(body)
  if (typeof release === 'string') return refuse(response, 400, release)
  app.deploy(release)
  send(response, 200, release)
}

/** The arm's own answer; one that refuses connections is a 502. */
async function ask(app: App, page: string, response: ServerResponse): Promise<void> {
  try {
    const answer = await fetch(`http://${LOOPBACK}:${app.port}/${page}`)
    const body = await answer.text()
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body)
  } catch {
    refuse(response, 502, `${app.arm} refuses connections`)
  }
}

function parseRelease(body: string): z.infer<typeof armRelease> | string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return 'the body is not JSON; it must be {"version": "...", "digest": "sha256:..."}'
  }
  const release = armRelease.safeParse(value)
  return release.success ? release.data : z.prettifyError(release.error)
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk as string
    if (body.length > MAXIMAL_BODY_BYTES) return undefined
  }
  return body
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  send(response, code, { error: reason })
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
