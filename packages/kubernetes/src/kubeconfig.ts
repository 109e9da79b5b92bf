import { readFile } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { InputError, messageOf, type ProviderPorts, type Tls } from '@deploy-actions/action-kit'
import { defined } from '@deploy-actions/rollout'

/*
 * Which cluster is meant, and as whom, from kubeconfig files as kubectl reads them. Source: Kubernetes,
 * "Organizing Cluster Access Using kubeconfig Files", and k8s.io/client-go, tools/clientcmd/api/v1.
 */

const cluster = z.looseObject({
  server: z.url({ protocol: /^https?$/, error: 'is not the address of a server' }),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
  extensions: z.array(z.looseObject({ name: z.string(), extension: z.unknown() })).optional(),
})

/** A program that prints credentials. Source: Kubernetes, "Client authentication v1". */
const exec = z.looseObject({
  apiVersion: z.enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().optional(),
  provideClusterInfo: z.boolean().optional(),
  interactiveMode: z.enum(['Never', 'IfAvailable', 'Always']).optional(),
})

const user = z.looseObject({
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  as: z.string().optional(),
  'as-uid': z.string().optional(),
  'as-groups': z.array(z.string()).nullish(),
  exec: exec.nullish(),
  'auth-provider': z.unknown().optional(),
})

const context = z.looseObject({
  cluster: z.string(),
  user: z.string().default(''),
  namespace: z.string().optional(),
})

/** Only the entries that are used have to be right: others may be of a kind that this does not know. */
const entries = z
  .array(z.looseObject({ name: z.string() }))
  .nullish()
  .transform((all) => all ?? [])

const kubeconfig = z.looseObject({
  'current-context': z.string().optional(),
  clusters: entries,
  users: entries,
  contexts: entries,
})
type Kubeconfig = z.infer<typeof kubeconfig>

/** A program that is asked for credentials, as it is to be started. */
export interface ExecPlugin extends z.infer<typeof exec> {
  /** where the file that names it is: its path may be relative to that */
  folder: string
}

/** Who asks, as a kubeconfig says. Files are read when they are needed: tokens in them are renewed. */
export interface Credentials {
  token?: string
  tokenFile?: string
  basic?: { username: string; password: string }
  exec?: ExecPlugin
  /** headers by which somebody else is impersonated */
  impersonate: Record<string, string>
}

/** A cluster, and who asks it. */
export interface ClusterAccess {
  /** of the kubeconfig, or `in-cluster` */
  context: string
  server: string
  namespace: string
  tls: Tls
  credentials: Credentials
  /** as a program that prints credentials is told of the cluster */
  info: Record<string, unknown>
}

/** Where a pod finds who it is. Source: Kubernetes, "Accessing the Kubernetes API from a Pod". */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** What a kubeconfig that is no file is called. */
const GIVEN = 'the kubeconfig of the secret'

/** What says which cluster is meant. */
export interface ClusterChoice {
  /** one of the kubeconfig; default its current one */
  context?: string | undefined
  /** text of a kubeconfig, instead of the files that the job's environment names */
  kubeconfig?: string | undefined
}

/**
 * As kubectl does: the given kubeconfig, else those of KUBECONFIG, else `~/.kube/config`; where there is none, the account
 * of the pod in which this runs.
 * @throws InputError when none is there or what it says cannot be used
 */
export async function clusterAccess(
  { context, kubeconfig: given }: ClusterChoice,
  { ambient, workspace }: Pick<ProviderPorts, 'ambient' | 'workspace'>,
): Promise<ClusterAccess> {
  if (given !== undefined)
    return chosen([{ path: GIVEN, folder: workspace, config: await parsed(given, GIVEN) }], context)
  const paths = pathsOf(ambient)
  const files = (await Promise.all(paths.map(readConfig))).filter((file) => file !== undefined)
  if (files.length > 0) return chosen(files, context)
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = ambient
  if (host && port && context === undefined) return inCluster(host, port)
  throw new InputError([
    {
      where: 'kubeconfig',
      message: `there is none at ${paths.join(' or ') || '~/.kube/config'}; log in to the cluster in a step before, or set KUBECONFIG`,
    },
  ])
}

function pathsOf({ KUBECONFIG: files, HOME: home }: Readonly<Record<string, string>>): string[] {
  const listed = (files ?? '').split(delimiter).filter(Boolean)
  return listed.length > 0 || home === undefined ? listed : [join(home, '.kube', 'config')]
}

interface ConfigFile {
  path: string
  folder: string
  config: Kubeconfig
}

/** Undefined where there is no such file: of a list of them not all need to be there. */
async function readConfig(path: string): Promise<ConfigFile | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new InputError([{ where: path, message: `cannot be read: ${messageOf(error)}` }])
  }
  return { path, folder: dirname(resolve(path)), config: await parsed(text, path) }
}

async function parsed(text: string, where: string): Promise<Kubeconfig> {
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = parse(text)
  } catch {
    // What the parser says shows lines of the file, which holds credentials.
    throw new InputError([{ where, message: 'is not YAML' }])
  }
  return checked(kubeconfig, value ?? {}, where)
}

