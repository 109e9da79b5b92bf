import { z } from 'zod'
import type { GitHub } from '@deploy-actions/action-kit'
import { defined, type TransactionState } from '@deploy-actions/rollout'
import { readRecord, transactionRecord, type ReadRecord, type TransactionRecord } from './record'
import { CopyWatch, type Dated } from './copies'
import { Flooded } from './ledger'
import { MAX_NOTE } from './note'
import {
  instructionsIn,
  marksIn,
  oldArmWordsIn,
  payloadOf,
  statusBody,
  type Mark,
  type PostedInstruction,
} from './deployment'
import { describeInstruction, type Instruction } from './instructions'
import { describeOldArm, type OldArmWord, type PostedOldArm } from './old-arm'

/** Backticks close and open the quotation in the message: a job that deploys is told of the permission it needs. */
const READ = { permission: 'deployments: write` or, in a job that only looks, `deployments: read' }
const WRITE = { permission: 'deployments: write' }

/** The newest are mostly all that is asked for; an old one is looked for over this many pages. */
const PAGE = 30
const MAX_PAGES = 30

const listedDeployment = z.looseObject({
  id: z.int(),
  payload: z.unknown(),
  environment: z.string(),
  created_at: z.string(),
})

/** A deployment that says to be a transaction: anybody whose job has `deployments: write` can create one. */
export interface ListedDeployment extends ReadRecord, Dated {
  /** its number at GitHub: of two, the lower was there first */
  number: number
  record: TransactionRecord
  /** that it stands in by GitHub, by which it is listed: its record may name another */
  environment: string
}

/** The deployments of one service that say to be transactions, over GitHub's REST API. */
export interface Deployments {
  /**
   * Newest first; pages are read only when they are asked for.
   * @param since nothing older is looked for; by GitHub's own time, which nobody can write
   * @throws ProviderError where there are more than are looked through: what is behind them is not known
   */
  list(environment: string | undefined, since?: Date): AsyncGenerator<ListedDeployment>
  /** All that its statuses say, oldest first: its marks, what people have said to it, and what is said of its old arm. */
  said(number: number): Promise<{ marks: Mark[]; instructions: PostedInstruction[]; oldArm: PostedOldArm[] }>
  /** Creates one without any mark. */
  create(record: TransactionRecord): Promise<Pick<ListedDeployment, 'number' | 'createdAt'>>
  mark(number: number, state: TransactionState, note: string): Promise<void>
  say(number: number, instruction: Instruction): Promise<void>
  sayOldArm(number: number, word: OldArmWord): Promise<void>
}

/** @param logUrl the page of the run, to which every mark leads */
export function openDeployments(github: GitHub, service: string, logUrl: string): Deployments {
  const task = `deploy-actions/${service}`

  const page = (number: number, environment: string | undefined): Promise<unknown[]> =>
    github.request(
      'GET /repos/{owner}/{repo}/deployments',
      defined({ task, environment, per_page: PAGE, page: number }),
      READ,
    )

  /** Newest first. Whoever writes asks before each write, and whoever is spoken to every half minute: what is as it was costs nothing. */
  const statuses = (number: number): Promise<unknown[]> =>
    github.list(
      'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
      { deployment_id: number },
      { ...READ, ifChanged: true },
    )
  const post = async (number: number, body: { state: string; description: string }): Promise<void> => {
    await github.request(
      'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
      { deployment_id: number, ...body, auto_inactive: false, log_url: logUrl },
      WRITE,
    )
  }

  return {
    async *list(environment, since = new Date(0)) {
      const copies = new CopyWatch<ListedDeployment>()
      for (let number = 1; number <= MAX_PAGES; number++) {
        const listed = await page(number, environment)
        for (const item of listed) {
          const found = listedDeployment.parse(item)
          const createdAt = new Date(found.created_at)
          if (createdAt < since) return yield* copies.rest()
          const payload = payloadOf(found.payload)
          const read = readRecord(payload)
          if (read?.record.service === service)
            yield* copies.next({
              number: found.id,
              payload,
              environment: found.environment,
              createdAt,
              ...read,
            })
        }
        if (listed.length < PAGE) return yield* copies.rest()
      }
      throw new Flooded(
        `the newest ${PAGE * MAX_PAGES} deployments of task ${task}${environment === undefined ? '' : ` in ${environment}`} do not tell it, and no more are looked through. Where they are not transactions, somebody planted them: delete them, then start again`,
      )
    },
    async said(number) {
      const all = await statuses(number)
      return { marks: marksIn(all), instructions: instructionsIn(all), oldArm: oldArmWordsIn(all) }
    },
    async create(record) {
      const { id, created_at } = listedDeployment.parse(
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
      return { number: id, createdAt: new Date(created_at) }
    },
    mark: (number, state, note) => post(number, statusBody(state, note)),
    // GitHub has no state for it: the transaction is under way, whoever says what to it.
    say: (number, instruction) =>
      post(number, { state: 'in_progress', description: describeInstruction(instruction, MAX_NOTE) }),
    // The transaction stays committed.
    sayOldArm: (number, word) =>
      post(number, { state: 'success', description: describeOldArm(word, MAX_NOTE) }),
  }
}
