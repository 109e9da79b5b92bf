import { ProviderError, type Ports } from '@deploy-actions/action-kit'
import { defined, holdingStates, mayBecome } from '@deploy-actions/rollout'
import { restorePointArtifact, stateArtifacts } from './artifact-names'
import { COPIED_WITHIN_MS, misdated } from './copies'
import type { Mark } from './deployment'
import type { Deployments, ListedDeployment } from './deployments'
import type { Entry, LedgerQuery } from './ledger'
import type { TransactionRecord } from './record'
import type { RunProofs } from './run-proofs'

/**
 * GitHub keeps statuses for 90 days and runs for 35: a record of that age without any status has lost them, and it
 * cannot be live. What it came to is not known any more, so it counts for nothing.
 */
const FORGOTTEN_AFTER_MS = 60 * 24 * 3_600_000

/** So long a run may last. Source: GitHub, "Usage limits", workflow run time. */
const LONGEST_RUN_MS = 35 * 24 * 3_600_000

/** So many records in a row that no run has opened are somebody's work: what is behind them is not looked for. */
const MAX_UNPROVEN = 50

/** A deployment that its run has proven to have opened. */
export interface Proven extends ListedDeployment {
  distrust?: string
}

/** A transaction as it was read. */
export interface Seen {
  entry: Entry
  /** it was marked as open: nobody before it can hold the environment */
  wasLetIn: boolean
  number: number
}

/** Numbers of deployments: above one, below the other. */
export interface Span {
  after?: number
  before?: number
}

/** Whose marks are looked at. */
export interface Owner {
  id: string
  environment: string
  /** the run that opened it */
  run: number
}

export const ownerOf = ({ id, environment, run }: TransactionRecord): Owner => ({
  id,
  environment,
  run: run.id,
})

/** What of a service's deployments and their statuses is believed; the rest is said to count for nothing. */
export interface ProvenDeployments {
  /** Those that their runs have opened, newest first. @throws ProviderError behind many that none has */
  known(query: LedgerQuery, span?: Span): AsyncGenerator<Proven>
  /** Undefined for one of which it is not known any more what it came to. */
  read(deployment: Proven): Promise<Seen | undefined>
  /** Where a transaction stands: by the last mark that could be made, and counts. */
  stateOf(number: number, owner: Owner): Promise<Mark>
  /** What has been proven, and was told to be: it takes a run and an artifact, `RUN/ARTIFACT`, and never ends. */
  facts(): string[]
}

/** @param told what an earlier job of this run has proven, as its `facts` gave it: that is not asked again */
export function proveDeployments(
  service: string,
  deployments: Deployments,
  proofs: RunProofs,
  { clock, log }: Pick<Ports, 'clock' | 'log'>,
  told: readonly string[] = [],
): ProvenDeployments {
  const facts = new Set(told)
  /** Numbers of those that count for nothing, which is said once. */
  const refused = new Set<number>()

  const prove = async (deployment: ListedDeployment): Promise<Proven | undefined> => {
    const { number, record, payload } = deployment
    if (refused.has(number)) return undefined
    const { id, run, environment } = record
    const refuse = (why: string): undefined => {
      log.warning(`deployment ${number} says to be transaction ${id}, and counts for nothing: ${why}`)
      refused.add(number)
    }
    const misplaced = whyMisplaced(deployment)
    if (misplaced !== undefined) return refuse(misplaced)
    const artifact = restorePointArtifact(id, payload)
    const fact = `${run.id}/${artifact}`
    if (facts.has(fact)) return deployment
    if ((await proofs.uploaded(run.id, artifact)) === undefined)
      return refuse(`run ${run.id} uploaded no restore point that is the same before it opened it`)
    const standing = await proofs.standing(run.id, environment)
    if (standing.level === 'none') return refuse(standing.why)
    if (standing.level !== 'trusted') return { ...deployment, distrust: standing.why }
    facts.add(fact)
    return deployment
  }

  /** Those that their runs have opened, newest first. */
  async function* known(
    { environment, id, run, rollouts }: LedgerQuery,
    { after = 0, before = Infinity }: Span = {},
  ): AsyncGenerator<Proven> {
    let unproven = 0
    // What a run has opened is no older than a run can be.
    const oldestMs = clock.now().getTime() - LONGEST_RUN_MS - COPIED_WITHIN_MS
    const since = run === undefined ? undefined : new Date(oldestMs)
    for await (const deployment of deployments.list(environment, since)) {
      const { record, number } = deployment
      if (number <= after) return
      if (number >= before) continue
      if ((id ?? record.id) !== record.id || (run ?? record.run.id) !== record.run.id) continue
      if (rollouts === true && record.weightsOnly) continue
      const found = await prove(deployment)
      if (found) yield found
      else if (++unproven > MAX_UNPROVEN)
        throw new ProviderError(
          `more than ${MAX_UNPROVEN} deployments of ${service} say to be transactions that no run has opened: somebody plants them. Delete them, then start again`,
          { provider: 'ledger' },
        )
    }
  }

  /** Whose branch nothing shows any more may have run anything: it holds a target at most. */
  const mayClose = async (run: number, environment: string): Promise<boolean> =>
    ['trusted', 'known'].includes((await proofs.standing(run, environment)).level)

  const counts = async ({ state, run }: Mark, owner: Owner): Promise<boolean> => {
    if (holdingStates.includes(state)) return true
    if (run === undefined) return false
    const artifacts = stateArtifacts(owner.id, state)
    const fact = `${run}/${artifacts[0]}`
    if (facts.has(fact)) return true
    if ((await proofs.uploaded(run, ...artifacts)) === undefined) return false
    if (run !== owner.run && !(await mayClose(run, owner.environment))) return false
    facts.add(fact)
    return true
  }

  /** The last mark that could be made, and counts. */
  const lastOf = async (marks: readonly Mark[], owner: Owner): Promise<Mark> => {
    let last: Mark = { state: 'open', note: '' }
    for (const mark of marks) {
      const isOpening = mark.state === 'open' && last.note === ''
      if (!isOpening && !mayBecome(last.state, mark.state)) continue
      if (await counts(mark, owner)) last = mark
      else
        log.warning(
          `somebody says that transaction ${owner.id} is ${mark.state}; no run has uploaded that, so it counts for nothing`,
        )
    }
    return last
  }

  const read = async (deployment: Proven): Promise<Seen | undefined> => {
    const { record, unread, distrust, number } = deployment
    const marks = await deployments.marks(number)
    const ageMs = clock.now().getTime() - Date.parse(record.openedAt)
    if (marks.length === 0 && ageMs > FORGOTTEN_AFTER_MS) return undefined
    const { state, note, run: markedBy } = await lastOf(marks, ownerOf(record))
    const wasLetIn = marks.some((mark) => mark.state === 'open')
    const entry = { ...defined({ record, unread, distrust, markedBy }), state, note, at: String(number) }
    return { entry, wasLetIn, number }
  }

  return {
    known,
    read,
    stateOf: async (number, owner) => lastOf(await deployments.marks(number), owner),
    facts: () => [...facts],
  }
}

/**
 * Why a deployment cannot be the one that its run has opened, by what GitHub tells of it. The list is that of an
 * environment, and it is the record's own whose rules its run is held to: both must be one.
 */
function whyMisplaced({ record, environment, createdAt, copyOf }: ListedDeployment): string | undefined {
  if (environment.toLowerCase() !== record.environment.toLowerCase())
    return `it stands in environment ${environment}, and its record names ${record.environment}`
  if (copyOf !== undefined) return `deployment ${copyOf} has the same record, and was there before it`
  return misdated(record, createdAt)
}
