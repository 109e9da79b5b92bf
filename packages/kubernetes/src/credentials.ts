import { readFile } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { z } from 'zod'
import {
  Cancelled,
  InputError,
  messageOf,
  ProviderError,
  type ProviderPorts,
  type Tls,
} from '@deploy-actions/action-kit'
import { defined } from '@deploy-actions/rollout'
import type { ClusterAccess, ExecPlugin } from './kubeconfig'

/** What a request carries to say who asks. */
export interface Identity {
  headers: Record<string, string>
  tls: Tls
}

/** Who asks a cluster, for as long as it is asked. */
export interface Identities {
  /** @throws ProviderError when a program or a file does not give it */
  now(signal: AbortSignal): Promise<Identity>
  /** What was given was not accepted. @returns whether it is worth another try: something else can be given */
  refused(): boolean
}

/** A cloud's command may have to fetch a token from far away. */
const EXEC_TIMEOUT_MS = 60_000
/** A token that ends now is of no use to the request that carries it. */
const EARLY_MS = 60_000

/** Source: Kubernetes, "Client authentication (v1)", ExecCredential. */
const execCredential = z.looseObject({
  kind: z.literal('ExecCredential'),
  status: z.looseObject({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.string().nullish(),
  }),
})

/** Asks a program at most once per token, and reads a file of a token anew, since both are renewed. */
export function identitiesOf(
  { credentials, tls, info }: ClusterAccess,
  { process, clock }: Pick<ProviderPorts, 'process' | 'clock'>,
): Identities {
  const { exec, impersonate } = credentials
  let kept: { identity: Promise<Identity>; until: number } | undefined
  const byExec = (plugin: ExecPlugin, signal: AbortSignal): Promise<Identity> => {
    if (kept && clock.now().getTime() < kept.until) return kept.identity
    const asked = ask(plugin, { info, process, signal })
    // Who asks at the same time waits for the same answer; a program that gave none is asked again.
    const mine = {
      until: Infinity,
      identity: asked.then(({ token, clientCertificateData: cert, clientKeyData: key }) => ({
        headers: { ...bearer(token), ...impersonate },
        tls: cert ? { ...tls, ...defined({ cert, key: key ?? undefined }) } : tls,
      })),
    }
    kept = mine
    asked.then(
      ({ expirationTimestamp: ends }) => (mine.until = ends ? Date.parse(ends) - EARLY_MS : Infinity),
      () => (mine.until = 0),
    )
    return mine.identity
  }
  return {
    async now(signal) {
      if (exec) return byExec(exec, signal)
      return { headers: { ...(await ownHeaders(credentials)), ...impersonate }, tls }
    },
    refused() {
      const renewed = kept !== undefined
      kept = undefined
      return renewed
    },
  }
}

const bearer = (token: string | null | undefined): Record<string, string> =>
  token ? { authorization: `Bearer ${token}` } : {}

async function ownHeaders({
  token,
  tokenFile,
  basic,
}: ClusterAccess['credentials']): Promise<Record<string, string>> {
  // As client-go does: a file counts before a token.
  if (tokenFile !== undefined) return bearer(await tokenIn(tokenFile))
  if (token !== undefined) return bearer(token)
  if (basic === undefined) return {}
  const pair = Buffer.from(`${basic.username}:${basic.password}`).toString('base64')
  return { authorization: `Basic ${pair}` }
}

async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new InputError([{ where: file, message: `the token in it cannot be read: ${messageOf(error)}` }])
  }
}

/** Shows nothing of what the program printed: it may be the token, or a part of it. */
async function ask(
  plugin: ExecPlugin,
  { info, process, signal }: Pick<ClusterAccess, 'info'> & Pick<ProviderPorts, 'process' | 'signal'>,
): Promise<z.infer<typeof execCredential>['status']> {
  const { apiVersion, command, args, env, folder, installHint, interactiveMode, provideClusterInfo } = plugin
  if (interactiveMode === 'Always')
    throw new InputError(
      `${command} asks a person for credentials (interactiveMode: Always), and none is here`,
    )
  const refuse = (why: string): ProviderError => {
    const hint = installHint === undefined ? '' : `; ${installHint.trim()}`
    return new ProviderError(`${command}, which the kubeconfig names for credentials, ${why}${hint}`, {
      provider: command,
    })
  }
  const program = command.includes('/') && !isAbsolute(command) ? resolve(folder, command) : command
  const result = await process
    .run({
      command: [program, ...(args ?? [])],
      env: {
        ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
        KUBERNETES_EXEC_INFO: JSON.stringify({
          apiVersion,
          kind: 'ExecCredential',
          spec: { interactive: false, ...(provideClusterInfo && { cluster: info }) },
        }),
      },
      cloudLogin: true,
      timeoutMs: EXEC_TIMEOUT_MS,
      signal,
    })
    .catch((error: unknown) => {
      throw refuse(messageOf(error))
    })
  if (result.ended === 'cancelled') throw new Cancelled('the run was cancelled')
  if (result.ended === 'timeout') throw refuse('did not end within a minute')
  if (result.exitCode !== 0)
    throw refuse(`ended with exit code ${result.exitCode}; run it by hand to see why`)
  const parsed = execCredential.safeParse(jsonIn(result.stdout))
  if (!parsed.success) throw refuse('did not print an ExecCredential')
  const { status } = parsed.data
  if (!status.token && !status.clientCertificateData) throw refuse('gave neither a token nor a certificate')
  return status
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
