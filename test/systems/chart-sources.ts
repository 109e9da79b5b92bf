import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'
import { freePorts, until } from '@deploy-actions/local-cluster'
import { programOf } from './helm.fixture'

const run = promisify(execFile)
const crane = fileURLToPath(new URL('../../.cache/systems/bin/crane', import.meta.url))

/** A repository of charts and a registry, over TLS, with one chart in each: `shop` 0.1.0, signed in the repository. */
export interface ChartSources {
  /** `https://127.0.0.1:PORT` */
  repository: string
  /** `oci://127.0.0.1:PORT/charts/shop` */
  registry: string
  /** digest of the chart in the registry */
  digest: string
  /** file of certificates that a program must trust */
  certificates: string
  /** file of the keys by which the chart is proven, and one of other keys */
  keyring: string
  strangers: string
  /** the chart in the repository is another one from now on, beside the signature of the first */
  tamper(): Promise<void>
  close(): Promise<void>
}

export async function openChartSources(files: Readonly<Record<string, string>>): Promise<ChartSources> {
  const folder = await mkdtemp(path.join(tmpdir(), 'charts-'))
  const at = (...parts: string[]): string => path.join(folder, ...parts)
  const env = { PATH: process.env['PATH'], HOME: folder, SSL_CERT_FILE: at('cert.pem') }
  const helm = (...args: string[]) => run(programOf('helm3'), args, { env, cwd: folder })
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(at(file)), { recursive: true })
    await writeFile(at(file), text)
  }
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', at('key.pem'), '-out', at('cert.pem')],
    ...['-subj', '/CN=charts', '-addext', 'subjectAltName=IP:127.0.0.1'],
  ])
  await keysFor(at('secret.gpg'), at('keyring.gpg'), 'charts')
  await keysFor(at('other.gpg'), at('strangers.gpg'), 'somebody-else')
  await mkdir(at('served'))
  await helm('package', 'chart', '-d', 'served', '--sign', '--key', 'charts', '--keyring', at('secret.gpg'))
  await helm('repo', 'index', 'served')

  const { registry: port } = await freePorts('registry')
  const registry = spawn(crane, ['registry', 'serve', '--address', `127.0.0.1:${port}`], { stdio: 'ignore' })
  const tls = { key: await readFile(at('key.pem')), cert: await readFile(at('cert.pem')) }
  const server = createServer(tls, (asked, answer) => {
    if (!asked.url?.startsWith('/v2/'))
      return void readFile(at('served', path.basename(asked.url ?? ''))).then(
        (bytes) => answer.end(bytes),
        () => answer.writeHead(404).end(),
      )
    const passed = request({ port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(answer)
    })
    passed.on('error', () => answer.writeHead(502).end())
    asked.pipe(passed)
  })
  const { port: front, close: closeServer } = await listenOnLoopback(server)
  const close = async (): Promise<void> => {
    const ended = once(registry, 'exit')
    registry.kill()
    await Promise.all([ended, closeServer()])
    await rm(folder, { recursive: true })
  }
  const charts = `oci://127.0.0.1:${front}/charts`
  // The registry begins to listen in its own time.
  const pushed = await until(() => helm('push', 'served/shop-0.1.0.tgz', charts)).catch(
    async (error: unknown) => {
      await close()
      throw error
    },
  )
  const digest = /Digest: (sha256:[0-9a-f]{64})/.exec(pushed.stdout + pushed.stderr)?.[1]
  if (digest === undefined) throw new Error(`no digest: ${pushed.stdout}${pushed.stderr}`)
  return {
    repository: `https://127.0.0.1:${front}`,
    ...{ registry: `${charts}/shop`, digest, certificates: at('cert.pem') },
    ...{ keyring: at('keyring.gpg'), strangers: at('strangers.gpg') },
    async tamper() {
      await writeFile(
        at('chart/values.yaml'),
        `${await readFile(at('chart/values.yaml'), 'utf8')}\nmore: 1\n`,
      )
      await mkdir(at('other'), { recursive: true })
      await helm('package', 'chart', '-d', 'other')
      await copyFile(at('other/shop-0.1.0.tgz'), at('served/shop-0.1.0.tgz'))
    },
    close,
  }
}

/** A pair of keys without a passphrase, in the old format of keyrings, which is the one that Helm reads. */
async function keysFor(secret: string, open: string, name: string): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), 'gpg-'))
  const gpg = (...args: string[]) =>
    run('gpg', [
      '--homedir',
      home,
      '--batch',
      '--yes',
      '--passphrase',
      '',
      '--pinentry-mode',
      'loopback',
      ...args,
    ])
  try {
    await gpg('--quick-generate-key', `${name} <${name}@example.com>`, 'rsa2048', 'sign', 'never')
    await gpg('--output', open, '--export', name)
    await gpg('--output', secret, '--export-secret-keys', name)
  } finally {
    await run('gpgconf', ['--homedir', home, '--kill', 'all'])
    await rm(home, { recursive: true, force: true })
  }
}
