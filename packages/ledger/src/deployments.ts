import { z } from 'zod'
import type { GitHub } from '@deploy-actions/action-kit'
import { defined, type TransactionState } from '@deploy-actions/rollout'
import { transactionRecord, type TransactionRecord } from './record'
import { marksIn, recordIn, statusBody, type Mark, type TransactionDeployment } from './deployment'

/** Backticks close and open the quotation in the message: a job that deploys is told of the permission it needs. */
const READ = { permission: 'deployments: write` or, in a job that only looks, `deployments: read' }
const WRITE = { permission: 'deployments: write' }

/** Deployments are looked through newest first, those of one service and mostly of one environment. */
const PAGE = 100
const MAX_PAGES = 3

const listedDeployment = z.looseObject({ id: z.int(), payload: z.unknown() })

/** A transaction's deployment, and its number at GitHub: of two, the lower was there first. */
export interface NumberedDeployment extends TransactionDeployment {
  number: number
}

/** The deployments of one service that hold transactions, over GitHub's REST API. */
export interface Deployments {
  /** Newest first; pages and statuses are read only when they are asked for. */
  list(where: { environment?: string; id?: string }): AsyncGenerator<NumberedDeployment>
  marks(number: number): Promise<Mark[]>
  /** Creates one without any mark and gives its number. */
  create(record: TransactionRecord): Promise<number>
  mark(number: number, state: TransactionState, note: string): Promise<void>
  /** The number of a transaction that was seen before, without asking. */
  seen(id: string): number | undefined
}

/** @param logUrl the page of the run, to which every mark leads */
export function openDeployments(github: GitHub, service: string, logUrl: string): Deployments {
  const task = `deploy-actions/${service}`
  const numbers = new Map<string, number>()

  const page = (number: number, environment: string | undefined): Promise<unknown[]> =>
    github.request(
      'GET /repos/{owner}/{repo}/deployments',
      defined({ task, environment, per_page: PAGE, page: number }),
      READ,
    )

  const deployments: Deployments = {
    seen: (id) => numbers.get(id),
    async *list({ environment, id }) {
      for (let number = 1; number <= MAX_PAGES; number++) {
        const listed = await page(number, environment)
        for (const item of listed) {
          const found = listedDeployment.parse(item)
          const record = recordIn(found.payload)
          if (record?.service !== service) continue
          numbers.set(record.id, found.id)
          if (id !== undefined && record.id !== id) continue
          yield { number: found.id, record, marks: await deployments.marks(found.id) }
        }
        if (listed.length < PAGE) return
      }
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
      const { id } = listedDeployment.parse(
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
      numbers.set(record.id, id)
      return id
    },
    async mark(number, state, note) {
      await github.request(
        'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
        { deployment_id: number, ...statusBody(state, note), auto_inactive: false, log_url: logUrl },
        WRITE,
      )
    },
  }
  return deployments
}
