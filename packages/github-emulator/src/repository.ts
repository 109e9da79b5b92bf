import { createHash } from 'node:crypto'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'
import type { GitHubOptions } from './github-options'

/** The job that holds a token, and its run. */
export interface Caller {
  job: JobView
  run: RunView
}

/** The repository that is played: names, addresses, time, numbers and runs that all parts share. */
export class Repository {
  readonly owner: string
  readonly name: string
  readonly id: number
  readonly ownerId: number
  /** Runs of earlier processes, completed. */
  past: readonly RunView[] = []
  /** The newest id that was given out; one row of numbers serves everything. */
  lastId = 5000

  constructor(
    readonly options: GitHubOptions,
    /** `http://127.0.0.1:PORT` */
    readonly apiUrl: string,
    readonly serverUrl: string,
  ) {
    const [owner = '', name = ''] = options.repository.split('/')
    this.owner = owner
    this.name = name
    this.id = options.repositoryId ?? 1
    this.ownerId = options.ownerId ?? 2
  }

  get fullName(): string {
    return this.options.repository
  }

  get defaultBranch(): string {
    return this.options.settings?.defaultBranch ?? 'main'
  }

  nextId(): number {
    return ++this.lastId
  }

  /** Now, in GitHub's notation. */
  timestamp(): string {
    return timestamp(this.options.now())
  }

  /** Address of something of this repository in the REST API. */
  api(path: string): string {
    return `${this.apiUrl}/repos/${this.fullName}${path}`
  }

  /** Address of a page of this repository. */
  page(path: string): string {
    return `${this.serverUrl}/${this.fullName}${path}`
  }

  runs(): RunView[] {
    const current = this.options.runs()
    return [
      ...this.past.filter(
        ({ id, attempt }) => !current.some((run) => run.id === id && run.attempt === attempt),
      ),
      ...current,
    ]
  }

  /** One attempt of a run; the newest without a number. */
  run(id: number, attempt?: number): RunView | undefined {
    const attempts = this.runs().filter(
      (run) => run.id === id && (attempt === undefined || run.attempt === attempt),
    )
    return attempts.sort((a, b) => b.attempt - a.attempt)[0]
  }

  /** The commit that a branch, a ref or a commit itself stands for. */
  commit(ref: string): string | undefined {
    const branch = this.options.branches[ref.replace(/^(refs\/)?heads\//, '')]
    if (branch !== undefined) return branch
    const known = [...Object.values(this.options.branches), ...this.runs().map(({ headSha }) => headSha)]
    return known.find((sha) => sha === ref)
  }

  /** The job that fits, while its token lives: until the job has ended. */
  caller(fits: (job: JobView) => boolean): Caller | undefined {
    for (const run of this.options.runs()) {
      const job = run.jobs.find((job) => job.status !== 'completed' && fits(job))
      if (job) return { job, run }
    }
    return undefined
  }
}

/** ISO 8601 to the second, as GitHub writes it. */
export function timestamp(time: Date | string): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Seconds since 1970, as tokens have them. */
export function timestampSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1000)
}

/** A made-up but stable number of an account. */
const accountId = (login: string): number => createHash('sha1').update(login).digest().readUInt32BE()

/** Who acts when a job does: source of id and login is the real account. */
export const ACTIONS_BOT = {
  login: 'github-actions[bot]',
  id: 41898282,
  node_id: nodeId('Bot', 41898282),
  type: 'Bot',
  site_admin: false,
}

/** A person in the shape of the REST API. */
export function simpleUser(login: string): Record<string, unknown> {
  const id = accountId(login)
  return { login, id, node_id: nodeId('User', id), type: 'User', site_admin: false }
}

/** GitHub's opaque name of an object. */
export function nodeId(type: string, id: number): string {
  return Buffer.from(`${type}:${id}`).toString('base64')
}
