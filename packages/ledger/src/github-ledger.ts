import { z } from 'zod'
import { ProviderError, type GitHub } from '@deploy-actions/action-kit'
import {
  liveStates,
  mayBecome,
  transactionStates,
  type TransactionState,
} from '@deploy-actions/rollout'
import { describeState, LiveTransaction, type Entry, type Ledger } from './ledger'
import { transactionRecord } from './record'

/** Backticks close and open the quotation in the message: a job that deploys is told of the permission it needs. */
const READ = { permission: 'deployments: write` or, in a job that only looks, `deployments: read' }
const WRITE = { permission: 'deployments: write' }

/** Deployments are looked through newest first, those of one service and mostly of one environment. */
const PAGE = 100
const MAX_PAGES = 3

/**
 * GitHub keeps statuses for 90 days and runs for 35: a record of that age without any status has lost them, and it
 * cannot be live. What it came to is not known any more, so it counts for nothing.
 */
const FORGOTTEN_AFTER_MS = 60 * 24 * 3_600_000

const deployment = z.looseObject({ id: z.int(), environment: z.string(), payload: z.unknown() })
const deploymentStatus = z.looseObject({ state: z.string(), description: z.string().nullish() })

/** GitHub's own state for each of ours ; the description, not this, is what we read back: anybody's `success` may mark ours inactive. */
const githubStates: Record<TransactionState, string> = {
  open: 'in_progress',
  committed: 'success',
  restoring: 'pending',
  restored: 'inactive',
  superseded: 'inactive',
  unverified: 'failure',
  'restore-failed': 'error',
}

interface Known extends Entry {
  deployment: number
  /** it was once marked open: its opener had seen that it holds the environment */
  letIn: boolean
  /** it has at least one state of ours */
  told: boolean
}

/** Transactions as GitHub Deployments: one each, its payload the record, its statuses the states. */
export function createGitHubLedger(
  github: GitHub,
  service: string,
  { logUrl, now }: { logUrl: string; now: () => Date },
): Ledger {
  const task = `deploy-actions/${service}`
  const known = new Map<string, number>()

  /** Newest first; pages and states are read only when they are asked for. */
  async function* entries(environment: string | undefined, only?: string): AsyncGenerator<Known> {
    for (let page = 1; page <= MAX_PAGES; page++) {
      const listed = await github.request<unknown[]>(
        'GET /repos/{owner}/{repo}/deployments',
        { task, ...(environment === undefined ? {} : { environment }), per_page: PAGE, page },
        READ,
      )
      for (const item of listed) {
        const { id, payload } = deployment.parse(item)
        // What is no record of ours was put there by somebody else and means nothing here.
        const record = transactionRecord.safeParse(typeof payload === 'string' ? parseJson(payload) : payload)
        if (!record.success || record.data.service !== service) continue
        known.set(record.data.id, id)
        if (only !== undefined && record.data.id !== only) continue
        const state = await stateOf(id)
        const openedAt = Date.parse(record.data.openedAt)
        if (!state.told && now().getTime() - openedAt > FORGOTTEN_AFTER_MS) continue
        yield { deployment: id, record: record.data, ...state }
      }
      if (listed.length < PAGE) return
    }
  }

  const stateOf = async (id: number): Promise<Pick<Known, 'state' | 'note' | 'letIn' | 'told'>> => {
    const statuses = await github.list<unknown>(
      'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
      { deployment_id: id },
      READ,
    )
    const ours = statuses.flatMap((item) => {
      const note = deploymentStatus.parse(item).description ?? ''
      const state = transactionStates.find((state) => note === state || note.startsWith(`${state}: `))
      return state ? [{ state, note }] : []
    })
    // Without any it was created, and its creator died before it could say more.
    const { state, note } = ours[0] ?? { state: 'open', note: '' }
    return { state, note, letIn: ours.some((mark) => mark.state === 'open'), told: ours.length > 0 }
  }

  const setState = async (id: number, state: TransactionState, note: string): Promise<void> => {
    const parameters = {
      deployment_id: id,
      state: githubStates[state],
      description: describeState(state, note),
      auto_inactive: false,
      log_url: logUrl,
    }
    await github.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', parameters, WRITE)
  }

  /**
   * The one that holds the environment. None before one that was let in can be live; before one whose opener died in
   * between there may be the one it would have lost to.
   */
  const holder = async (environment: string, below = Infinity): Promise<Known | undefined> => {
    for await (const entry of entries(environment)) {
      if (entry.state === 'superseded' || entry.deployment >= below) continue
      if (liveStates.includes(entry.state)) return entry
      if (entry.letIn) return undefined
    }
    return undefined
  }

  return {
    async open(record) {
      const live = await holder(record.environment)
      if (live) throw new LiveTransaction(live)
      const created = deployment.parse(
        await github.request(
          'POST /repos/{owner}/{repo}/deployments',
          {
            ref: record.commit,
            task,
            environment: record.environment,
            payload: transactionRecord.parse(record),
            auto_merge: false,
            required_contexts: [],
            description: `${record.release.version} to ${record.region}`.slice(0, 140),
          },
          WRITE,
        ),
      )
      known.set(record.id, created.id)
      // Two openers: the lower id wins, the other steps back.
      const rival = await holder(record.environment, created.id)
      if (rival) {
        await setState(created.id, 'superseded', `by ${rival.record.id}`)
        throw new LiveTransaction(rival)
      }
      await setState(created.id, 'open', `run ${record.run.id} attempt ${record.run.attempt}`)
    },
    async find({ environment, state, id, limit = 10 }) {
      const found: Entry[] = []
      for await (const { record, state: current, note } of entries(environment, id)) {
        if (state === undefined || state.includes(current)) found.push({ record, state: current, note })
        if (found.length === limit) break
      }
      return found
    },
    async mark(id, state, note) {
      const deploymentId = known.get(id) ?? (await locate(id))
      const { state: current } = await stateOf(deploymentId)
      if (!mayBecome(current, state))
        throw new ProviderError(`transaction ${id} is ${current} and cannot become ${state}`, {
          provider: 'ledger',
        })
      await setState(deploymentId, state, note)
    },
  }

  async function locate(id: string): Promise<number> {
    for await (const entry of entries(undefined, id)) return entry.deployment
    throw new ProviderError(`the ledger has no transaction ${id} of ${service}`, { provider: 'ledger' })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
