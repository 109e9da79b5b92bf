import { messageOf, type Ports } from '@deploy-actions/action-kit'
import type { RegionConfig } from '@deploy-actions/config'
import type { InspectedCaller } from '@deploy-actions/rehearsal'
import { doubtOf, type Entry } from '@deploy-actions/ledger'
import { defined, holdingStates } from '@deploy-actions/rollout'
import { described, type RouterReading } from '@deploy-actions/traffic'
import { callsOf, PLACEHOLDER, suiteOf } from '../callers'
import type { Unchecked } from '../finding'
import { lookAtRepository, type RepositoryAccess, type RepositoryLook } from '../repository-access'
import { assess, type Seen } from './assess'
import { expectedWeights, wholeArm } from './expected'
import { lookAtLedger, lookAtTraffic, type LedgerLook, type Look, type LookOptions } from './look'
import {
  statusKinds,
  statusReport,
  type EmergencyStatus,
  type RegionStatus,
  type RunStatus,
  type StatusReport,
  type TransactionStatus,
} from './report'
import { waitingRuns, type RunLook } from './runs'

export interface StatusOptions extends LookOptions {
  configs: readonly RegionConfig[]
  /** path of rollout.yml in the repository */
  config: string
  /** the workflows of the repository that use the suite: whose runs are believed, and how one takes a release back */
  callers: readonly InspectedCaller[]
  /** undefined for a ledger in a folder */
  access: RepositoryAccess | undefined
}

/** Looks at every region, by the ledger and by its router; nothing is written. */
export async function status(options: StatusOptions, given: Ports): Promise<StatusReport> {
  const { configs, service, config: path } = options
  const look = options.access && (await lookAtRepository(options.access))
  const access = options.access && byItsName(options.access, look)
  const { suite, emergency, ports } = namedBy(options.callers, given, access)
  const unchecked: Unchecked[] = []
  const unseen = look?.seen === false ? look.why : undefined
  const waiting = access && unseen === undefined ? await whoWaits(ports, unchecked) : []
  const now = ports.clock.now()
  const regions = await Promise.all(
    configs.map(async (config) => {
      const [ledger, router] = await Promise.all([
        unseen === undefined ? lookAtLedger(config, options, ports) : { why: unseen },
        lookAtTraffic(config, ports),
      ])
      const named = { service, repository: access, path, suite, emergency }
      return regionStatus({ config, ...named, ledger, router, waiting, now }, ports)
    }),
  )
  if (!access)
    unchecked.push({
      what: 'whether the runs of open transactions go on, and who waits for an approval',
      why: 'the ledger is a folder, beside which there is no GitHub',
    })
  const sorted = regions.toSorted((a, b) => severity(a) - severity(b))
  return statusReport.parse({
    v: 1,
    service,
    repository: access?.name ?? null,
    at: now.toISOString(),
    ok: sorted.every(({ findings }) => findings.length === 0),
    regions: sorted,
    unchecked,
    githubCalls: access?.calls() ?? 0,
  } satisfies StatusReport)
}

const EMERGENCY = 'emergency-rollback.yml'

/** Which suite the callers use, and the file of the one by which a release is taken back. */
function namedBy(
  callers: readonly InspectedCaller[],
  ports: Ports,
  { owner, repo }: Partial<RepositoryAccess> = {},
): { suite: string; emergency: string; ports: Ports } {
  const suite = suiteOf(callers)
  const path = callsOf(callers, EMERGENCY)[0]?.caller.path ?? EMERGENCY
  // Where the callers name one suite, only that one's workflows open transactions that are believed.
  const actionRepository = suite.startsWith(`${PLACEHOLDER}/`) ? '' : suite
  return {
    suite,
    emergency: path.split('/').at(-1) ?? EMERGENCY,
    ports: { ...ports, context: { ...ports.context, ...defined({ owner, repo }), actionRepository } },
  }
}

/** By the name that it has now: GitHub sends whoever asks by an old one on, and its runs are those of the new one. */
function byItsName(access: RepositoryAccess, look: RepositoryLook | undefined): RepositoryAccess {
  if (look?.seen !== true || look.renamedTo === undefined) return access
  const [owner = '', repo = ''] = look.renamedTo.split('/')
  return { ...access, name: look.renamedTo, owner, repo }
}

async function whoWaits({ github }: Ports, unchecked: Unchecked[]): Promise<RunLook[]> {
  try {
    return await waitingRuns(github)
  } catch (error) {
    unchecked.push({ what: 'runs that wait for an approval', why: messageOf(error) })
    return []
  }
}

/** The worst finding of a region; those without come last, in the order of the file. */
const severity = ({ findings }: RegionStatus): number =>
  Math.min(statusKinds.length, ...findings.map(({ kind }) => statusKinds.indexOf(kind)))

function regionStatus(seen: Seen, ports: Ports): RegionStatus {
  const { name, environment } = seen.config.region
  const findings = assess(seen).toSorted((a, b) => statusKinds.indexOf(a.kind) - statusKinds.indexOf(b.kind))
  return {
    name,
    environment,
    ledger: 'seen' in seen.ledger ? ledgerStatus(seen.ledger.seen, ports) : null,
    router: routerStatus(seen.router),
    findings,
  }
}

function ledgerStatus(look: LedgerLook, ports: Ports): NonNullable<RegionStatus['ledger']> {
  const { newest, holder, serving, emergency } = look
  const shown = holder ?? newest
  const expected = newest && expectedWeights(newest)
  return {
    newest: shown ? transactionStatus(shown, look, ports) : null,
    serving: serving ?? null,
    arm: (expected && wholeArm(expected)) ?? null,
    lastEmergency: emergency ? emergencyStatus(emergency) : null,
  }
}

function transactionStatus(entry: Entry, { runs }: LedgerLook, { context }: Ports): TransactionStatus {
  const { record, state, note, markedAt } = entry
  return {
    ...{ id: record.id, state, note, holds: holdingStates.includes(state) },
    doubt: doubtOf(entry) ?? null,
    release: record.release,
    weightsOnly: record.weightsOnly === true,
    openedAt: record.openedAt,
    since: markedAt ?? null,
    run: runStatus(entry, runs, context),
  }
}

function runStatus(
  { record: { run } }: Entry,
  runs: readonly RunLook[],
  context: Ports['context'],
): RunStatus {
  const { id, attempt, actor } = run
  const atWork = runs.find(({ status }) => status !== 'completed') ?? runs.find((one) => one.id === id)
  const { serverUrl, owner, repo } = context
  return {
    ...{ id: atWork?.id ?? id, attempt, actor },
    url: atWork?.url ?? `${serverUrl}/${owner}/${repo}/actions/runs/${id}`,
    status: atWork?.status ?? null,
    waitsFor: atWork?.waitsFor ?? [],
  }
}

const emergencyStatus = ({ record, takenBack, drill, markedAt }: Entry): EmergencyStatus => ({
  transaction: record.id,
  version: record.release.version,
  drill: takenBack === undefined,
  said: takenBack ?? drill ?? '',
  at: markedAt ?? null,
})

const routerStatus = (look: Look<RouterReading>): RegionStatus['router'] => {
  if (!('seen' in look)) return null
  const { weights, effective, readAt } = look.seen
  return { weights, effective, said: described(look.seen), readAt }
}
