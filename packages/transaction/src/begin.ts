import { z } from 'zod'
import { InputError, runRefOf, type Ports } from '@deploy-actions/action-kit'
import type { DeployPoint } from '@deploy-actions/deploys'
import {
  holder,
  serving,
  transactionRecord,
  type Entry,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import {
  defined,
  type Arms,
  type OrderKind,
  type Release,
  type StagedStep,
  type Weights,
} from '@deploy-actions/rollout'
import { mustBeAsFound, type FoundArms } from './find-arms'
import { readJobTransactions, saveJobTransaction, type JobTransaction } from './job-transaction'
import { restorePoint, type RestorePoint } from './restore-point'
import type { FoundShare } from './share'

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
  image?: string | undefined
  /** how the regions of its rollout follow each other */
  order?: OrderKind | undefined
  /** how long the arm that it replaces stays, where something decommissions it then */
  keepOldMs?: number | undefined
  /** what the router showed: its weights are what is put back, unless something else is said */
  found: FoundArms
  /** what is put back where that is not to come back: an outage, or addresses that differ */
  restoreTo?: Weights | undefined
  config?: { path: string; digest: string } | undefined
  /** where it may be put back without asking anybody */
  guardEnvironment?: string
  /** Takes the restore points beside the traffic. */
  snapshot?: (arms: Arms) => Promise<DeployPoint[]>
  /** Reads the region's share of the global traffic, last of all: others may write beside us. */
  share?: (() => Promise<FoundShare | undefined>) | undefined
  /** Whether its release is to be brought onto the old arm, too, once it is committed. */
  finish?: ((previous: Release | undefined) => boolean) | undefined
  /** the committed transaction whose release it brings onto the old arm, too */
  finishes?: TransactionRecord | undefined
  /** the steps in which a person may take it back */
  staged?: readonly StagedStep[] | undefined
  /** The weights are set by hand: no release is rolled out by this. */
  weightsOnly?: boolean
  /** what the infrastructure gives, which its config may name */
  infra?: Record<string, string> | undefined
}

type BeginPorts = Pick<Ports, 'clock' | 'context'>

/**
 * The transaction as it would be opened: everything that will be written is read, and nothing is written.
 * @throws InputError when what was read cannot be recorded
 */
export async function prepareTransaction(request: BeginRequest, ports: BeginPorts): Promise<JobTransaction> {
  const { found, ledger, environment, ledgerSpec } = request
  // In the order in which to restore: traffic first.
  const restore: RestorePoint[] = [
    defined({
      kind: 'traffic' as const,
      router: 'canary',
      weights: request.restoreTo ?? found.reading.weights,
      states: found.reading.states,
    }),
    ...((await request.snapshot?.(found.arms)) ?? []),
  ]
  const served = await serving(ledger, environment)
  const previous = served?.release
  const finishes = request.finishes ?? finishedBy(request, served?.entry)
  const share = await request.share?.()
  if (share) restore.push(share.point)
  const record = checked(
    defined({
      v: 1 as const,
      id: await nextId(request, ports),
      service: request.service,
      region: request.region,
      environment,
      release: request.release,
      image: request.image,
      order: request.order,
      keepOldMs: request.keepOldMs,
      finish: request.finish?.(previous) ? ('promote' as const) : undefined,
      finishes: finishes && defined({ id: finishes.id, replaced: replacedBy(finishes) }),
      weightsOnly: request.weightsOnly ? (true as const) : undefined,
      previous,
      commit: ports.context.sha,
      config: request.config,
      guardEnvironment: request.guardEnvironment,
      run: runRefOf(ports.context),
      correlationId: request.correlationId,
      openedAt: ports.clock.now().toISOString(),
      restore,
    }),
  )
  return {
    record,
    settings: defined({
      router: found.settings,
      arms: found.arms,
      regions: share?.settings,
      staged: request.staged,
      infra: request.infra,
    }),
    ledger: ledgerSpec,
    state: 'open',
  }
}

/** What was on the old arm before the release came to it. */
const replacedBy = ({ finishes, previous }: TransactionRecord): Release | undefined =>
  finishes ? finishes.replaced : previous

/**
 * The committed transaction of this release that was to be brought onto its old arm, too, or was: a rollout that is run
 * again does that, by way of its stages. From its commit on there is nothing to give back, and until then the release
 * serves.
 */
const finishedBy = (
  { release, weightsOnly }: BeginRequest,
  { state, record }: Partial<Entry> = {},
): TransactionRecord | undefined =>
  !weightsOnly &&
  state === 'committed' &&
  record &&
  (record.finish ?? record.finishes) &&
  record.release.digest === release.digest
    ? record
    : undefined

/**
 * Reads everything that will be written, and only then opens the record, beside which the ledger keeps the settings:
 * whoever dies in between leaves nothing that must be undone. The router is read once more at the end: a proof or a
 * snapshot may have taken minutes, and what is put back is what is there when the record is opened.
 * @throws InputError as prepareTransaction does, LiveTransaction when another run holds the target, GateFailed when
 *   somebody has changed the weights meanwhile
 */
export async function beginTransaction(
  request: BeginRequest,
  ports: BeginPorts & Pick<Ports, 'signal'>,
): Promise<JobTransaction> {
  const transaction = await prepareTransaction(request, ports)
  await mustBeAsFound(request.found, ports.signal)
  const opened = { ...transaction, at: await request.ledger.open(transaction.record, transaction.settings) }
  await saveJobTransaction(ports.context.temp, opened)
  return opened
}

/** A record that a restorer could not read back must not be opened. @throws InputError: a snapshot that is too long, most of all */
function checked(record: TransactionRecord): TransactionRecord {
  const parsed = transactionRecord.extend({ restore: z.array(restorePoint()) }).safeParse(record)
  if (parsed.success) return parsed.data
  throw new InputError(
    parsed.error.issues.map(({ path, message }) => ({
      where: `transaction ${record.id}: ${path.join('.')}`,
      message: `${message}; nothing was written`,
    })),
  )
}

/** The transaction of this very run that an earlier attempt left open, if there is one: it is restored before a new one begins. */
export async function leftOpen(
  ledger: Ledger,
  environment: string,
  runId: number,
): Promise<Entry | undefined> {
  const entry = await holder(ledger, environment)
  return entry?.record.run.id === runId ? entry : undefined
}

async function nextId(
  { service, region, ledger }: BeginRequest,
  { context }: Pick<BeginPorts, 'context'>,
): Promise<string> {
  const prefix = `${context.runId}-${context.attempt}-${service}-${region}-`
  const inJob = (await readJobTransactions(context.temp)).map(({ record }) => record.id)
  // Other jobs of the run may have used some, too.
  const numbers = [...inJob, ...(await ledger.taken())]
    .filter((id) => id.startsWith(prefix))
    .map((id) => Number(id.slice(prefix.length)))
    .filter(Number.isInteger)
  return `${prefix}${Math.max(0, ...numbers) + 1}`
}
