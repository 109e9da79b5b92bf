import { z } from 'zod'
import { foundOrUndefined, type GitHub } from '@deploy-actions/action-kit'

/** A run as far as it tells who holds something, and for whom it waits. */
export interface RunLook {
  id: number
  status: string
  url: string
  /** environments whose approval it waits for */
  waitsFor: string[]
}

const runBody = z.looseObject({ id: z.int(), status: z.string().nullable(), html_url: z.string() })
const pending = z.looseObject({ environment: z.looseObject({ name: z.string().nullish() }) })

/** So many waiting runs are looked at: the newest. */
const WAITING_RUNS = 10

const READ = { permission: 'actions: read' }

/** A run by its number; undefined when GitHub has none. Source: REST API, "Get a workflow run". */
export async function readRun(github: GitHub, id: number): Promise<RunLook | undefined> {
  const found = await foundOrUndefined(
    github.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', { run_id: id }, READ),
  )
  return found === undefined ? undefined : lookAt(github, found)
}

/** The newest runs that wait for an approval. Source: REST API, "List workflow runs for a repository". */
export async function waitingRuns(github: GitHub): Promise<RunLook[]> {
  const { workflow_runs: found } = await github.request<{ workflow_runs: unknown[] }>(
    'GET /repos/{owner}/{repo}/actions/runs',
    { status: 'waiting', per_page: WAITING_RUNS },
    READ,
  )
  return Promise.all(found.map((run) => lookAt(github, run)))
}

/** Source: REST API, "Get pending deployments for a workflow run". */
async function lookAt(github: GitHub, run: unknown): Promise<RunLook> {
  const { id, status, html_url: url } = runBody.parse(run)
  if (status === 'completed') return { id, status, url, waitsFor: [] }
  const before = await github.request<unknown[]>(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments',
    { run_id: id },
    READ,
  )
  const waitsFor = before.flatMap((one) => pending.parse(one).environment.name ?? [])
  return { id, status: status ?? 'queued', url, waitsFor }
}
