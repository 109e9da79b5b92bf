import {
  patientGitHub,
  promptGitHub,
  ProviderError,
  retrying,
  runUrl,
  type GitHub,
  type Ports,
} from '@deploy-actions/action-kit'
import { digestOf } from '@deploy-actions/evidence'
import { defined, holdingStates, type TransactionState } from '@deploy-actions/rollout'
import { noteAfter, withoutAfter } from './after-state'
import { restorePointArtifact } from './artifact-names'
import { misdated } from './copies'
import { openDeployments } from './deployments'
import {
  describeState,
  isUndone,
  LiveTransaction,
  mustFollow,
  NoTransaction,
  Untrusted,
  wasBrought,
  type Entry,
  type Ledger,
  type LedgerQuery,
  type TransactionName,
} from './ledger'
import { githubFreezes } from './freezes'
import { ledgerArtifacts } from './ledger-artifacts'
import { ArmBeingRemoved, ArmGone, isBeingRemoved } from './old-arm'
import {
  ownerOf,
  proveDeployments,
  type Owner,
  type RefusedDeployment,
  type Seen,
  type Span,
} from './proven-deployments'
import type { TransactionRecord } from './record'
import { createRunProofs } from './run-proofs'

export type LedgerPorts = Pick<Ports, 'github' | 'artifacts' | 'context' | 'clock' | 'signal' | 'log'>

export interface LedgerOptions {
  /** paths of workflows, beside ours and that of this run, whose transactions may be restored */
  trustedWorkflows?: readonly string[]
  /** how long GitHub is waited for, in the action's milliseconds; default a minute */
  patienceMs?: number
  /**
   * how long the answer to each single call is waited for, in the action's milliseconds, however patient its caller is:
   * for whoever would rather act without the ledger. Default as long as GitHub is waited for
   */
  answerWithinMs?: number
  /** how long `find`, and what `open` asks before it writes, may rest on an earlier look; default not at all */
  rememberMs?: number
  /** what an earlier job of this run has proven, as its ledger's `proven` gave it */
  proven?: readonly string[]
  /** hears of each deployment that says to be a transaction and counts for nothing; default a warning in the log */
  onRefused?: (refused: RefusedDeployment) => void
}

/** A finished rollout is not rolled back for one lost answer; a restore, which tells the ledger, too, is not held up. */
const DEFAULT_PATIENCE_MS = 60_000

/**
 * Transactions as GitHub Deployments: one each, its payload the record, its statuses the states. Whoever may write
 * deployments can plant a record and post a status, so neither counts by itself. A record counts when the run that it
 * names uploaded an artifact with its digest, which only a job of that run can, and the environment takes jobs of that
 * run's branch. A state that frees a target counts when a run uploaded an artifact that says so first. A state that
 * holds one counts from anybody: the worst of it is that a person has to look.
 */
