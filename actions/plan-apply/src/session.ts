import { createHash, createHmac } from 'node:crypto'
import { glob, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import {
  GateFailed,
  messageOf,
  providerPorts,
  OIDC_TOKEN,
  OIDC_URL,
  redact,
  type Ports,
  type Problem,
} from '@deploy-actions/action-kit'
import {
  findProgram,
  fingerprintKey,
  locatesState,
  openFolder,
  ToolMissing,
  type FailureReason,
  type Here,
  type LockInfo,
  type Program,
  type WorkingFolder,
} from '@deploy-actions/terraform'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** A step under way. */
export interface Session {
  inputs: Inputs
  ports: Ports
  program: Program
  tool: WorkingFolder
  folder: string
  /** what the tool gets of the step's secrets */
  environment: Record<string, string>
  /** what seals plans; absent where none is kept */
  planKey?: string
  /** for fingerprints and digests; without a plan-key a key of this run alone */
  key: Buffer
}

/** The shortest that is taken: 32 characters of base64 are 192 bits. */
const SHORTEST_KEY = 32

/** All that is missing or wrong of what the step is to get, but for its values. */
export function secretProblems(
  inputs: Inputs,
  { secrets, oidc }: Pick<Ports, 'secrets' | 'oidc'>,
): Problem[] {
  const problems: Problem[] = []
  const say = (name: string, message: string): void =>
    void problems.push({ where: `input \`${name}\``, message })
  // What is only looked at is not sealed.
  const isSealed = inputs.mode !== 'drift' && inputs.mode !== 'outputs'
  const keyName = isSealed ? inputs['plan-key-secret'] : undefined
  for (const name of inputs['tool-secrets'])
    if (!secrets.get(name)) say('tool-secrets', `${name} is not one of secrets, or is empty`)
  const planKey = keyName === undefined ? undefined : (secrets.get(keyName) ?? '')
  if (planKey === '') say('plan-key-secret', `${keyName} is not one of secrets, or is empty`)
  else if (planKey !== undefined && planKey.length < SHORTEST_KEY)
    say(
      'plan-key-secret',
      `${keyName} is shorter than ${SHORTEST_KEY} characters; make one with: openssl rand -base64 32`,
    )
  if (keyName === undefined && isSealed && inputs['plan-store'] !== 'none')
    say(
      'plan-key-secret',
      'is missing: a plan holds secrets in clear, so it is kept sealed or not at all (plan-store: none)',
    )
  if (inputs.oidc && !oidc) say('oidc', 'this job may not ask for a token: give it id-token: write')
  return problems
}

/** The secrets of the step, once they are known to be there. */
export function secretsOf(
  inputs: Inputs,
  { secrets }: Pick<Ports, 'secrets'>,
): { planKey?: string; environment: Record<string, string> } {
  const of = (name: string): string => secrets.get(name) ?? ''
  const keyName = inputs['plan-key-secret']
  return {
    environment: Object.fromEntries(inputs['tool-secrets'].map((name) => [name, of(name)])),
    ...(keyName !== undefined && secrets.get(keyName) && { planKey: of(keyName) }),
  }
}

export async function openSession(inputs: Inputs, ports: Ports): Promise<Session> {
  const { planKey, environment: secrets } = secretsOf(inputs, ports)
  const environment = { ...secrets, ...tokensOf(inputs, ports) }
  const folder = join(ports.context.workspace, inputs.path)
  const program = await programOf(inputs, ports)
  const repository = `${ports.context.owner}/${ports.context.repo}`
  return {
    ...{ inputs, ports, program, folder, environment },
    tool: openFolder(program, { folder, environment }, ports, ports.signal),
    ...(planKey !== undefined && { planKey }),
    key: await fingerprintKey(planKey ?? `${repository} ${ports.context.runId}`, repository),
  }
}

/** What backends and providers ask GitHub for a token of the job with. */
export function tokensOf({ oidc }: Pick<Inputs, 'oidc'>, ports: Ports): Record<string, string> {
  return oidc && ports.oidc ? { [OIDC_URL]: ports.oidc.url, [OIDC_TOKEN]: ports.oidc.token } : {}
}

async function programOf(inputs: Inputs, ports: Ports): Promise<Program> {
  try {
    return await wantedProgram(inputs, ports)
  } catch (error) {
    if (error instanceof ToolMissing) throw failed(messageOf(error), 'tool-missing')
    throw error
  }
}

/** One that the runner has, unless it has to be another version. */
async function wantedProgram({ tool, version }: Inputs, ports: Ports): Promise<Program> {
  if (version === undefined) return findProgram(tool, ports, ports.signal)
  const found = await findProgram(tool, ports, ports.signal).catch((error: unknown) => {
    if (!(error instanceof ToolMissing)) throw error
    return undefined
  })
  if (found?.version === version) return found
  if (tool !== 'terraform' && tool !== 'tofu')
    throw new ToolMissing(
      `${tool} is ${found ? `of version ${found.version}` : 'not there'}, and not ${version}`,
    )
  const { installProgram } = await import('@deploy-actions/terraform')
  const path = await installProgram({ kind: tool, version }, providerPorts(ports), ports.signal)
  return findProgram(path, ports, ports.signal)
}

/** The end of a step that did its work and says no. */
export const failed = (
  reason: string,
  failureReason: FailureReason,
  more: Partial<Outputs> & { lock?: LockInfo | undefined } = {},
): GateFailed => {
  const { lock, ...outputs } = more
  return new GateFailed(reason, {
    outputs: { ...outputs, 'failure-reason': failureReason, ...(lock && { 'lock-info': lock }) },
  })
}

/** The place of a plan, for people. */
export const placeName = ({ region, stack, environment, path }: Inputs): string =>
  [region, stack, environment].filter(Boolean).join(', ') || path

/** A text without the secrets of the step. */
export const clean = ({ secrets }: Ports, text: string): string => redact(text, secrets.values())

/** Brings the folder to where the state is. */
export async function initialise({ inputs, tool, folder }: Session): Promise<void> {
  // The workspace of an earlier step, which another backend need not have.
  await rm(join(folder, '.terraform', 'environment'), { force: true })
  await tool.init({
    backendConfig: [
      ...inputs['backend-config-files'].map((path) => fromFolder(inputs, path)),
      ...inputs['backend-config'],
    ],
    readonlyLockFile: (await lockFileOf(folder)) !== null,
  })
  await tool.selectWorkspace(inputs.workspace)
  if ((await tool.backend()).type === 'local' && !inputs['local-state'])
    throw failed(
      `the configuration in ${inputs.path} has no backend, so that the state would be a file in the checkout, which is gone with the runner; give it one, such as terraform { backend "s3" {} }, or set local-state: true`,
      'init-failed',
    )
}

/** A file of the repository as the tool takes it, which runs in the folder of the configuration. */
export const fromFolder = ({ path: folder }: Inputs, path: string): string =>
  relative(join('/', folder), join('/', path))

export const sha256 = (data: Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`

const lockFileOf = async (folder: string): Promise<string | null> =>
  readFile(join(folder, '.terraform.lock.hcl')).then(sha256, () => null)

/** Over the files of the configuration in a folder and those beneath it. */
export async function configurationOf(folder: string): Promise<string> {
  const found: string[] = []
  // What the tool has fetched is bound by its lock file.
  const exclude = (name: string): boolean => name.startsWith('.') || name === 'node_modules'
  for await (const path of glob('**/*.{tf,tofu,tf.json,tofu.json}', { cwd: folder, exclude }))
    found.push(path)
  const paths = found.sort()
  const hash = createHash('sha256')
  for (const path of paths) hash.update(`${path}\0`).update(await readFile(join(folder, path)))
  return `sha256:${hash.digest('hex')}`
}

/**
 * Variables that say where a backend is, which its own settings need not, beside those that say where a state is: of each
 * backend those that are no credentials.
 */
const ADDRESS =
  /^(TF_HTTP_(LOCK|UNLOCK)_ADDRESS|AWS_(ENDPOINT_URL.*|.*_ENDPOINT|REGION|DEFAULT_REGION)|ARM_(SUBSCRIPTION_ID|TENANT_ID|ENVIRONMENT|METADATA_HOSTNAME)|GOOGLE_(PROJECT|CLOUD_PROJECT|REGION)|CLOUDSDK_CORE_PROJECT|KUBE_(CTX.*|IN_CLUSTER_CONFIG))$/

/** In an order of their own; they are only ever told by an HMAC. */
const addressesOf = ({ ports, environment }: Pick<Session, 'ports' | 'environment'>): [string, string][] =>
  Object.entries({ ...ports.ambient, ...environment })
    .filter(([name]) => locatesState(name) || ADDRESS.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** What is known here without the tool. */
export async function placeOf(session: Pick<Session, 'inputs' | 'ports' | 'key' | 'environment'>) {
  const { inputs, ports, key } = session
  const { context } = ports
  const files = await Promise.all(
    inputs['backend-config-files'].map((path) => readFile(join(context.workspace, path), 'utf8')),
  )
  return {
    repository: `${context.owner}/${context.repo}`,
    runId: context.runId,
    sha: context.sha,
    environment: inputs.environment,
    region: inputs.region,
    path: inputs.path,
    workspace: inputs.workspace,
    backendSettings: hmac(key, JSON.stringify([addressesOf(session), files, inputs['backend-config']])),
  } satisfies Partial<Here>
}

/** Which state the folder is at, as the tool has set it up: by the whole of the backend, and what its variables say. */
export async function backendOf(
  session: Pick<Session, 'ports' | 'tool' | 'key' | 'environment'>,
): Promise<{ type: string; fingerprint: string }> {
  const { type, settings } = await session.tool.backend()
  const all = JSON.stringify([type, settings, addressesOf(session)])
  return { type, fingerprint: hmac(session.key, all) }
}

/** What the tool knows of it, once it is initialised. */
export async function toolPlaceOf(
  session: Session,
  varFiles: readonly string[],
): Promise<Pick<Here, 'tool' | 'toolVersion' | 'backend' | 'lockFile' | 'varFiles'>> {
  const { ports, program, key, folder } = session
  return {
    tool: program.kind,
    toolVersion: program.version,
    backend: await backendOf(session),
    lockFile: await lockFileOf(folder),
    varFiles: await Promise.all(
      varFiles.map(async (path) => ({
        path,
        fingerprint: await readFile(join(ports.context.workspace, path)).then(
          (data) => hmac(key, data),
          () => 'none',
        ),
      })),
    ),
  }
}

const hmac = (key: Buffer, data: string | Buffer): string =>
  createHmac('sha256', key).update(data).digest('hex')
