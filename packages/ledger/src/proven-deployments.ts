import type { Ports } from '@deploy-actions/action-kit'
import { defined, holdingStates, mayBecome, type TransactionState } from '@deploy-actions/rollout'
import { cameLate } from './after-state'
import { restorePointArtifact, stateArtifacts } from './artifact-names'
import { isAskedFor } from './asked-for'
import { COPIED_WITHIN_MS, misdated } from './copies'
import type { Mark, PostedInstruction } from './deployment'
import type { Deployments, ListedDeployment } from './deployments'
import { instructionArtifacts, type GivenInstruction } from './instructions'
import { Flooded, type Entry, type Followed, type LedgerQuery } from './ledger'
import { oldArmArtifacts, oldArmBy, type OldArm, type PostedOldArm } from './old-arm'
import type { TransactionRecord } from './record'
import type { RunProofs } from './run-proofs'
import { drillIn, takenBackIn, wasClosed } from './taken-back'

/**
 * GitHub keeps statuses for 90 days and runs for 35: a record of that age without any status has lost them, and it
 * cannot be live. What it came to is not known any more, so it counts for nothing.
 */
export const FORGOTTEN_AFTER_MS = 60 * 24 * 3_600_000

/** So long a run may last. Source: GitHub, "Usage limits", workflow run time. */
const LONGEST_RUN_MS = 35 * 24 * 3_600_000

/** So many records in a row that no run has opened are somebody's work: what is behind them is not looked for. */
const MAX_UNPROVEN = 50

const SUPERSEDED: TransactionState = 'superseded'

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

/** A deployment that says to be a transaction, and counts for nothing. */
export interface RefusedDeployment {
  number: number
  /** the transaction that it says to be */
  id: string
  /** by GitHub's own clock */
  createdAt: Date
  why: string
}

/** What of a service's deployments and their statuses is believed; the rest is said to count for nothing. */
export interface ProvenDeployments {
  /**
   * Those that their runs have opened, newest first.
   * @param isSettled of which no more is asked
   * @throws ProviderError behind many that none has
   */
  known(
    query: LedgerQuery,
    span?: Span,
    isSettled?: (record: TransactionRecord) => boolean,
  ): AsyncGenerator<Proven>
  /** Undefined for one of which it is not known any more what it came to. */
  read(deployment: Proven): Promise<Seen | undefined>
  /** Where a transaction stands: by the last mark that could be made, and counts. */
  stateOf(number: number, owner: Owner): Promise<Mark & { oldArm?: OldArm | undefined }>
  /** The same, and what people have said to it, for who asks again and again. */
  followed(number: number, owner: Owner): Promise<Followed>
  /**
   * What has been proven, and was told to be, and never ends: which run uploaded which artifact, `RUN/ARTIFACT`, and which
   * deployments came to nothing, `NUMBER/superseded`.
   */
  facts(): string[]
}

/**
 * @param told what an earlier job of this run has proven, as its `facts` gave it: that is not asked again
 * @param onRefused hears, once, of each that counts for nothing; default a warning
 */
