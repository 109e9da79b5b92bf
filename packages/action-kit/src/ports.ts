import type { ProgressEvent } from '@deploy-actions/evidence'
import type { Clock } from './clock'
import type { Secrets } from './secrets'

/** Everything an action may touch. `main` gets it and reads no environment, clock or network of its own. */
export interface Ports {
  readonly log: Log
  readonly clock: Clock
  /** aborts when the run is cancelled */
  readonly signal: AbortSignal
  readonly http: Http
  readonly tcp: Tcp
  readonly process: ChildProcesses
  readonly ambient: Readonly<Record<string, string>>
  /** what the input `secrets` handed over, in main and in post */
  readonly secrets: Secrets
  readonly oidc: Oidc | undefined
  readonly github: GitHub
  readonly artifacts: Artifacts
  readonly summary: Summary
  readonly evidence: EvidenceCollector
  readonly context: RunContext
  readonly state: ActionState
}

/** What a provider of any kind may touch: the same in main, in post and in a restore. */
export interface ProviderPorts {
  readonly clock: Clock
  readonly http: Http
  readonly tcp: Tcp
  readonly process: ChildProcesses
  /** once opened: only what the provider's own settings name */
  readonly secrets: Secrets
  /** for scripts whose settings say so; undefined where the job has no `id-token: write` */
  readonly oidc?: Oidc | undefined
  readonly evidence: Pick<EvidenceCollector, 'call'>
  readonly log: Pick<Log, 'info' | 'debug' | 'warning' | 'foreign'>
  /** aborts when whoever opened the provider ends; each call has a signal of its own beside it */
  readonly signal: AbortSignal
  /** what the job's environment tells its programs of clusters and of where its user is at home, such as `KUBECONFIG` */
  readonly ambient: Readonly<Record<string, string>>
  /** the folder that the job has for itself, emptied with it */
  readonly temp: string
  /** the repository's folder, in which scripts run */
  readonly workspace: string
  /** the `DEPLOY_*` variables that scripts get */
  readonly variables: Readonly<Record<string, string>>
}

/** The ports of an action as its providers get them, with the `DEPLOY_*` variables of the target. */
export function providerPorts(ports: Ports, variables: Readonly<Record<string, string>> = {}): ProviderPorts {
  const { clock, http, tcp, process, ambient, secrets, oidc, evidence, log, signal, context } = ports
  return {
    clock,
    http,
    tcp,
    process,
    ambient,
    secrets,
    oidc,
    evidence,
    log,
    signal,
    temp: context.temp,
    workspace: context.workspace,
    variables,
  }
}

/** How a job asks GitHub for OIDC tokens: what the runner gives to actions of a job with `id-token: write`. */
export interface Oidc {
  url: string
  token: string
}

/** The live log of the step. */
export interface Log {
  info(line: string): void
  debug(line: string): void
  /** an annotation, beside the line in the log */
  notice(message: string): void
  warning(message: string): void
  error(message: string): void
  /** lines folded under a title */
  group(title: string, lines: readonly string[]): void
  /** output of a foreign tool: fenced so that nothing in it is taken for a workflow command */
  foreign(title: string, output: string): void
  /** keeps a value out of every log from now on */
  mask(secret: string): void
}

export interface HttpRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers?: Record<string, string>
  body?: string
  /** the action's milliseconds until it is given up; default 10 s */
  timeoutMs?: number
  /** the address is a secret: evidence gets its origin only */
  hidePath?: boolean
  /** for https; default what Node trusts, and no certificate of our own */
  tls?: Tls
  signal: AbortSignal
}
/** How a server and its client prove who they are, PEM each. Requests with the same object share connections, which are kept. */
export interface Tls {
  /** trusted instead of what Node trusts */
  ca?: string
  cert?: string
  key?: string
  /** name in the certificate of the server, where its address has another one */
  serverName?: string
  /** false takes any certificate */
  verify?: boolean
  /** proxy for this server; default what the environment names */
  proxy?: string
}
export interface HttpResponse {
  status: number
  headers: Record<string, string>
  body: string
  /** real milliseconds until the whole body was there */
  ms: number
}
/** The one HTTP transport. Any status is an answer; no answer is a ProviderError. Bodies over 16 MiB are refused. */
export interface Http {
  request(request: HttpRequest): Promise<HttpResponse>
}

export interface TcpExchange {
  /** what listens there, for messages and evidence */
  system: string
  host: string
  port: number
  /** sent once the connection stands; without it the connection alone is asked for */
  send?: string
  /** the action's milliseconds until it is given up */
  timeoutMs: number
  signal: AbortSignal
}
export interface TcpAnswer {
  /** everything until the other side closed */
  reply: string
  /** real milliseconds */
  ms: number
}
/** One connection, one question, one answer. @throws ProviderError when there is none */
export interface Tcp {
  exchange(request: TcpExchange): Promise<TcpAnswer>
}

