import type { Clock } from './clock'
import { ProviderError } from './errors'
import type { ChildProcess, ChildProcesses, ChildResult, EvidenceCollector } from './ports'

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

/** Output beyond this is cut at the front; the end says why a program failed. */
const MAX_OUTPUT = 1024 * 1024
/** From the forwarded signal to the kill of the whole group, real time. */
const GRACE_MS = 3_000

/** Child processes by node:child_process: `@actions/exec` has neither time-outs nor cancellation. */
export function createChildProcesses(
  clock: Clock,
  evidence: Pick<EvidenceCollector, 'call'>,
): ChildProcesses {
  return {
    async run(child) {
      const result = await run(child, clock)
      const status = result.ended === 'exit' ? (result.exitCode ?? 'killed') : result.ended
      evidence.call({ system: 'process', what: child.command.join(' '), status, ms: result.ms })
      return result
    },
  }
}

async function run(
  { command, cwd, env, cloudLogin, timeoutMs, signal }: ChildProcess,
  clock: Clock,
): Promise<ChildResult> {
  // Most actions start none, and the module is a part of what a start costs.
  const { spawn } = await import('node:child_process')
  const [program, ...args] = command
  const started = clock.realMs()
  return new Promise((resolve, reject) => {
    const base = inheritedOf(process.env, { cloudLogin })
    // A group of its own, so that grandchildren end with it.
    const child = spawn(program, args, {
      cwd,
      env: { ...base, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = { stdout: '', stderr: '' }
    child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) => (output.stdout = (output.stdout + text).slice(-MAX_OUTPUT)))
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (output.stderr = (output.stderr + text).slice(-MAX_OUTPUT)))

    let ended: ChildResult['ended'] = 'exit'
    let grace: NodeJS.Timeout | undefined
    const stop = (why: 'timeout' | 'cancelled'): void => {
      if (ended !== 'exit') return
      ended = why
      sendToGroup(child.pid, 'SIGTERM')
      grace = setTimeout(() => {
        sendToGroup(child.pid, 'SIGKILL')
        // Whoever left the group may still hold the pipes; nobody waits for it.
        child.stdout.destroy()
        child.stderr.destroy()
      }, GRACE_MS)
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
      reject(
        new ProviderError(`${program} could not be started: ${cause.message}; is it there and executable?`, {
          provider: program,
          cause,
        }),
      )
    })
    child.on('close', (exitCode) => {
      settle()
      resolve({ exitCode, ...output, ended, ms: Math.round(clock.realMs() - started) })
    })
  })
}

function sendToGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
