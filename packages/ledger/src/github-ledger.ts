import { ProviderError, retrying, type Clock, type GitHub } from '@deploy-actions/action-kit'
import { holdingStates, mayBecome } from '@deploy-actions/rollout'
import { lastMark } from './deployment'
import { openDeployments, type Deployments, type NumberedDeployment } from './deployments'
import { describeState, LiveTransaction, type Entry, type Ledger } from './ledger'

/** A finished rollout is not rolled back for one lost answer; a restore, which tells the ledger, too, is not held up. */
const MARK_TRIES = { attempts: 4, withinMs: 60_000 }

/**
 * GitHub keeps statuses for 90 days and runs for 35: a record of that age without any status has lost them, and it
 * cannot be live. What it came to is not known any more, so it counts for nothing.
 */
const FORGOTTEN_AFTER_MS = 60 * 24 * 3_600_000

/** Transactions as GitHub Deployments: one each, its payload the record, its statuses the states. */
export function createGitHubLedger(
  github: GitHub,
  service: string,
  { logUrl, clock, signal }: { logUrl: string; clock: Clock; signal: AbortSignal },
): Ledger {
  const { now } = clock
  const deployments = openDeployments(github, service, logUrl)
  return {
    async open(record) {
      const live = await holder(deployments, record.environment, now)
      if (live) throw new LiveTransaction(entryOf(live))
      const number = await deployments.create(record)
      // Two openers: the lower number wins, the other steps back.
      const rival = await holder(deployments, record.environment, now, number)
      if (rival) {
        await deployments.mark(number, 'superseded', `by ${rival.record.id}`)
        throw new LiveTransaction(entryOf(rival))
      }
      await deployments.mark(number, 'open', `run ${record.run.id} attempt ${record.run.attempt}`)
    },
    async find({ state, limit = 10, ...where }) {
      const found: Entry[] = []
      for await (const deployment of remembered(deployments, where, now)) {
        const entry = entryOf(deployment)
        if (state === undefined || state.includes(entry.state)) found.push(entry)
        if (found.length === limit) break
      }
      return found
    },
    async mark(id, state, note) {
      const number = deployments.seen(id) ?? (await locate(deployments, id, now))
      if (number === undefined)
        throw new ProviderError(`the ledger has no transaction ${id} of ${service}`, { provider: 'ledger' })
      const attempt = async (): Promise<void> => {
        const last = lastMark(await deployments.marks(number))
        // By its description: an answer was lost, and the mark had been made.
        if (last.note === describeState(state, note)) return
        if (!mayBecome(last.state, state))
          throw new ProviderError(`transaction ${id} is ${last.state} and cannot become ${state}`, {
            provider: 'ledger',
          })
        await deployments.mark(number, state, note)
      }
      await retrying(attempt, { clock, signal, idempotent: true, ...MARK_TRIES })
    },
  }
}

const entryOf = ({ record, marks }: NumberedDeployment): Entry => ({ record, ...lastMark(marks) })

/**
 * The one that holds the environment. None before one that was let in can be live; before one whose opener died in
 * between there may be the one it would have lost to.
 * @param below only those that were there before this number
 */
async function holder(
  deployments: Deployments,
  environment: string,
  now: () => Date,
  below = Infinity,
): Promise<NumberedDeployment | undefined> {
  for await (const deployment of remembered(deployments, { environment }, now)) {
    const { state } = lastMark(deployment.marks)
    if (state === 'superseded' || deployment.number >= below) continue
    if (holdingStates.includes(state)) return deployment
    if (deployment.marks.some((mark) => mark.state === 'open')) return undefined
  }
  return undefined
}

/** Those of which it is still known what they came to, newest first. */
async function* remembered(
  deployments: Deployments,
  where: Parameters<Deployments['list']>[0],
  now: () => Date,
): AsyncGenerator<NumberedDeployment> {
  for await (const deployment of deployments.list(where)) {
    const ageMs = now().getTime() - Date.parse(deployment.record.openedAt)
    if (deployment.marks.length > 0 || ageMs <= FORGOTTEN_AFTER_MS) yield deployment
  }
}

async function locate(deployments: Deployments, id: string, now: () => Date): Promise<number | undefined> {
  for await (const { number } of remembered(deployments, { id }, now)) return number
  return undefined
}
