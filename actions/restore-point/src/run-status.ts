import { foundOrUndefined, type GitHub, type RunContext } from '@deploy-actions/action-kit'
import { isOfSuite } from '@deploy-actions/ledger'

/** A run, as far as it is asked for; undefined for one that is deleted, or that a mark has invented. */
const readRun = (
  run: number,
  github: GitHub,
): Promise<{ status: string; referenced_workflows?: { path: string }[] } | undefined> =>
  foundOrUndefined(
    github.request(
      'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      { run_id: run },
      { permission: 'actions: read' },
    ),
  )

/** Where a run stands, `completed` at its end. One that is deleted has ended; and a mark may name any. */
export const runStatus = async (run: number, github: GitHub): Promise<string> =>
  (await readRun(run, github))?.status ?? 'completed'

/** The workflows of this suite whose jobs put regions back. */
const RESTORING = ['rollout', 'region', 'emergency-rollback', 'sweeper', 'restore-region']

/** Whether a run goes on that uses one of this suite's workflows which put regions back. */
export async function isRestoring(
  run: number,
  { actionRepository }: Pick<RunContext, 'actionRepository'>,
  github: GitHub,
): Promise<boolean> {
  const found = await readRun(run, github)
  const paths = (found?.referenced_workflows ?? []).map(({ path }) => path)
  return found?.status !== 'completed' && paths.some((path) => isOfSuite(path, actionRepository, RESTORING))
}
