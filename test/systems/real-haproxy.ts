import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts, until } from '@deploy-actions/local-cluster'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'

const haproxy = fileURLToPath(new URL('../../.cache/systems/bin/haproxy', import.meta.url))

/** HAProxy from Debian, as an ordinary process before two servers on the loopback. */
export interface RealHaproxy {
  http: string
  port: number
  metrics: string
  ports: { admin: number; operator: number; user: number }
  /** A new process takes over from the old one, with the same configuration, as a reload of its service does. */
  reload(): Promise<void>
  /** where the configuration and what it names is */
  folder: string
  close(): Promise<void>
}

/**
 * Starts it with backend `app`: blue with weight 100, green with 0.
 * @param more options of both servers, and further lines of the configuration
 * @throws when it is not installed or does not start
 */
export async function startRealHaproxy(
  servers: { blue: number; green: number },
  serverTimeoutMs: number,
  more: {
    options?: string
    lines?: readonly string[]
    /** lines of `global` and `defaults`; `FOLDER` is the folder of the configuration */
    global?: readonly string[]
    defaults?: readonly string[]
  } = {},
): Promise<RealHaproxy> {
  const { http, metrics, admin, operator, user } = await freePorts(
    'http',
    'metrics',
    'admin',
    'operator',
    'user',
  )
  const folder = await mkdtemp(path.join(tmpdir(), 'haproxy-'))
  const config = path.join(folder, 'haproxy.cfg')
  await writeFile(
    config,
    `
global
  stats socket ipv4@127.0.0.1:${admin} level admin
  stats socket ipv4@127.0.0.1:${operator} level operator
  stats socket ipv4@127.0.0.1:${user} level user
${(more.global ?? []).map((line) => `  ${line.replace('FOLDER', folder)}\n`).join('')}defaults
${(more.defaults ?? []).map((line) => `  ${line}\n`).join('')}  mode http
  retries 0
  timeout connect 2s
  timeout client 30s
  timeout server ${serverTimeoutMs}ms
frontend web
  bind 127.0.0.1:${http}
  default_backend app
frontend metrics
  bind 127.0.0.1:${metrics}
  http-request use-service prometheus-exporter if { path /metrics }
backend app
  balance roundrobin
  server blue 127.0.0.1:${servers.blue} weight 100 ${more.options ?? ''}
  server green 127.0.0.1:${servers.green} weight 0 ${more.options ?? ''}
${(more.lines ?? []).map((line) => `  ${line}\n`).join('')}`,
  )
  const start = (...take: string[]) => spawn(haproxy, ['-db', '-f', config, ...take], { stdio: 'ignore' })
  let child = start()
  const broken = new Promise<never>((_, failed) => {
    child.once('error', (cause) =>
      failed(new Error('HAProxy cannot be started; run test/systems/install first', { cause })),
    )
    child.once('exit', (code) => failed(new Error(`HAProxy ended at once with ${code}; check ${config}`)))
  })
  await Promise.race([broken, until(() => askRuntime(admin, 'show version'))])
  broken.catch(() => undefined)
  return {
    http: `http://127.0.0.1:${http}`,
    port: http,
    metrics: `http://127.0.0.1:${metrics}/metrics`,
    ports: { admin, operator, user },
    folder,
    async reload() {
      const old = child
      const gone = new Promise((resolve) => old.once('exit', resolve))
      child = start('-sf', String(old.pid))
      await gone
      await until(() => askRuntime(admin, 'show version'))
    },
    async close() {
      child.kill('SIGKILL')
      await rm(folder, { recursive: true })
    },
  }
}