function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new InputError(
    result.error.issues.map(({ path, message }) => ({ where: [where, ...path].join('.'), message })),
  )
}

/** Of an entry that several files have, the first counts. */
function chosen(files: readonly ConfigFile[], wanted: string | undefined): Promise<ClusterAccess> {
  const where = files.map(({ path }) => path).join(', ')
  const name = wanted ?? files.map(({ config }) => config['current-context']).find(Boolean)
  if (name === undefined)
    throw new InputError([{ where, message: 'has no current-context; say which context is meant' }])
  const of = <T extends z.ZodType>(kind: 'clusters' | 'users' | 'contexts', entry: string, schema: T) => {
    for (const { folder, path, config } of files) {
      const found = config[kind].find((one) => one.name === entry)
      const key = kind.slice(0, -1)
      if (found) return { folder, value: checked(schema, found[key], `${path}: ${key} ${entry}`) }
    }
    const known = files.flatMap(({ config }) => config[kind].map((one) => one.name))
    throw new InputError([
      { where, message: `has no ${entry} among its ${kind}; known: ${known.join(', ') || 'none'}` },
    ])
  }
  const { cluster: at, user: who, namespace = 'default' } = of('contexts', name, context).value
  const to = of('clusters', at, cluster)
  const as = who === '' ? { folder: to.folder, value: {} } : of('users', who, user)
  return access({
    context: name,
    namespace,
    to: to.value,
    toFolder: to.folder,
    as: as.value,
    asFolder: as.folder,
    where,
  })
}

interface Parts {
  context: string
  namespace: string
  to: z.infer<typeof cluster>
  toFolder: string
  as: z.infer<typeof user>
  asFolder: string
  where: string
}

async function access({
  context: name,
  namespace,
  to,
  toFolder,
  as,
  asFolder,
  where,
}: Parts): Promise<ClusterAccess> {
  if (as['auth-provider'] !== undefined)
    throw new InputError([
      {
        where,
        message: `the user of ${name} has an auth-provider, which Kubernetes has taken out (1.26); log in anew, for an exec or a token`,
      },
    ])
  const [ca, cert, key] = await Promise.all([
    pemOf(to['certificate-authority-data'], to['certificate-authority'], toFolder),
    pemOf(as['client-certificate-data'], as['client-certificate'], asFolder),
    pemOf(as['client-key-data'], as['client-key'], asFolder),
  ])
  const { username, password } = as
  return {
    context: name,
    server: to.server.replace(/\/+$/, ''),
    namespace,
    tls: defined({
      ca,
      cert,
      key,
      serverName: to['tls-server-name'],
      proxy: to['proxy-url'],
      verify: to['insecure-skip-tls-verify'] ? false : undefined,
    }),
    credentials: defined({
      token: as.token,
      tokenFile: as.tokenFile && resolve(asFolder, as.tokenFile),
      basic: username === undefined ? undefined : { username, password: password ?? '' },
      exec: as.exec ? { ...as.exec, folder: asFolder } : undefined,
      impersonate: impersonation(as, where),
    }),
    info: defined({
      server: to.server,
      'tls-server-name': to['tls-server-name'],
      'insecure-skip-tls-verify': to['insecure-skip-tls-verify'],
      'certificate-authority-data': ca && Buffer.from(ca).toString('base64'),
      'proxy-url': to['proxy-url'],
      config: to.extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.extension,
    }),
  }
}

/** The data, which counts before a file. */
async function pemOf(
  data: string | undefined,
  file: string | undefined,
  folder: string,
): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  if (!file) return undefined
  const path = resolve(folder, file)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new InputError([{ where: path, message: `cannot be read: ${messageOf(error)}` }])
  }
}

/** Source: Kubernetes, "User impersonation". */
function impersonation(
  { as, 'as-uid': uid, 'as-groups': groups }: z.infer<typeof user>,
  where: string,
): Credentials['impersonate'] {
  if (!as) return {}
  if ((groups?.length ?? 0) > 1)
    throw new InputError([
      { where, message: 'as-groups has several groups, and only one can be impersonated' },
    ])
  return defined({ 'impersonate-user': as, 'impersonate-uid': uid, 'impersonate-group': groups?.[0] })
}

/** @throws InputError with all that is not there of the account */
async function inCluster(host: string, port: string): Promise<ClusterAccess> {
  const paths = ['ca.crt', 'namespace'].map((file) => join(ACCOUNT, file))
  const read = await Promise.allSettled(paths.map((path) => readFile(path, 'utf8')))
  const problems = read.flatMap((one, index) =>
    one.status === 'fulfilled'
      ? []
      : [{ where: paths[index] ?? ACCOUNT, message: `cannot be read: ${messageOf(one.reason)}` }],
  )
  if (problems.length > 0) throw new InputError(problems)
  const [ca, namespace] = read.map((one) => (one.status === 'fulfilled' ? one.value : undefined))
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  return {
    context: 'in-cluster',
    server,
    namespace: namespace?.trim() || 'default',
    tls: defined({ ca }),
    credentials: { tokenFile: join(ACCOUNT, 'token'), impersonate: {} },
    info: { server },
  }
}
