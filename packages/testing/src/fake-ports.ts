import { mkdtempSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createChildProcesses,
  createHttp,
  createTcp,
  type Artifacts,
  type ChildProcess,
  type ChildProcesses,
  type ChildResult,
  type EvidenceCollector,
  type GitHub,
  type Http,
  type HttpRequest,
  type HttpResponse,
  type Oidc,
  type Ports,
  type ProviderPorts,
  type RunContext,
  type Tcp,
} from '@deploy-actions/action-kit'
import { createFakeClock, type FakeClock } from './fake-clock'

/** What the fakes saw. */
export interface Recorded {
  log: { level: string; line: string }[]
  summary: string[]
  facts: Record<string, unknown>
  subject: Record<string, string | undefined>
  calls: Parameters<EvidenceCollector['call']>[0][]
  progress: Parameters<EvidenceCollector['progress']>[0][]
  masked: string[]
  state: Map<string, string>
}

/** Ports for tests of `main` and of providers: nothing real behind them but TCP, everything recorded. */
export interface FakePorts extends Ports, Pick<ProviderPorts, 'temp' | 'workspace' | 'variables'> {
  readonly clock: FakeClock
  readonly recorded: Recorded
  /** cancels the run */
  cancel(): void
}

export interface FakePortsOptions {
  clock?: FakeClock
  context?: Partial<RunContext>
  http?: (request: HttpRequest) => Promise<Partial<HttpResponse>> | Partial<HttpResponse>
  process?: (child: ChildProcess) => Promise<Partial<ChildResult>> | Partial<ChildResult>
  /** default: real connections, for servers that the test started */
  tcp?: Tcp
  /** real HTTP and real processes, too: for servers and scripts that the test started or wrote */
  real?: boolean
  secrets?: Record<string, string>
  /** default: the job's environment tells nothing */
  ambient?: Record<string, string>
  /** default: the job has no `id-token: write` */
  oidc?: Oidc
  variables?: Record<string, string>
  github?: GitHub
  artifacts?: Artifacts
  cancelReason?: Error
}

/** Anything that a test did not foresee is refused by name. */
export function createFakePorts(options: FakePortsOptions = {}): FakePorts {
  const clock = options.clock ?? createFakeClock()
  const controller = new AbortController()
  const recorded: Recorded = {
    log: [],
    summary: [],
    facts: {},
    subject: {},
    calls: [],
    progress: [],
    masked: [],
    state: new Map(),
  }
  const at = (level: string) => (line: string) => void recorded.log.push({ level, line })
  const temp = options.context?.temp ?? mkdtempSync(join(tmpdir(), 'deploy-actions-test-'))
  const call: EvidenceCollector['call'] = (call) => void recorded.calls.push(call)
  return {
    temp,
    workspace: options.context?.workspace ?? temp,
    variables: options.variables ?? {},
    tcp: options.tcp ?? createTcp(clock, { call }),
    ambient: options.ambient ?? {},
    secrets: new Map(Object.entries(options.secrets ?? {})),
    oidc: options.oidc,
    clock,
    recorded,
    signal: controller.signal,
    cancel: () => controller.abort(options.cancelReason ?? new Error('cancelled by the test')),
    log: {
      info: at('info'),
      debug: at('debug'),
      notice: at('notice'),
      warning: at('warning'),
      error: at('error'),
      group: (title, lines) => [title, ...lines].forEach(at('group')),
      foreign: (title, output) => [title, output].forEach(at('foreign')),
      mask: (secret) => void recorded.masked.push(secret),
    },
    http: options.real ? createHttp(clock, { call }) : fakeHttp(options.http),
    process: options.real ? createChildProcesses(clock, { call }) : fakeProcess(options.process),
    github: options.github ?? refuseGitHub(),
    artifacts: options.artifacts ?? memoryArtifacts(),
    summary: { add: (markdown) => void recorded.summary.push(markdown) },
    evidence: {
      about: (subject) => void Object.assign(recorded.subject, subject),
      facts: (facts) => void Object.assign(recorded.facts, facts),
      call,
      progress: (event) => void recorded.progress.push(event),
      folder: join(temp, 'deploy-actions', 'evidence'),
    },
    context: {
      owner: 'acme',
      repo: 'shop',
      runId: 1001,
      attempt: 1,
      sha: 'c'.repeat(40),
      ref: 'refs/heads/main',
      actor: 'ann',
      job: 'deploy',
      workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
      serverUrl: 'https://github.com',
      actionRef: 'v1',
      actionRepository: 'acme/deploy-actions',
      workspace: temp,
      ...options.context,
      temp,
    },
    state: {
      save: (key, value) => void recorded.state.set(key, value),
      get: (key) => recorded.state.get(key),
    },
  }
}

function fakeHttp(answer: FakePortsOptions['http']): Http {
  return {
    async request(request) {
      if (!answer) throw new Error(`no test answers ${request.method ?? 'GET'} ${request.url}`)
      return { status: 200, headers: {}, body: '', ms: 1, ...(await answer(request)) }
    },
  }
}

function fakeProcess(answer: FakePortsOptions['process']): ChildProcesses {
  return {
    async run(child) {
      if (!answer) throw new Error(`no test runs ${child.command.join(' ')}`)
      return { exitCode: 0, stdout: '', stderr: '', ended: 'exit', ms: 1, ...(await answer(child)) }
    },
  }
}

function refuseGitHub(): GitHub {
  const refuse = (route: string): never => {
    throw new Error(`no test answers ${route}`)
  }
  return {
    request: (route) => Promise.resolve().then(() => refuse(route)),
    list: (route) => Promise.resolve().then(() => refuse(route)),
  }
}

/** Artifacts in memory: names are unique in a run, as on GitHub, and what was uploaded can be had back. */
function memoryArtifacts(): Artifacts {
  const stored: { name: string; files: Map<string, Buffer> }[] = []
  return {
    async upload(name, folder, files) {
      if (stored.some((one) => one.name === name)) throw new Error(`an artifact named ${name} exists already`)
      const contents = await Promise.all(
        files.map(async (file) => [file, await readFile(join(folder, file))] as const),
      )
      stored.push({ name, files: new Map(contents) })
      return { id: stored.length, name }
    },
    list: () => Promise.resolve(stored.map(({ name }, index) => ({ id: index + 1, name }))),
    async download({ id, name }, folder) {
      const found = stored[id - 1]
      if (!found) throw new Error(`no test uploaded ${name}`)
      await mkdir(folder, { recursive: true })
      for (const [file, content] of found.files) await writeFile(join(folder, file), content)
    },
  }
}
