import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoopbackServer } from '@deploy-actions/embedded-regions'
import type { GitHubState } from '@deploy-actions/github-emulator'
import {
  createFakeClock,
  openBundleJob,
  simulateRegion,
  startFakeHaproxy,
  type BundleJob,
  type BundleResult,
  type FakeHaproxy,
} from '@deploy-actions/testing'
import type { JobView, Permissions, RunView } from '@deploy-actions/workflow-engine'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { githubRoute, githubWrites } from './call'
import type { OpenRouter, Region, Router } from './router'
import { Switchboard } from './switchboard'
import { forwardTo, openHttpTap, openRuntimeTap, type HttpAnswer } from './taps'

/** How much faster than the wall clock; a standstill of the action's minute is still more than a busy machine makes. */
const SPEED = 100
const REQUESTS_PER_SECOND = 2_000

/** What the router between the regions holds, where a world has one, before anybody writes to it. */
export const SHARES = { 'us-east': 70, 'eu-west': 30 }

export const REGION = 'eu-west'
export const ENVIRONMENT = 'production-eu-west'

/** Which run and job a step belongs to; jobs of one name are one job. */
export interface JobName {
  run: 'rollout' | 'again' | 'restorer' | 'emergency' | 'next'
  job: 'deploy' | 'guard' | 'traffic' | 'workload'
}

/** One step as a template or a caller has it. */
export interface Step {
  name: string
  of: JobName
  action: string
  inputs: Record<string, string>
  /** the post of that action, and not its main */
  post?: true
  /** its job has checked nothing out */
  bare?: true
}

/** What a step left, and what the router itself showed right after it. */
export interface Ended extends BundleResult {
  step: Step
  weights: Record<string, number>
  ledger: Recorded[]
  /** it was killed by nobody of ours, and did not end */
  hung: boolean
}

/** A transaction as GitHub's deployments show it, newest first. */
export interface Recorded {
  id: string
  /** the state that its last status tells; `unmarked` without any */
  state: string
  note: string
}

/** One run of a script of the repository. */
export interface ScriptRun {
  script: string
  arm: string
  weights: Record<string, number>
}

/** What a world is opened anew from. */
export interface Snapshot {
  nowMs: number
  weights: Record<string, number>
  isSharing: boolean
  shares: Record<string, number>
  github: GitHubState
  runs: RunView[]
  /** holds `artifacts/` and `jobs/NAME/` */
  folder: string
  ran: ScriptRun[]
}

const RUNS: Record<JobName['run'], Partial<RunView>> = {
  rollout: { id: 1001 },
  again: { id: 1001, attempt: 2 },
  restorer: { id: 1002 },
  emergency: { id: 1003, path: '.github/workflows/emergency-rollback.yml' },
  next: { id: 1004 },
}
const PERMISSIONS: Permissions = { deployments: 'write', actions: 'write', contents: 'read' }
const OURS = { path: 'acme/deploy-actions/.github/workflows/region.yml@v1', sha: 'b'.repeat(40) }

/** A region at a place that stays the same while its worlds come and go: what they keep names its ports. */
export class Place {
  readonly switchboard = new Switchboard()
  #world: World | undefined

  private constructor(readonly folder: string) {}

  router!: Router
  regions!: LoopbackServer
  github!: LoopbackServer
  metrics!: LoopbackServer
  scripts!: LoopbackServer

