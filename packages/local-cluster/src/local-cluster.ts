import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePorts } from './free-ports'
import { startLeashed, type Leashed } from './leashed'
import { clusterPrograms, KWOK_STAGES, missingIn } from './programs'
import { until } from './until'

/** An administrator's, on a server that listens on the loopback alone. */
const TOKEN = 'administrator'
/** A minute: the API server is slow to come up where everything else runs beside it. */
const PATIENT = 1200

/** What an API server answered. */
export interface Answer {
  status: number
  body: unknown
}

/** A Kubernetes API server with its controllers, whose nodes and pods kwok pretends: nothing runs in them. */
export interface LocalCluster {
  server: string
  /** path of a kubeconfig of its administrator */
  kubeconfig: string
  /** Asks the API server, as its administrator. */
  request(method: string, path: string, body?: unknown, type?: string): Promise<Answer>
  /** where its files and the logs of its processes are */
  folder: string
  /** rejects when one of its programs ends, which says so; when it is closed, too */
  ended: Promise<never>
  close(): Promise<void>
}

/**
 * Starts etcd, the API server, its controllers, the scheduler and kwok, with one node.
 * @param bin folder of the programs, with the stages of kwok's own
 * @param stages YAML documents for kwok beside those: Stages, which say what becomes of pods that they select, and logs
 * @throws when one of them does not start; its log is named
 */
export async function startLocalCluster(bin: string, stages: readonly string[] = []): Promise<LocalCluster> {
  const missing = await missingIn(bin, [...clusterPrograms, KWOK_STAGES])
  if (missing.length > 0)
    throw new Error(`${bin} has no ${missing.join(', no ')}; test/systems/install builds them`)
  const folder = await mkdtemp(path.join(tmpdir(), 'cluster-'))
  const { client, peer, secure, kubelet } = await freePorts('client', 'peer', 'secure', 'kubelet')
  const server = `https://127.0.0.1:${secure}`
  const at = (name: string): string => path.join(folder, name)
  await mkdir(at('certs'))
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  await writeFile(at('accounts.pub'), publicKey)
  await writeFile(at('accounts.key'), privateKey, { mode: 0o600 })
  await writeFile(at('tokens.csv'), `${TOKEN},admin,admin,system:masters\n`, { mode: 0o600 })

  const programs: Leashed[] = []
  const broken: Promise<never>[] = []
  const start = (name: (typeof clusterPrograms)[number], args: readonly string[]): void => {
    const program = startLeashed(name, [path.join(bin, name), ...args], at(`${name}.log`))
    programs.push(program)
    broken.push(program.ended)
  }
  const close = async (): Promise<void> => {
    // The API server before etcd: without that it would wait for it.
    for (const program of programs.toReversed()) await program.close()
    await rm(folder, { recursive: true })
  }

  try {
    const etcd = `http://127.0.0.1:${client}`
    start('etcd', [
      ...['--data-dir', at('etcd'), '--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-cluster', `default=http://127.0.0.1:${peer}`],
    ])
    start('kube-apiserver', [
      ...[`--etcd-servers=${etcd}`, `--secure-port=${secure}`, '--bind-address=127.0.0.1'],
      ...[`--cert-dir=${at('certs')}`, `--token-auth-file=${at('tokens.csv')}`, '--authorization-mode=RBAC'],
      '--service-account-issuer=https://kubernetes.default.svc',
      // Debian's etcd (3.4) does not tell how far it is, which lists that are streamed wait for: watches of kwok began late.
      '--feature-gates=WatchList=false',
      `--service-account-key-file=${at('accounts.pub')}`,
      `--service-account-signing-key-file=${at('accounts.key')}`,
      ...['--service-cluster-ip-range=10.0.0.0/24', '--disable-admission-plugins=ServiceAccount'],
    ])
    const ca = await Promise.race([...broken, until(() => readFile(at('certs/apiserver.crt')), PATIENT)])
    const agent = new Agent({ ca, keepAlive: true })
    const request: LocalCluster['request'] = (method, target, body, type = 'application/json') =>
      ask({ agent, url: `${server}${target}`, method, body, type })
    const mustBeReady = async (): Promise<void> => {
      const { status } = await request('GET', '/readyz')
      if (status !== 200) throw new Error(`/readyz answers ${status}`)
    }
    await Promise.race([...broken, until(mustBeReady, PATIENT)])
    const kubeconfig = at('kubeconfig')
    await writeFile(kubeconfig, kubeconfigOf(server, ca), { mode: 0o600 })
    const loop = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0']
    start('kube-controller-manager', [...loop, `--service-account-private-key-file=${at('accounts.key')}`])
    start('kube-scheduler', loop)
    const files = await Promise.all(
      [await readFile(path.join(bin, KWOK_STAGES), 'utf8'), ...stages].map(async (text, index) => {
        const file = at(`stages-${index}.yaml`)
        await writeFile(file, text)
        return `--config=${file}`
      }),
    )
    start('kwok', [
      ...[`--kubeconfig=${kubeconfig}`, '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake'],
      // Where the API server asks for logs, as it asks a kubelet.
      ...[`--server-address=127.0.0.1:${kubelet}`, '--node-ip=127.0.0.1', `--node-port=${kubelet}`],
      ...[
        `--tls-cert-file=${at('certs/apiserver.crt')}`,
        `--tls-private-key-file=${at('certs/apiserver.key')}`,
      ],
      ...files,
    ])
    await request('POST', '/api/v1/nodes', NODE)
    await Promise.race([...broken, until(() => nodeIsReady(request), PATIENT)])
    const ended = Promise.race(broken)
    ended.catch(() => undefined)
    return { server, kubeconfig, request, folder, ended, close }
  } catch (error) {
    await close()
    throw error
  }
}

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'fake', annotations: { 'kwok.x-k8s.io/node': 'fake' }, labels: { type: 'kwok' } },
  status: { allocatable: { cpu: '32', memory: '256Gi', pods: '110' }, capacity: { cpu: '32', pods: '110' } },
}

async function nodeIsReady(request: LocalCluster['request']): Promise<void> {
  const { body } = await request('GET', '/api/v1/nodes/fake')
  const { conditions = [] } =
    (body as { status?: { conditions?: { type: string; status: string }[] } }).status ?? {}
  if (!conditions.some(({ type, status }) => type === 'Ready' && status === 'True'))
    throw new Error('the node is not ready')
}

const kubeconfigOf = (server: string, ca: Buffer): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': ca.toString('base64') } }],
    users: [{ name: 'admin', user: { token: TOKEN } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin', namespace: 'default' } }],
    'current-context': 'test',
  })

function ask(what: {
  agent: Agent
  url: string
  method: string
  body: unknown
  type: string
}): Promise<Answer> {
  const { agent, url, method, body, type } = what
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      url,
      { agent, method, headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type } },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8')
          resolve({ status: response.statusCode ?? 0, body: jsonOr(text) })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