export function proveDeployments(
  service: string,
  deployments: Deployments,
  proofs: RunProofs,
  { clock, log }: Pick<Ports, 'clock' | 'log'>,
  {
    told = [],
    onRefused = ({ number, id, why }) =>
      log.warning(`deployment ${number} says to be transaction ${id}, and counts for nothing: ${why}`),
  }: { told?: readonly string[]; onRefused?: ((refused: RefusedDeployment) => void) | undefined } = {},
): ProvenDeployments {
  const facts = new Set(told)
  /** Numbers of those that count for nothing, which is said once. */
  const refused = new Set<number>()

  const prove = async (deployment: ListedDeployment): Promise<Proven | undefined> => {
    const { number, record, payload, createdAt } = deployment
    if (refused.has(number)) return undefined
    const { id, run, environment } = record
    const refuse = (why: string): undefined => {
      onRefused({ number, id, createdAt, why })
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
    query: LedgerQuery,
    { after = 0, before = Infinity }: Span = {},
    isSettled: (record: TransactionRecord) => boolean = () => false,
  ): AsyncGenerator<Proven> {
    const { environment, run, depth = Infinity } = query
    let unproven = 0
    let seen = 0
    // What a run has opened is no older than a run can be.
    const oldestMs = clock.now().getTime() - LONGEST_RUN_MS - COPIED_WITHIN_MS
    const since = run === undefined ? undefined : new Date(oldestMs)
    for await (const deployment of deployments.list(environment, since)) {
      const { record, number } = deployment
      if (number <= after || ++seen > depth) return
      if (number >= before || !isAskedFor(record, query) || isSettled(record)) continue
      const found = await prove(deployment)
      if (found) {
        unproven = 0
        yield found
      } else if (++unproven > MAX_UNPROVEN)
        throw new Flooded(
          `more than ${MAX_UNPROVEN} deployments of ${service} say to be transactions that no run has opened: somebody plants them. Delete them, then start again`,
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

  /** The last mark that could be made, and counts; and whether one before it that does was a commit. */
  const lastOf = async (marks: readonly Mark[], owner: Owner): Promise<Mark & { wasCommitted?: true }> => {
    let last: Mark = { state: 'open', note: '' }
    let committed = false
    for (const mark of marks) {
      const isOpening = mark.state === 'open' && last.note === ''
      if (!isOpening && (!mayBecome(last.state, mark.state) || cameLate(mark, last.state))) continue
      if (await counts(mark, owner)) {
        last = mark
        committed ||= mark.state === 'committed'
      } else
        log.warning(
          `somebody says that transaction ${owner.id} is ${mark.state}; no run has uploaded that, so it counts for nothing`,
        )
    }
    return committed ? { ...last, wasCommitted: true } : last
  }

  /** Whether what a run says counts, by run, kind and stage: each is proven once. */
  const heard = new Map<string, boolean>()

  const believed = async ({ run, ...given }: PostedInstruction, owner: Owner): Promise<boolean> => {
    if (run === undefined) return false
    if ((await proofs.uploaded(run, ...instructionArtifacts(owner.id, given))) === undefined) return false
    if (!(await mayClose(run, owner.environment))) return false
    return given.kind !== 'skip' || proofs.reviewed(run, owner.environment)
  }

  /**
   * What is said to a transaction, as far as its run has uploaded it first, and a reviewer has let in what skips stages. A
   * run says the same once: what is posted again in its name is somebody's repetition.
   */
  const heardOf = async (posted: readonly PostedInstruction[], owner: Owner): Promise<GivenInstruction[]> => {
    const once = new Map<string, PostedInstruction>()
    for (const one of posted) {
      const name = `${owner.id} ${one.run} ${one.kind} ${one.stage}`
      if (!once.has(name)) once.set(name, one)
    }
    for (const [name, one] of once) {
      if (heard.has(name)) continue
      heard.set(name, await believed(one, owner))
      if (!heard.get(name))
        log.warning(
          `somebody says \`${one.kind}\` to transaction ${owner.id}, in the name of ${one.by}; no run that may has ${one.kind === 'skip' ? 'been let in by a reviewer and ' : ''}uploaded that, so it counts for nothing`,
        )
    }
    return [...once].flatMap(([name, { run: _, ...given }]) => (heard.get(name) ? [given] : []))
  }

  /** What no run has uploaded counts for nothing: otherwise anybody could keep a release from being taken back. */
  const oldArmOf = async (posted: readonly PostedOldArm[], owner: Owner): Promise<OldArm | undefined> => {
    const proven: (PostedOldArm & { run: number })[] = []
    for (const word of posted) {
      const { run } = word
      const isUploaded =
        run !== undefined && (await proofs.uploaded(run, ...oldArmArtifacts(owner.id, word))) !== undefined
      if (isUploaded && (await mayClose(run, owner.environment))) proven.push({ ...word, run })
      else
        log.warning(
          `somebody says of the old arm ${word.arm} of transaction ${owner.id} that its decommission is ${word.phase}; no run that may has uploaded that, so it counts for nothing`,
        )
    }
    return oldArmBy(proven)
  }

  const read = async (deployment: Proven): Promise<Seen | undefined> => {
    const { record, unread, distrust, number } = deployment
    const unmoved = `${number}/superseded`
    // That is an end, and of those that came to nothing there may be many in a row.
    if (facts.has(unmoved)) {
      const entry = { ...defined({ record, unread, distrust }), state: SUPERSEDED, note: SUPERSEDED }
      return { entry: { ...entry, at: String(number) }, wasLetIn: false, number }
    }
    const { marks, oldArm: words } = await deployments.said(number)
    const ageMs = clock.now().getTime() - Date.parse(record.openedAt)
    if (marks.length === 0 && ageMs > FORGOTTEN_AFTER_MS) return undefined
    const last = await lastOf(marks, ownerOf(record))
    const { state, note, run: markedBy, madeAt: markedAt, wasCommitted } = last
    const wasLetIn = marks.some((mark) => mark.state === 'open')
    if (state === SUPERSEDED) facts.add(unmoved)
    const [takenBack, drill] = [takenBackIn(marks), drillIn(marks)]
    const entry = {
      ...defined({ record, unread, distrust, markedBy, markedAt, takenBack, drill }),
      ...defined({ wasCommitted, wasClosed: wasClosed(marks) }),
      ...defined({ oldArm: await oldArmOf(words, ownerOf(record)) }),
      ...{ state, note, at: String(number) },
    }
    return { entry, wasLetIn, number }
  }

  return {
    known,
    read,
    async stateOf(number, owner) {
      const { marks, oldArm } = await deployments.said(number)
      return { ...(await lastOf(marks, owner)), oldArm: await oldArmOf(oldArm, owner) }
    },
    async followed(number, owner) {
      const { marks, instructions } = await deployments.said(number)
      const { state, note } = await lastOf(marks, owner)
      return { state, note, instructions: await heardOf(instructions, owner) }
    },
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