  static async open(openRouter: OpenRouter): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'kills-')))
    const { switchboard } = place
    const world = (): World => {
      if (place.#world) return place.#world
      throw new Error('no world is there')
    }
    place.router = await openRouter(switchboard)
    place.regions = await openRuntimeTap(switchboard, () => world().regionsPort)
    place.github = await openHttpTap(
      switchboard,
      ({ method, url }) => ({
        system: 'github',
        route: githubRoute(method, url),
        writes: githubWrites(method, url),
      }),
      (question) => forwardTo(world().githubPort, place.github.port, question),
    )
    place.metrics = await openHttpTap(
      switchboard,
      () => ({ system: 'metrics', route: 'scrape', writes: false }),
      () => world().scrape(),
    )
    place.scripts = await openHttpTap(
      switchboard,
      ({ url }) => ({ system: 'script', route: url.searchParams.get('script') ?? '', writes: true }),
      ({ url }) => world().tellOfScript(url.searchParams),
    )
    return place
  }

  /** Opens a world as it was left in a snapshot, or a new one. */
  async enter(from?: Snapshot): Promise<World> {
    await this.#world?.close()
    return (this.#world = await World.open(this, from))
  }

  async close(): Promise<void> {
    await this.#world?.close()
    await Promise.all(
      [this.router, this.regions, this.github, this.metrics, this.scripts].map((tap) => tap.close()),
    )
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** One region and one GitHub, with the jobs that ran in them. */
export class World {
  readonly ran: ScriptRun[]
  /** the canary answers every second request with an error */
  isCanaryBad = false
  /** a router between the regions gives this one its share */
  isSharing: boolean
  readonly #jobs = new Map<string, { bundle: BundleJob; run: RunView; job: JobView }>()

  private constructor(
    private readonly place: Place,
    private readonly folder: string,
    private readonly region: Region,
    private readonly regions: FakeHaproxy,
    private readonly world: TestGitHub,
    private readonly clock: { epoch: number; now: () => Date },
    private readonly from: Snapshot | undefined,
  ) {
    this.ran = structuredClone(from?.ran ?? [])
    this.isSharing = from?.isSharing ?? false
  }

  static async open(place: Place, from: Snapshot | undefined): Promise<World> {
    // Time goes on from where it stood: `epoch + (now - epoch) * SPEED` is the time of all processes.
    const startMs = from?.nowMs ?? Date.now()
    const epoch = Math.round((Date.now() * SPEED - startMs) / (SPEED - 1))
    const clock = { epoch, now: () => new Date(epoch + (Date.now() - epoch) * SPEED) }
    const folder = await mkdtemp(join(place.folder, 'world-'))
    if (from) await cp(from.folder, folder, { recursive: true })
    let opened: World | undefined
    const region = await simulateRegion({
      clock: { ...createFakeClock(), now: clock.now },
      seed: 1,
      requestsPerSecond: REQUESTS_PER_SECOND,
      errorRate: (arm) => (arm === 'green' && opened?.isCanaryBad ? 0.5 : 0),
    })
    const world = await testGitHub({
      now: clock.now,
      artifactFolder: join(folder, 'artifacts'),
      onCancel: (id) => opened?.endRun(id),
    })
    if (from) {
      world.github.restore(from.github)
      world.runs.push(...structuredClone(from.runs))
    }
    const regions = await startFakeHaproxy(from?.shares ?? SHARES)
    opened = new World(place, folder, region, regions, world, clock, from)
    await opened.setWeights(from?.weights ?? { blue: 100, green: 0 })
    return opened
  }

  get regionsPort(): number {
    return this.regions.port
  }

  /** The shares as the router between the regions holds them. */
  get shares(): Record<string, number> {
    return { ...this.regions.weights }
  }

  get githubPort(): number {
    return Number(new URL(this.world.github.url).port)
  }

  /** The weights as the router itself tells them. */
  weights(): Promise<Record<string, number>> {
    return this.place.router.weights()
  }

  /** As somebody does who is no action of ours. */
  setWeights(weights: Record<string, number>): Promise<void> {
    return this.place.router.setWeights(weights)
  }

  get ledger(): Recorded[] {
    return this.world.github.deployments.map(({ payload, statuses }) => {
      const note = statuses[0]?.description ?? ''
      const id = (payload as { id?: string } | null)?.id ?? ''
      return { id, state: note === '' ? 'unmarked' : (note.split(':')[0] ?? ''), note }
    })
  }

  async scrape(): Promise<HttpAnswer> {
    const { status = 200, body = '' } = await this.place.router.metrics(this.region)
    return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(body) }
  }

  async tellOfScript(told: URLSearchParams): Promise<HttpAnswer> {
    const [script, arm] = [told.get('script') ?? '', told.get('arm') ?? '']
    this.ran.push({ script, arm, weights: await this.weights() })
    return { status: 200, headers: {}, body: Buffer.from('') }
  }

  /** Runs a step to its end, whatever ends it. */
  async run(step: Step): Promise<Ended> {
    const { bundle, run, job } = await this.#job(step)
    const { switchboard, router } = this.place
    const given = this.world.github.environmentFor(job, run)
    const result = await bundle.run(step.action, {
      inputs: { 'github-token': job.token, secrets: router.secrets, ...step.inputs },
      env: {
        ...Object.fromEntries(
          Object.entries(given).map(([key, value]) => [
            key,
            value.replace(this.world.github.url, `http://127.0.0.1:${this.place.github.port}`),
          ]),
        ),
        GITHUB_ACTION_REPOSITORY: 'acme/deploy-actions',
        GITHUB_WORKFLOW_REF: `acme/shop/${run.path}@refs/heads/${run.headBranch}`,
        GITHUB_ACTOR: run.actor,
        GITHUB_JOB: step.of.job,
        GITHUB_RUN_ID: String(run.id),
        GITHUB_RUN_ATTEMPT: String(run.attempt),
        GITHUB_SHA: run.headSha,
        NODE_COMPILE_CACHE: join(this.place.folder, 'compiled'),
        DEPLOY_ACTIONS_SPEED: String(SPEED),
        DEPLOY_ACTIONS_EPOCH: String(this.clock.epoch),
      },
      ...(step.post && { state: { started: 'true' } }),
      onStart: (signal) => switchboard.attach(signal),
    })
    switchboard.detach()
    const hung = result.exitCode === null && !switchboard.killed
    return { ...result, step, weights: await this.weights(), ledger: this.ledger, hung }
  }

  /** The runner of a job is gone, or the job has ended: its token is good no more. */
  endJob({ run, job }: JobName): void {
    const known = this.#jobs.get(`${run} ${job}`)
    if (known) Object.assign(known.job, { status: 'completed', conclusion: 'cancelled' })
  }

  /** All of a run has ended. */
  endRun(id: number): void {
    for (const run of this.world.runs.filter((one) => one.id === id)) {
      run.status = 'completed'
      run.conclusion = 'cancelled'
      for (const job of run.jobs) Object.assign(job, { status: 'completed', conclusion: 'cancelled' })
    }
  }

  /** The evidence that a step wrote of itself, if it did. */
  async evidenceOf({ outputs }: Ended): Promise<Record<string, unknown> | undefined> {
    const path = outputs['evidence-path']
    if (path === undefined) return undefined
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  }

  /** Keeps all of it, for worlds that begin where this one stands. */
  async snapshot(): Promise<Snapshot> {
    const folder = await mkdtemp(join(this.place.folder, 'snapshot-'))
    await mkdir(join(this.folder, 'artifacts'), { recursive: true })
    await cp(join(this.folder, 'artifacts'), join(folder, 'artifacts'), { recursive: true })
    if (this.from)
      await cp(join(this.from.folder, 'jobs'), join(folder, 'jobs'), { recursive: true }).catch(
        () => undefined,
      )
    for (const [name, { bundle }] of this.#jobs)
      await cp(bundle.temp, join(folder, 'jobs', name), { recursive: true })
    return {
      nowMs: this.clock.now().getTime(),
      weights: await this.weights(),
      isSharing: this.isSharing,
      shares: this.shares,
      github: this.world.github.save(),
      runs: structuredClone(this.world.runs),
      folder,
      ran: structuredClone(this.ran),
    }
  }

  async close(): Promise<void> {
    for (const { bundle } of this.#jobs.values()) await bundle.close()
    await this.world.close()
    await this.region.close()
    await this.regions.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #job({ of: { run: runName, job: jobName }, bare }: Step) {
    const name = `${runName} ${jobName}`
    const known = this.#jobs.get(name)
    if (known) return known
    const run = this.#run(runName)
    const job = run.jobs.find(({ key }) => key === jobName) ?? this.world.join(run, PERMISSIONS)
    job.key = jobName
    job.name = `rollout / ${REGION} / ${jobName}`
    const bundle = await openBundleJob(bare ? {} : this.#checkout())
    await cp(join(this.folder, 'jobs', name), bundle.temp, { recursive: true }).catch(() => undefined)
    const opened = { bundle, run, job }
    this.#jobs.set(name, opened)
    return opened
  }

  #run(name: JobName['run']): RunView {
    const { id, attempt = 1 } = RUNS[name]
    const known = this.world.runs.find((run) => run.id === id && run.attempt === attempt)
    if (known) return known
    const at = this.clock.now().toISOString()
    const { run } = this.world.begin(PERMISSIONS, {
      ...{ createdAt: at, startedAt: at, referencedWorkflows: [OURS] },
      ...RUNS[name],
    })
    run.jobs.pop()
    return run
  }

  #checkout(): Record<string, string> {
    return {
      'rollout.yml': this.#config(),
      'ops/deploy.mjs': this.#script('deploy'),
      'ops/snapshot.mjs': this.#script('snapshot'),
      'ops/restore.mjs': this.#script('restore'),
    }
  }

  #config(): string {
    const { router, regions, metrics } = this.place
    const { stages, staged } = router.walk
    const shared = this.isSharing
      ? {
          regions: `[{ name: us-east, environment: production-us-east, share: 70% }, { name: ${REGION}, environment: ${ENVIRONMENT}, share: 30% }]`,
          traffic: `, regions: { router: { type: haproxy, port: ${regions.port}, backend: app } }`,
        }
      : { regions: `[{ name: ${REGION}, environment: ${ENVIRONMENT} }]`, traffic: '' }
    return `
version: 1
service: shop
regions: ${shared.regions}
deploy: { script: { run: ops/deploy.mjs, snapshot: ops/snapshot.mjs, restore: ops/restore.mjs } }
traffic: { canary: { router: ${router.settings} }${shared.traffic} }
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:${metrics.port}/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }
  errors: { source: proxy, sum: ['requests_total{arm="\${arm}",code="5xx"}'] }
canary:
  analysis: { interval: 10s, min-requests: 1 }
  stages: ${stages}
${staged === undefined ? '' : `rollback: { staged: ${staged} }`}
`
  }

  /** Tells the world that it ran, and waits for the answer as for any other system. */
  #script(name: string): string {
    return `#!${process.execPath}
import { get } from 'node:http'
const told = new URLSearchParams({ script: '${name}', arm: process.env.DEPLOY_ARM ?? '' })
get(\`http://127.0.0.1:${this.place.scripts.port}/?\${told}\`, (answer) => answer.resume())
  .on('error', () => process.exit(3))
console.log('as it was')
`
  }
}
