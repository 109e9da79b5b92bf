import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, type Ports } from '@deploy-actions/action-kit'
import {
  findArms,
  formatWeights,
  liveStates,
  transactionRecord,
  type Arms,
  type Release,
  type RestorePoint,
  type TransactionRecord,
  type Weights,
} from '@deploy-actions/rollout'
import { openRouter, type RouterSettings } from '@deploy-actions/traffic'
import { LiveTransaction, newest, newestCommitted, type Ledger } from './ledger'
import {
  readJobTransactions,
  saveJobTransaction,
  type JobTransaction,
  type RestorePointFile,
} from './transaction-file'

/** What a transaction is to be opened for. */
export interface BeginRequest {
  /** the ledger as the input names it */
  ledgerSpec: string
  ledger: Ledger
  service: string
  region: string
  environment: string
  correlationId: string
  release: Release
  router: RouterSettings
  arms: readonly [string, string]
  config?: { path: string; digest: string }
  /** Takes the restore points beside the traffic, once it is known which arm will be written. */
  snapshot?: (arms: Arms) => Promise<RestorePoint[]>
  /** Only the weights are set, whatever they are: without it one arm must carry everything, as a rollout needs it. */
  weightsOnly?: boolean
  image?: string
  dryRun: boolean
}

type BeginPorts = Pick<Ports, 'clock' | 'log' | 'signal' | 'evidence' | 'context' | 'artifacts'>

/**
 * Reads everything that will be written, uploads it as the restore-point artifact, and only then opens the record:
 * whoever dies in between leaves nothing that must be undone.
 * @throws InputError when neither arm carries all traffic, LiveTransaction when another run holds the target
 */
export async function beginTransaction(request: BeginRequest, ports: BeginPorts): Promise<JobTransaction> {
  const router = await openRouter(request.router, ports, request.arms)
  const state = await router.read(ports.signal)
  const arms = findArms(state.weights) ?? (request.weightsOnly ? byShare(state.weights) : undefined)
  if (!arms)
    throw new InputError(
      `neither arm of ${request.service} in ${request.region} carries all the traffic: the router holds ${formatWeights(state.weights)}; nothing was written. Put all of it on the arm that serves, then start again`,
    )
  // In the order in which to restore: traffic first.
  const restore: RestorePoint[] = [
    { kind: 'traffic', router: 'canary', weights: state.weights },
    ...((await request.snapshot?.(arms)) ?? []),
  ]
  const previous = (await newestCommitted(request.ledger, request.environment))?.record.release
  const record = checked({
    v: 1,
    id: await nextId(request, ports),
    service: request.service,
    region: request.region,
    environment: request.environment,
    release: request.release,
    ...(request.image === undefined ? {} : { image: request.image }),
    ...(request.weightsOnly ? { weightsOnly: true as const } : {}),
    ...(previous ? { previous } : {}),
    commit: ports.context.sha,
    ...(request.config ? { config: request.config } : {}),
    run: {
      id: ports.context.runId,
      attempt: ports.context.attempt,
      workflowRef: ports.context.workflowRef,
      actor: ports.context.actor,
    },
    correlationId: request.correlationId,
    openedAt: ports.clock.now().toISOString(),
    restore,
  })
  const transaction: JobTransaction = {
    record,
    settings: { router: request.router, arms },
    ledger: request.ledgerSpec,
    state: 'open',
  }
  if (request.dryRun) return transaction
  // Before the artifact, whose name can be used once: a refusal must not spoil the next try.
  const holder = await newest(request.ledger, request.environment)
  if (holder && liveStates.includes(holder.state)) throw new LiveTransaction(holder)

  if (request.ledgerSpec === 'github') await upload(transaction, ports)
  await request.ledger.open(record)
  await saveJobTransaction(ports.context.temp, transaction)
  return transaction
}

/** A record that a restorer could not read back must not be opened. @throws InputError: a snapshot that is too long, most of all */
function checked(record: TransactionRecord): TransactionRecord {
  const parsed = transactionRecord.safeParse(record)
  if (parsed.success) return parsed.data
  throw new InputError(
    parsed.error.issues.map(({ path, message }) => ({
      where: `transaction ${record.id}: ${path.join('.')}`,
      message: `${message}; nothing was written`,
    })),
  )
}

/** The arm with more traffic counts as the baseline where neither has all of it. */
function byShare(weights: Weights): Arms {
  const [baseline = '', canary = ''] = Object.entries(weights)
    .sort(([, a], [, b]) => b - a)
    .map(([arm]) => arm)
  return { baseline, canary }
}

/** The transaction of this very run that an earlier attempt left open, if there is one: it is restored before a new one begins. */
export async function leftOpen(
  ledger: Ledger,
  environment: string,
  runId: number,
): Promise<TransactionRecord | undefined> {
  const entry = await newest(ledger, environment)
  return entry && entry.record.run.id === runId && [...liveStates, 'restore-failed'].includes(entry.state)
    ? entry.record
    : undefined
}

async function nextId(
  { service, region, environment, ledger }: BeginRequest,
  { context }: BeginPorts,
): Promise<string> {
  const prefix = `${context.runId}-${context.attempt}-${service}-${region}-`
  const inJob = (await readJobTransactions(context.temp)).map(({ record }) => record.id)
  // Other jobs of the run may have opened some, too.
  const inRun = (await ledger.find({ environment, limit: 20 })).map(({ record }) => record.id)
  const numbers = [...inJob, ...inRun]
    .filter((id) => id.startsWith(prefix))
    .map((id) => Number(id.slice(prefix.length)))
  return `${prefix}${Math.max(0, ...numbers) + 1}`
}

/** The artifact that restorers compare the record with; its name is found by the id. */
export const restorePointArtifact = (id: string): string => `restore-point-${id}`
export const RESTORE_POINT_FILE = 'restore-point.json'

async function upload(
  { record, settings }: JobTransaction,
  { artifacts, context }: BeginPorts,
): Promise<void> {
  const folder = join(context.temp, 'deploy-actions', 'restore-points', record.id)
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, RESTORE_POINT_FILE),
    JSON.stringify({ record, settings } satisfies RestorePointFile, null, 2),
  )
  await artifacts.upload(restorePointArtifact(record.id), folder, [RESTORE_POINT_FILE])
}
