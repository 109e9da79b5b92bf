import { z } from 'zod'
import { ProviderError, type GitHub } from '@deploy-actions/action-kit'
import { defined, type TransactionState } from '@deploy-actions/rollout'
import { readRecord, transactionRecord, type ReadRecord, type TransactionRecord } from './record'
import { CopyWatch, type Dated } from './copies'
import { marksIn, payloadOf, statusBody, type Mark } from './deployment'

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
  /** Oldest first. */
  marks(number: number): Promise<Mark[]>
  /** Creates one without any mark. */
  create(record: TransactionRecord): Promise<Pick<ListedDeployment, 'number' | 'createdAt'>>
  mark(number: number, state: TransactionState, note: string): Promise<void>
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
      throw new ProviderError(
        `the newest ${PAGE * MAX_PAGES} deployments of task ${task}${environment === undefined ? '' : ` in ${environment}`} do not tell it, and no more are looked through. Where they are not transactions, somebody planted them: delete them, then start again`,
        { provider: 'ledger' },
      )
    },
    async marks(number) {
      return marksIn(
        await github.list<unknown>(
          'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
          { deployment_id: number },
          READ,
        ),
      )
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
    async mark(number, state, note) {
      await github.request(
        'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
        { deployment_id: number, ...statusBody(state, note), auto_inactive: false, log_url: logUrl },
        WRITE,
      )
    },
  }
}
