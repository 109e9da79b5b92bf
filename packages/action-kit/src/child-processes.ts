import type { FileHandle } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import type { Clock } from './clock'
import { ProviderError } from './errors'
import type { ChildProcess, ChildProcesses, ChildResult, EvidenceCollector, Lasting } from './ports'

/** What a child gets beside its own variables: enough to find programs, nothing that could carry a secret. */
export const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  // Which cluster kubectl and helm talk to, and where Helm keeps its releases: with others it would install anew.
  'KUBECONFIG',
  'HELM_KUBECONTEXT',
  'HELM_DRIVER',
  // Whether this runs in a pod of the cluster.
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  // Where git finds repositories and settings, and what it may reach: a rehearsal keeps it to its own.
  'GIT_CEILING_DIRECTORIES',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_ALLOW_PROTOCOL',
  // By it the runner finds what a job has left running, and ends it: a Helm whose step was killed goes on writing else.
  'RUNNER_TRACKING_ID',
] as const
/** Where Helm finds its plugins, and what a login to a registry has left in a file. A child may have others of its own. */
const INHERITED_UNLESS_GIVEN = [
  'HELM_CONFIG_HOME',
  'HELM_DATA_HOME',
  'HELM_PLUGINS',
  'HELM_REGISTRY_CONFIG',
  'DOCKER_CONFIG',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
]
/**
 * What else Helm reads: proxies, which may hold a password, caches, what it trusts, and where it keeps releases in a
 * database.
 */
const HELMS =
  /^((HTTPS?|NO|ALL)_PROXY|HELM_(CACHE_HOME|REPOSITORY_\w+|DRIVER_SQL_CONNECTION_STRING)|XDG_CACHE_HOME|SSL_CERT_DIR)$/i
/**
 * What the login actions of AWS, Google and Azure set for the programs after them, and what those read by themselves: a
 * kubeconfig names such a program (`aws eks get-token`, `gke-gcloud-auth-plugin`, `kubelogin`).
 */
const CLOUD_LOGIN = /^(AWS|CLOUDSDK|GOOGLE|AZURE|AAD|ARM|MSI|IDENTITY)_|^USE_GKE_GCLOUD_AUTH_PLUGIN$/

/** What of an environment every child gets, and, where it is asked for, what a login has left in it and what Helm reads. */
export function inheritedOf(
  environment: Readonly<Record<string, string | undefined>>,
  { cloudLogin = false }: { cloudLogin?: boolean | undefined } = {},
): Record<string, string> {
  const known = new Set<string>([...INHERITED, ...INHERITED_UNLESS_GIVEN])
  const isOfLogin = (name: string): boolean => CLOUD_LOGIN.test(name) || HELMS.test(name)
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value && (known.has(name) || (cloudLogin && isOfLogin(name))) ? [[name, value]] : [],
    ),
  )
}

/**
 * What an action has to know of an environment: what every child gets, where the runner keeps tools, and what says by
 * itself where Terraform keeps a state, which arguments it is given and where it writes.
 */
export const ambientOf = (
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> => ({
  ...inheritedOf(environment),
  ...jobEnvironmentOf(environment, (name) => OF_TOOLS.test(name)),
})
const OF_TOOLS =
  /^(RUNNER_TOOL_CACHE|TERRAFORM_CLI_PATH|TF_(CLI_ARGS\w*|WORKSPACE|DATA_DIR|LOG\w*)|TF_HTTP_(LOCK_|UNLOCK_)?ADDRESS|TF_CLOUD_(HOSTNAME|ORGANIZATION|PROJECT)|AWS_(ENDPOINT_URL_S3|S3_ENDPOINT)|CONSUL_HTTP_ADDR)$/

/** What the runner hands to an action for itself: a program could set outputs by it, or act as the job. */
const RUNNERS_OWN =
  /^(GITHUB_(OUTPUT|ENV|PATH|STATE|STEP_SUMMARY)|(INPUT|STATE|ACTIONS)_.*|DEPLOY_ACTIONS_.*|NODE_OPTIONS)$/

/** The job's environment without what is the runner's own, as far as `takes` lets a variable through. */
function jobEnvironmentOf(
  environment: Readonly<Record<string, string | undefined>>,
  takes: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && !RUNNERS_OWN.test(name) && takes(name) ? [[name, value]] : [],
    ),
  )
}

/** Output beyond so many characters is cut at the front; the end says why a program failed. */
export const MAX_OUTPUT = 1024 * 1024
/** From the forwarded signal to the kill of the whole group, real time. */
const GRACE_MS = 3_000

/** Child processes by node:child_process: `@actions/exec` has neither time-outs nor cancellation. */
export function createChildProcesses(
  clock: Clock,
  evidence: Pick<EvidenceCollector, 'call'>,
): ChildProcesses {
  return {
    async run(child) {
      const result = await (child.lasting ? runLasting(child, child.lasting, clock) : run(child, clock))
      const status = result.ended === 'exit' ? (result.exitCode ?? 'killed') : result.ended
      evidence.call({ system: 'process', what: child.command.join(' '), status, ms: result.ms })
      return result
    },
  }
}

/** The environment of a child. */
const environmentOf = ({ env, cloudLogin, jobEnvironment }: ChildProcess): Record<string, string> => ({
  ...(jobEnvironment
    ? jobEnvironmentOf(process.env, jobEnvironment)
    : inheritedOf(process.env, { cloudLogin })),
  ...env,
})

