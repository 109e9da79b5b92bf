import { basename } from 'node:path/posix'
import { z } from 'zod'
import { foundOrUndefined, type Ports } from '@deploy-actions/action-kit'
import { failed } from './session'

// What other runs of this workflow have brought.

const DAY_MS = 24 * 60 * 60_000
/** So long after it began a run can be run again: https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs */
const RUN_AGAIN_MS = 30 * DAY_MS
/** Of a list that is asked for by time GitHub gives no more. */
const MOST_RUNS = 1_000
/** Such a run is for what is not merged, and has nothing to apply. */
const NOT_MERGED = /^(?:pull_request|merge_group)/

const ownRun = z.looseObject({ path: z.string(), event: z.string(), head_branch: z.string() })
type OwnRun = z.infer<typeof ownRun>
const run = z.looseObject({
  id: z.number(),
  event: z.string(),
  head_sha: z.string(),
  created_at: z.string(),
  run_started_at: z.string(),
})
type Run = z.infer<typeof run>

const options = { permission: 'actions: read' }
const RUNS = 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs'

/** The name of its file stands for the id of a workflow. */
const fileOf = ({ path }: OwnRun): string => basename(path.split('@')[0] ?? '')

async function findOwn({ github, context }: Ports): Promise<OwnRun> {
  return ownRun.parse(
    await github.request(
      'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      { run_id: context.runId },
      options,
    ),
  )
}

/** Source: REST API, "List workflow runs for a workflow": the newest is the first. */
async function newestSuccess(own: OwnRun, { github }: Ports, event?: string): Promise<Run | undefined> {
  const found = await github.request(
    RUNS,
    {
      workflow_id: fileOf(own),
      ...{ branch: own.head_branch, status: 'success', per_page: 1 },
      ...(event !== undefined && { event }),
    },
    options,
  )
  return z.looseObject({ workflow_runs: z.array(run).max(1) }).parse(found).workflow_runs[0]
}

/** What was brought last, and what other runs may have brought since. */
export interface LastSuccess {
  commit: string
  /** commits of the runs that began since, for whatever branch; undefined where they are too many to be told */
  since: readonly string[] | undefined
}

/**
 * The newest run of this workflow for this branch that succeeded and began by the same event: one by hand may have been for less
 * than what had changed.
 */
export async function lastSuccess(ports: Ports): Promise<LastSuccess | undefined> {
  const own = await findOwn(ports)
  const last = await newestSuccess(own, ports, own.event)
  if (!last) return undefined
  const from = new Date(Date.parse(last.created_at) - RUN_AGAIN_MS).toISOString()
  const others = z
    .array(run)
    .parse(
      await ports.github.list(
        RUNS,
        { workflow_id: fileOf(own), created: `>=${from}` },
        { ...options, pick: 'workflow_runs', limit: MOST_RUNS },
      ),
    )
  const since = others.filter(
    ({ id, event, run_started_at: began }) =>
      id !== last.id && id !== ports.context.runId && !NOT_MERGED.test(event) && began >= last.created_at,
  )
  return {
    commit: last.head_sha,
    since: others.length < MOST_RUNS ? [...new Set(since.map(({ head_sha: sha }) => sha))] : undefined,
  }
}

/**
 * A run that is run again, wholly or in part, has the commit that it had: where a newer one has succeeded meanwhile, by whatever
 * event, it would bring back what that has replaced. @throws GateFailed
 */
export async function mustBeNewest(ports: Ports): Promise<void> {
  const { sha } = ports.context
  const newest = await newestSuccess(await findOwn(ports), ports)
  if (!newest || newest.head_sha === sha) return
  // Source: REST API, "Compare two commits". Asked this way round, an older commit brings the files of no difference along.
  const compared = await foundOrUndefined(
    ports.github.request<{ status: string }>(
      'GET /repos/{owner}/{repo}/compare/{basehead}',
      { basehead: `${sha}...${newest.head_sha}`, per_page: 1, page: 2 },
      { permission: 'contents: read' },
    ),
  )
  if (compared?.status !== 'ahead') return
  throw failed(
    `this run is for ${sha}, and ${newest.head_sha}, which is newer, has succeeded since: nothing is planned, as that would bring the older one back; run the newest commit instead or, to really go back, this one by hand without changed-since`,
    'superseded',
  )
}