export interface ChildProcess {
  /** program and arguments; never a shell line */
  command: readonly [string, ...string[]]
  cwd?: string
  /** the whole environment of the child beside PATH and the like: nothing of ours is inherited */
  env: Record<string, string>
  /** it also gets the variables in which a step that logged in to a cloud has left its credentials, and Helm's; default false */
  cloudLogin?: boolean
  /** it gets the job's environment, but for what is the runner's and the actions' own, as far as this lets a variable through */
  jobEnvironment?: (name: string) => boolean
  /** characters of each output that are kept, from its end; default 1 MiB */
  keep?: number
  /**
   * how long it may take to end by itself once it is asked to, in real milliseconds: it alone is asked then, by SIGINT, and its
   * group is killed after that; default 3 s, and the group is asked by SIGTERM
   */
  graceMs?: number
  /** it must come to an end of its own, whatever becomes of this process */
  lasting?: Lasting
  /** the action's milliseconds */
  timeoutMs: number
  signal: AbortSignal
}
/**
 * How a program is run that loses what it has done when it is killed: its output goes to files, so that one whose parent is
 * gone has a place to write to; a cancellation or the end of its time is one SIGINT to itself alone, and then it is waited
 * for, however long it takes.
 */
export interface Lasting {
  /** files for its output, made for the user alone */
  stdout: string
  stderr: string
  /** told of its process before anything else is waited for */
  started(pid: number): void
  /** what it has written to stdout since the last time */
  output(text: string): void
}
export interface ChildResult {
  exitCode: number | null
  stdout: string
  stderr: string
  /** set when it did not end by itself */
  ended: 'exit' | 'timeout' | 'cancelled'
  ms: number
}
/** Runs programs; signals are forwarded once, then the process group is killed. Throws ProviderError when it cannot start. */
export interface ChildProcesses {
  run(child: ChildProcess): Promise<ChildResult>
}

/**
 * GitHub's REST API by route: `GET /repos/{owner}/{repo}/deployments`. `owner` and `repo` are filled in. What may be
 * repeated is, as GitHub asks for it: for two minutes, or for as long as the caller has patience.
 */
export interface GitHub {
  /** @throws ProviderError with status and request id; a 403 names the missing permission when it is known */
  request<T>(
    route: string,
    parameters?: Record<string, unknown>,
    options?: {
      permission?: string
      signal?: AbortSignal
      patienceMs?: number
      /** for who asks the same again and again: what has not changed since is not sent anew, and counts against no limit */
      ifChanged?: boolean
    },
  ): Promise<T>
  /** Reads pages of 100 until one is not full or `limit` items are there. */
  list<T>(
    route: string,
    parameters?: Record<string, unknown>,
    options?: {
      permission?: string
      limit?: number
      pick?: string
      patienceMs?: number
      ifChanged?: boolean
    },
  ): Promise<T[]>
}

export interface StoredArtifact {
  id: number
  name: string
  /** `sha256:...` as GitHub computed it, where it is known */
  digest?: string
}
/** Artifacts: of this attempt of this run, and, where a run is named, of all its attempts. */
export interface Artifacts {
  upload(name: string, folder: string, files: readonly string[]): Promise<StoredArtifact>
  list(runId?: number): Promise<StoredArtifact[]>
  /** Unpacks one artifact into `folder`; throws ProviderError when its digest is not the recorded one. */
  download(artifact: StoredArtifact, folder: string, runId?: number): Promise<void>
}

/** The job summary: one section per action. */
export interface Summary {
  add(markdown: string): void
}

/** Collects the one evidence record of this action run. */
export interface EvidenceCollector {
  about(subject: { service?: string; region?: string; environment?: string; transaction?: string }): void
  /** merged into the record's facts */
  facts(facts: Record<string, unknown>): void
  call(call: {
    system: string
    /** what was asked */
    what: string
    status: number | string
    /** what was answered, where the status does not say it */
    answer?: string
    ms: number
  }): void
  /** Tells whoever looks on while this runs. Never fails; secrets are taken out, the region is filled in. */
  progress(event: ProgressEvent): void
  /** folder in which all records of this job lie */
  readonly folder: string
}

/** Where and why this runs. */
export interface RunContext {
  owner: string
  repo: string
  runId: number
  attempt: number
  sha: string
  ref: string
  actor: string
  /** job id in its workflow file */
  job: string
  workflowRef: string
  serverUrl: string
  actionRef: string
  /** `OWNER/NAME` of the repository that this action came from; empty for a local one */
  actionRepository: string
  workspace: string
  /** emptied per job: what all steps and posts of a job share */
  temp: string
}

/** What main hands to post. */
export interface ActionState {
  save(key: string, value: string): void
  get(key: string): string | undefined
}