async function run(given: ChildProcess, clock: Clock): Promise<ChildResult> {
  const { command, cwd, timeoutMs, signal, keep = MAX_OUTPUT, graceMs } = given
  // Most actions start none, and the module is a part of what a start costs.
  const { spawn } = await import('node:child_process')
  const [program, ...args] = command
  const started = clock.realMs()
  return new Promise((resolve, reject) => {
    // A group of its own, so that grandchildren end with it.
    const child = spawn(program, args, {
      cwd,
      env: environmentOf(given),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr] = [endOf(keep), endOf(keep)]
    child.stdout.setEncoding('utf8').on('data', stdout.take)
    child.stderr.setEncoding('utf8').on('data', stderr.take)

    let ended: ChildResult['ended'] = 'exit'
    let grace: NodeJS.Timeout | undefined
    const stop = (why: 'timeout' | 'cancelled'): void => {
      if (ended !== 'exit') return
      ended = why
      if (graceMs === undefined) sendToGroup(child.pid, 'SIGTERM')
      else child.kill('SIGINT')
      grace = setTimeout(() => {
        sendToGroup(child.pid, 'SIGKILL')
        // Whoever left the group may still hold the pipes; nobody waits for it.
        child.stdout.destroy()
        child.stderr.destroy()
      }, graceMs ?? GRACE_MS)
    }
    const timer = setTimeout(() => stop('timeout'), clock.ioTimeout(timeoutMs))
    const onAbort = (): void => stop('cancelled')
    const settle = (): void => {
      clearTimeout(timer)
      clearTimeout(grace)
      signal.removeEventListener('abort', onAbort)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })

    child.on('error', (cause) => {
      settle()
      reject(notStarted(program, cause))
    })
    child.on('close', (exitCode) => {
      settle()
      resolve({
        ...{ exitCode, stdout: stdout.text(), stderr: stderr.text(), ended },
        ms: Math.round(clock.realMs() - started),
      })
    })
  })
}

const notStarted = (program: string, cause: Error): ProviderError =>
  new ProviderError(`${program} could not be started: ${cause.message}; is it there and executable?`, {
    provider: program,
    cause,
  })

/** The end of a text that comes in pieces. They are put together once: of a long one a sum of each would cost its square. */
function endOf(keep: number): { take(text: string): void; text(): string } {
  let pieces: string[] = []
  let length = 0
  const join = (): string => {
    pieces = [pieces.join('').slice(-keep)]
    length = pieces[0]?.length ?? 0
    return pieces[0] ?? ''
  }
  return {
    take(text) {
      pieces.push(text)
      length += text.length
      if (length > 2 * keep) join()
    },
    text: join,
  }
}

/** How often what a lasting program has written is looked for, real time. */
const LOOK_MS = 200

async function runLasting(given: ChildProcess, lasting: Lasting, clock: Clock): Promise<ChildResult> {
  const { command, cwd, timeoutMs, signal, keep = MAX_OUTPUT } = given
  const [{ spawn }, { open }] = await Promise.all([import('node:child_process'), import('node:fs/promises')])
  const [program, ...args] = command
  const started = clock.realMs()
  const files = await Promise.all([lasting.stdout, lasting.stderr].map((path) => open(path, 'wx+', 0o600)))
  const [stdout, stderr] = files as [FileHandle, FileHandle]
  const ends = [endOf(keep), endOf(keep)] as const
  const readOut = follow(stdout, (text) => {
    ends[0].take(text)
    lasting.output(text)
  })
  const readErr = follow(stderr, ends[1].take)
  try {
    const child = spawn(program, args, {
      cwd,
      env: environmentOf(given),
      detached: true,
      stdio: ['ignore', stdout.fd, stderr.fd],
    })
    let ended: ChildResult['ended'] = 'exit'
    const interrupt = (why: 'timeout' | 'cancelled'): void => {
      // A second one would have it drop everything where it stands.
      if (ended !== 'exit') return
      ended = why
      child.kill('SIGINT')
    }
    const timer = setTimeout(() => interrupt('timeout'), clock.ioTimeout(timeoutMs))
    const onAbort = (): void => interrupt('cancelled')
    const exited = new Promise<number | null>((resolve, reject) => {
      child.on('error', (cause) => reject(notStarted(program, cause)))
      child.on('exit', resolve)
    })
    const looking = setInterval(() => void readOut(), LOOK_MS)
    try {
      if (child.pid !== undefined) lasting.started(child.pid)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
      const exitCode = await exited
      await Promise.all([readOut(), readErr()])
      const [out, err] = ends
      return {
        ...{ exitCode, stdout: out.text(), stderr: err.text(), ended },
        ms: Math.round(clock.realMs() - started),
      }
    } finally {
      clearInterval(looking)
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}

/** Reads on in a file that grows, one time after the other. @returns what reads until its present end */
function follow(file: FileHandle, take: (text: string) => void): () => Promise<void> {
  const decoder = new StringDecoder('utf8')
  const buffer = Buffer.alloc(64 * 1024)
  let at = 0
  const readToEnd = async (): Promise<void> => {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      take(decoder.write(buffer.subarray(0, bytesRead)))
    }
  }
  let reading = Promise.resolve()
  return () => (reading = reading.then(readToEnd))
}

function sendToGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
