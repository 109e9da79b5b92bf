import { createHash, randomUUID } from 'node:crypto'
import { UnsecuredJWT } from 'jose'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'
import type { Caller, Repository } from './repository'

/** How the Results service names a run and a job. */
interface BackendIds {
  run: string
  job: string
}

interface Issued {
  job: number
  /** ACTIONS_RUNTIME_TOKEN */
  runtime: string
  /** ACTIONS_ID_TOKEN_REQUEST_TOKEN */
  idRequest: string
}

/** The tokens a runner gets beside GITHUB_TOKEN. They die with the job. */
export class JobTokens {
  readonly #issued = new Map<number, Issued>()

  constructor(private readonly repository: Repository) {}

  issue(job: JobView, run: RunView): Issued {
    const known = this.#issued.get(job.id)
    if (known) return known
    const ids = backendIds(run, job.id)
    // The client reads the scope only and checks no signature.
    const runtime = new UnsecuredJWT({
      scp: `Actions.Results:${ids.run}:${ids.job}`,
      jti: randomUUID(),
    }).encode()
    const issued = { job: job.id, runtime, idRequest: randomUUID() }
    this.#issued.set(job.id, issued)
    return issued
  }

  /** The job that was given this token and still runs. */
  holder(kind: 'runtime' | 'idRequest', token: string | undefined): Caller | undefined {
    for (const issued of this.#issued.values())
      if (issued[kind] === token) return this.repository.caller(({ id }) => id === issued.job)
    return undefined
  }
}

/** Stable ids in the form of a UUID; each attempt of a run has its own. */
export function backendIds({ id, attempt }: Pick<RunView, 'id' | 'attempt'>, job: number): BackendIds {
  const uuid = (text: string): string =>
    createHash('sha1')
      .update(text)
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
  return { run: uuid(`run ${id} ${attempt}`), job: uuid(`job ${job}`) }
}
