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

const BY_HAND = 'workflow_dispatch'
/** It has not begun: what comes after this one waits for it. */
const NOT_BEGUN: readonly string[] = ['pending', 'queued', 'requested']

const ownRun = z.looseObject({
  path: z.string(),
  event: z.string(),
  head_branch: z.string(),
  created_at: z.string(),
})
type OwnRun = z.infer<typeof ownRun>
const run = z.looseObject({
  id: z.number(),
  event: z.string(),
  status: z.string(),
  run_attempt: z.number(),
  head_sha: z.string(),
  created_at: z.string(),
  run_started_at: z.string(),
  updated_at: z.string(),
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

/**
 * The newest that succeeded and began by an event: for the same branch or, where this is for a tag, for any.
 * Source: REST API, "List workflow runs for a workflow": the newest is the first.
 */
async function newestSuccess(
  own: OwnRun,
  event: string,
  { github, context }: Ports,
): Promise<Run | undefined> {
  const isTag = context.ref.startsWith('refs/tags/')
  const found = await github.request(
    RUNS,
    {
      workflow_id: fileOf(own),
      ...(!isTag && { branch: own.head_branch }),
      ...{ event, status: 'success', per_page: 1 },
    },
    options,
  )
  return z.looseObject({ workflow_runs: z.array(run).max(1) }).parse(found).workflow_runs[0]
}

/** What was brought last, and what other runs may have brought since. */
export interface LastSuccess {
  commit: string
  /** undefined where they are too many to be told, or GitHub does not tell them */
  others:
    | {
        /** commits of the runs that began since, for whatever branch */
        begunSince: readonly string[]
        /** of those that began before, and were not over by then */
        endedSince: readonly string[]
      }
    | undefined
}

/**
 * The newest run of this workflow for this branch that succeeded and began by the same event: one by hand may have been for less
 * than what had changed. @throws GateFailed as `mustBeNewest`
 */
export async function lastSuccess(ports: Ports): Promise<LastSuccess | undefined> {
  const own = await findOwn(ports)
  const last = await newestOf(own, ports)
  if (!last) return undefined
  const from = new Date(Date.parse(last.created_at) - RUN_AGAIN_MS).toISOString().replace(/\.\d+Z$/, 'Z')
  const listed = z
    .array(run)
    .parse(
      await ports.github.list(
        RUNS,
        { workflow_id: fileOf(own), created: `>=${from}` },
        { ...options, pick: 'workflow_runs', limit: MOST_RUNS },
      ),
    )
  const isTold = listed.length < MOST_RUNS && listed.some(({ id }) => id === last.id)
  return { commit: last.head_sha, others: isTold ? othersSince(last, listed, ports) : undefined }
}

function othersSince(last: Run, listed: readonly Run[], { context }: Ports): LastSuccess['others'] {
  const others = listed.filter(
    ({ id, event, status, run_attempt: attempt }) =>
      id !== last.id &&
      id !== context.runId &&
      !NOT_MERGED.test(event) &&
      !(attempt === 1 && NOT_BEGUN.includes(status)),
  )
  const commitsOf = (runs: readonly Run[]): string[] => [...new Set(runs.map(({ head_sha: sha }) => sha))]
  const hasBegunSince = ({ run_started_at: began }: Run): boolean => began >= last.created_at
  return {
    begunSince: commitsOf(others.filter(hasBegunSince)),
    endedSince: commitsOf(
      others.filter(
        (one) => !hasBegunSince(one) && (one.status !== 'completed' || one.updated_at >= last.created_at),
      ),
    ),
  }
}

/**
 * A run that is run again, wholly or in part, has the commit that it had: where one that began after it has succeeded meanwhile
 * for another, which does not come before it, it would bring back what that has replaced. @throws GateFailed
 */
export async function mustBeNewest(ports: Ports): Promise<void> {
  await newestOf(await findOwn(ports), ports)
}

/** @returns the newest that succeeded and began by the same event */
async function newestOf(own: OwnRun, ports: Ports): Promise<Run | undefined> {
  const ofEvent = await newestSuccess(own, own.event, ports)
  // One by hand brings something, too; what runs by other events is no business of this one.
  const byHand = own.event === BY_HAND ? undefined : await newestSuccess(own, BY_HAND, ports)
  for (const newest of [ofEvent, byHand]) if (newest) await mustNotReplace(newest, own, ports)
  return ofEvent
}

async function mustNotReplace(newest: Run, own: OwnRun, ports: Ports): Promise<void> {
  const { sha } = ports.context
  if (newest.head_sha === sha || newest.created_at <= own.created_at) return
  if (await comesBefore(newest.head_sha, sha, ports)) return
  throw failed(
    `this run is for ${sha}, and ${newest.head_sha}, which is newer, has succeeded since: nothing is done, as that would bring the older one back; run the newest commit instead or, to really go back, this one by hand without changed-since`,
    'superseded',
  )
}

/** Source: REST API, "Compare two commits". Of what lies between them, which comes with the first page, nothing is wanted. */
async function comesBefore(commit: string, sha: string, { github }: Ports): Promise<boolean> {
  const compared = await foundOrUndefined(
    github.request<{ status: string }>(
      'GET /repos/{owner}/{repo}/compare/{basehead}',
      { basehead: `${sha}...${commit}`, per_page: 1, page: 2 },
      { permission: 'contents: read' },
    ),
  )
  return compared?.status === 'behind'
}