export function createGitHubLedger(service: string, ports: LedgerPorts, options: LedgerOptions = {}): Ledger {
  const { trustedWorkflows = [], patienceMs, rememberMs = 0, proven: told = [], onRefused } = options
  const { context, clock, signal } = ports
  const github = waitedFor(ports, options)
  const deployments = openDeployments(github, service, runUrl(context))
  const proofs = createRunProofs(github, context, trustedWorkflows)
  const { known, read, stateOf, followed, facts } = proveDeployments(service, deployments, proofs, ports, {
    told,
    onRefused,
  })
  const kept = ledgerArtifacts(service, proofs, ports)
  /** By environment, what was found there last. */
  const looks = new Map<string, { at: number; found: Seen[] }>()

  /** What was let in last in an environment, and whatever came after it: looked at now, or remembered. */
  const latest = async (environment: string): Promise<Seen[]> => {
    const last = looks.get(environment)
    const now = clock.now().getTime()
    if (last && now - last.at < rememberMs) return last.found
    const found: Seen[] = []
    for await (const deployment of known({ environment })) {
      const one = await read(deployment)
      if (one) found.push(one)
      // None before one that was let in can be live; before one whose opener died, or that somebody has planted, one may be.
      if (one?.wasLetIn === true && one.entry.state !== 'superseded' && one.entry.distrust === undefined)
        break
    }
    looks.set(environment, { at: now, found })
    return found
  }

  /** Why nothing may begin at a time where that stands; undefined where it may. */
  const refusal = (entry: Entry, at: Date): ProviderError | undefined => {
    if (holdingStates.includes(entry.state)) return new LiveTransaction(entry)
    // The hook that removes an arm and a rollout that deploys onto it ask for each other after they have said so: at least one sees it.
    return entry.oldArm && isBeingRemoved(entry.oldArm, at)
      ? new ArmBeingRemoved(entry.record, entry.oldArm)
      : undefined
  }

  /** Those that came to the environment after one and before another, and hold it at a time. */
  const rivalOf = async (
    environment: string,
    span: Span,
    at: Date,
  ): Promise<{ id: string; refused: ProviderError } | undefined> => {
    for await (const deployment of known({ environment }, span)) {
      const one = await read(deployment)
      const refused = one && refusal(one.entry, at)
      if (refused) return { id: one.entry.record.id, refused }
    }
    return undefined
  }

  /** As a query has it: nothing of this run is looked for in what is older than a run can be. */
  const nameOf = ({ id, environment }: TransactionName): LedgerQuery =>
    defined({ id, environment, run: id.startsWith(`${context.runId}-`) ? context.runId : undefined })

  const locate = async ({ at, ...name }: TransactionName): Promise<{ number: number; owner: Owner }> => {
    // Only this job was told the number, when it opened the transaction.
    if (at !== undefined && name.environment !== undefined)
      return { number: Number(at), owner: { id: name.id, environment: name.environment, run: context.runId } }
    for await (const { number, record } of known(nameOf(name))) return { number, owner: ownerOf(record) }
    throw new NoTransaction(name.id, `the ledger of ${service}`)
  }

  return {
    async open(record, settings) {
      const before = await latest(record.environment)
      const [refused] = before.flatMap(({ entry }) => refusal(entry, clock.now()) ?? [])
      if (refused) throw refused
      await kept.keep(record, settings)
      looks.delete(record.environment)
      const { number, createdAt } = await deployments.create(record)
      const stepBack = async (note: string): Promise<void> => {
        await kept.uploadState(record.id, 'superseded', note)
        await deployments.mark(number, 'superseded', note)
      }
      const why = misdated(record, createdAt)
      if (why !== undefined) {
        await stepBack('its time is not that of GitHub')
        throw openedAtWrongTime(record.id, why)
      }
      // Two openers: the lower number wins, the other steps back. What was looked at is looked at again: somebody may be
      // taking back what was committed, or removing its old arm: whether that is over is told by GitHub's clock, not by ours.
      const after = (before.at(-1)?.number ?? 1) - 1
      const rival = await rivalOf(record.environment, { after, before: number }, createdAt)
      if (rival) {
        await stepBack(`by ${rival.id}`)
        throw rival.refused
      }
      const note = `run ${record.run.id} attempt ${record.run.attempt}`
      // Whoever may write deployments may delete this one or move it: what the run uploads says that there was one.
      await kept.uploadState(record.id, 'open', note)
      await deployments.mark(number, 'open', note)
      return String(number)
    },
    async find({ state, letIn, doubted, brought, standing, each, limit = 10, ...where }) {
      const settled = new Set<string>()
      const fits = ({ entry, wasLetIn }: Seen): boolean =>
        (state === undefined || state.includes(entry.state)) &&
        (brought === undefined || wasBrought(entry)) &&
        (standing === undefined || !isUndone(entry)) &&
        (letIn === undefined ||
          (wasLetIn && entry.state !== 'superseded' && (doubted === true || entry.distrust === undefined)))
      if (rememberMs > 0 && limit === 1 && isWholeEnvironment(where)) {
        const seen = (await latest(where.environment)).filter(
          (one) => fits(one) && !(where.rollouts === true && one.entry.record.weightsOnly),
        )
        if (seen[0]) return [seen[0].entry]
      }
      const found: Entry[] = []
      const isSettled = ({ environment }: TransactionRecord): boolean => settled.has(environment)
      for await (const deployment of known(where, {}, isSettled)) {
        const one = await read(deployment)
        if (!one || !fits(one)) continue
        found.push(one.entry)
        if (each) settled.add(one.entry.record.environment)
        if (found.length === limit) break
      }
      return found
    },
    async stateOf(name) {
      const { number, owner } = await locate(name)
      return stateOf(number, owner)
    },
    async followed(name) {
      const { number, owner } = await locate(name)
      return followed(number, owner)
    },
    async say(name, instruction) {
      const { number, owner } = await locate(name)
      await kept.uploadInstruction(owner.id, instruction)
      await deployments.say(number, instruction)
    },
    async sayOldArm(name, word) {
      looks.clear()
      const { number, owner } = await locate(name)
      await kept.uploadOldArm(owner.id, word)
      await deployments.sayOldArm(number, word)
    },
    async mark(name, state, note, from) {
      looks.clear()
      const { number, owner } = await locate(name)
      const attempt = async (): Promise<void> => {
        const last = await stateOf(number, owner)
        // By its description: an answer was lost, and the mark had been made; or an earlier step of this job has made it.
        const isMade = withoutAfter(last.note) === describeState(state, note)
        // Two runs may say the same of a restore; who steps back slowly has to hear of the other.
        if (isMade && (state !== 'restoring' || last.run === context.runId)) return
        // Right before the mark, since the decommission waits a while between its word and its look for marks.
        if (state === 'restoring' && last.oldArm) throw new ArmGone(owner.id, last.oldArm)
        mustFollow(owner.id, state, last.state, from)
        if (!holdingStates.includes(state)) await kept.uploadState(owner.id, state, note)
        const said = state === 'restoring' ? noteAfter(last.state, note) : note
        await deployments.mark(number, state, said)
        // An answer is not the mark. Somebody else may have made one since, so it need not be the last.
        const { marks: shown } = await deployments.said(number)
        if (!shown.some((mark) => mark.note.trim() === describeState(state, said).trim()))
          throw notShown(owner.id, state)
      }
      await retrying(attempt, {
        clock,
        signal,
        idempotent: true,
        withinMs: patienceMs ?? DEFAULT_PATIENCE_MS,
      })
    },
    async settings(name) {
      for await (const { record, payload, distrust } of known(nameOf(name))) {
        if (distrust !== undefined) throw new Untrusted(name.id, distrust)
        const artifact = await proofs.uploaded(record.run.id, restorePointArtifact(name.id, payload))
        if (!artifact) break
        const file = await kept.download(artifact, record.run.id)
        if (digestOf(file.record) === digestOf(payload)) return file.settings
        throw new Untrusted(
          name.id,
          `its record differs from the one that run ${record.run.id} uploaded before opening it`,
        )
      }
      throw new Untrusted(name.id, 'no run has proven to have opened it')
    },
    ...githubFreezes(github, service, context.sha),
    taken: kept.taken,
    uploadedHere: kept.uploadedHere,
    proven: facts,
  }
}

/** GitHub, with the patience that was asked for. */
function waitedFor(ports: LedgerPorts, { patienceMs, answerWithinMs }: LedgerOptions): GitHub {
  const github = patienceMs === undefined ? ports.github : patientGitHub(ports.github, patienceMs)
  return answerWithinMs === undefined ? github : promptGitHub(github, answerWithinMs, ports)
}

type WholeEnvironment = LedgerQuery & { environment: string }

const isWholeEnvironment = (where: LedgerQuery): where is WholeEnvironment =>
  where.environment !== undefined &&
  [where.id, where.run, where.region, where.digest].every((narrower) => narrower === undefined)

const notShown = (id: string, state: TransactionState): ProviderError =>
  new ProviderError(`GitHub took the mark that transaction ${id} is ${state}, and does not show it`, {
    provider: 'GitHub',
    retryable: true,
  })

const openedAtWrongTime = (id: string, why: string): ProviderError =>
  new ProviderError(
    `transaction ${id} was not opened: ${why}. Nothing was written. Start again; where GitHub was not waited for, set the clock of the runner`,
    { provider: 'ledger' },
  )
