import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  openBundleJob,
  startFakeHaproxy,
  type BundleJob,
  type BundleResult,
  type FakeHaproxy,
} from '@deploy-actions/testing'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'

/** Before an external call acts, or right after it acted and before its caller knows. */
export type Moment = 'before' | 'after'

/** Scrapes beyond these are alike. */
const COUNTED_SCRAPES = 3
const SPEED = 600

/**
 * A region and a GitHub whose calls are counted. When the call that was asked for comes, it is held, and the process
 * that made it is killed: nothing of it runs any more, not even a handler.
 */
export class HeldWorld {
  calls: string[] = []
  #holdAt: { call: number; moment: Moment } | undefined
  #held = false

  private constructor(
    readonly haproxy: FakeHaproxy,
    readonly github: TestGitHub,
    private readonly apiProxy: Server,
    private readonly metrics: Server,
    private readonly run: { run: RunView; job: JobView },
    /** of the steps and of GitHub: a record of another time than its deployment counts for nothing */
    private readonly epoch: number,
  ) {}

  static async open(): Promise<HeldWorld> {
    const haproxy = await startFakeHaproxy({ blue: 100, green: 0 })
    const epoch = Date.now()
    const github = await testGitHub({ now: () => new Date(epoch + (Date.now() - epoch) * SPEED) })
    const run = github.begin({ deployments: 'write', actions: 'read', contents: 'read' })
    run.run.referencedWorkflows = [
      { path: 'acme/deploy-actions/.github/workflows/region.yml@v1', sha: 'b'.repeat(40) },
    ]
    const [apiProxy, metrics] = [createServer(), createServer()]
    for (const server of [apiProxy, metrics])
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const world = new HeldWorld(haproxy, github, apiProxy, metrics, run, epoch)
    haproxy.hold = (command, moment) => world.#pass(`haproxy ${command}`, moment)
    apiProxy.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void world.#forward(request, response),
    )
    metrics.on(
      'request',
      (_: IncomingMessage, response: ServerResponse) => void world.#answerScrape(response),
    )
    return world
  }

  /** From now on calls are counted anew, and the given one is held. */
  holdAt(call?: number, moment: Moment = 'before'): void {
    this.calls = []
    this.#held = false
    this.#holdAt = call === undefined ? undefined : { call, moment }
  }

  openJob(): Promise<BundleJob> {
    return openBundleJob({
      'rollout.yml': this.#config(),
      'ops/deploy.mjs': SCRIPT,
      'ops/snapshot.mjs': SCRIPT,
      'ops/restore.mjs': SCRIPT,
    })
  }

  /** Runs a step; it is killed when its held call has come. */
  step(
    job: BundleJob,
    action: string,
    inputs: Record<string, string>,
    state?: Record<string, string>,
  ): Promise<BundleResult> {
    const { run, job: view } = this.run
    const api = `http://127.0.0.1:${(this.apiProxy.address() as AddressInfo).port}`
    const environment = Object.fromEntries(
      Object.entries(this.github.github.environmentFor(view, run)).map(([key, value]) => [
        key,
        value.replace(this.github.github.url, api),
      ]),
    )
    return job.run(action, {
      inputs: { config: 'rollout.yml', region: 'eu-west', 'github-token': view.token, ...inputs },
      env: {
        ...environment,
        GITHUB_ACTION_REPOSITORY: 'acme/deploy-actions',
        GITHUB_RUN_ID: String(run.id),
        GITHUB_SHA: 'a'.repeat(40),
        DEPLOY_ACTIONS_SPEED: String(SPEED),
        DEPLOY_ACTIONS_EPOCH: String(this.epoch),
      },
      ...(state === undefined ? {} : { state }),
      end: { signal: 'SIGKILL', when: () => this.#held },
    })
  }

  /** Descriptions of the newest status of each transaction, newest transaction first. */
  get ledger(): string[] {
    return this.github.github.deployments.map(({ statuses }) => statuses[0]?.description ?? 'open')
  }

  /** The environment that the record is about, through a fresh run for the same repository. */
  async close(): Promise<void> {
    for (const server of [this.apiProxy, this.metrics]) {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    }
    await this.haproxy.close()
    await this.github.close()
  }

  /** Counts a call at its start and holds it for ever at the moment that was asked for. */
  async #pass(call: string, moment: Moment): Promise<void> {
    if (moment === 'before') this.calls.push(call)
    const hold = this.#holdAt
    if (hold?.moment !== moment || this.calls.length !== hold.call || this.#held) return
    this.#held = true
    await new Promise(() => undefined)
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const what = `${request.method} ${request.url?.split('?')[0]}`
    await this.#pass(what, 'before')
    const { port } = new URL(this.github.github.url)
    const onward = sendRequest(
      { host: '127.0.0.1', port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on(
          'end',
          () =>
            void this.#pass(what, 'after').then(() =>
              response.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(chunks)),
            ),
        )
      },
    )
    request.pipe(onward)
  }

  async #answerScrape(response: ServerResponse): Promise<void> {
    if (this.calls.filter((call) => call === 'scrape').length < COUNTED_SCRAPES) {
      await this.#pass('scrape', 'before')
      await this.#pass('scrape', 'after')
    }
    const seconds = process.uptime()
    const total = Object.values(this.haproxy.weights).reduce((sum, weight) => sum + weight, 0)
    const lines = Object.entries(this.haproxy.weights).map(
      ([arm, weight]) =>
        `requests_total{arm="${arm}",code="2xx"} ${Math.round(seconds * 60_000 * (0.5 + weight / total))}`,
    )
    response.end(`${lines.join('\n')}\n`)
  }

  #config(): string {
    const metrics = (this.metrics.address() as AddressInfo).port
    return `
version: 1
service: shop
regions: [{ name: eu-west, environment: production-eu-west }]
deploy: { script: { run: ops/deploy.mjs, snapshot: ops/snapshot.mjs, restore: ops/restore.mjs } }
traffic: { canary: { router: { type: haproxy, port: ${this.haproxy.port}, backend: app } } }
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:${metrics}/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }
  errors: { source: proxy, sum: ['requests_total{arm="\${arm}",code="5xx"}'] }
canary:
  analysis: { interval: 10s, min-requests: 1 }
  stages: [{ weight: 50%, watch: 10s }, { weight: 100%, watch: 10s }]
`
  }
}

const SCRIPT = '#!/usr/bin/env node\nconsole.log("as it was")\n'
