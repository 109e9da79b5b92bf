import { z } from 'zod'
import { ProviderError, type GitHub, type RunContext, type StoredArtifact } from '@deploy-actions/action-kit'
import { defined, lazily } from '@deploy-actions/rollout'
import { refusedBy } from './branch-policy'

const workflowRun = lazily(() =>
  z.looseObject({
    path: z.string(),
    event: z.string(),
    head_branch: z.string().nullish(),
    head_sha: z.string(),
    repository: z.looseObject({ full_name: z.string() }),
    head_repository: z.looseObject({ full_name: z.string() }).nullish(),
    referenced_workflows: z.array(z.looseObject({ path: z.string() })).nullish(),
  }),
)
type WorkflowRun = z.infer<ReturnType<typeof workflowRun>>

const artifactPage = lazily(() =>
  z.looseObject({
    total_count: z.int(),
    artifacts: z.array(
      z.looseObject({ id: z.int(), name: z.string(), digest: z.string().nullish(), expired: z.boolean() }),
    ),
  }),
)

/**
 * What a run may say of an environment. `trusted`: it ran our workflow, or one that was named, for a branch or tag that
 * the environment takes. `known`: for such a branch, by another workflow of this repository. `none`: neither.
 */
export type Standing = { level: 'trusted' } | { level: 'known' | 'none'; why: string }

/** What GitHub itself says of runs: that, and not what anybody wrote into the ledger, is proof. */
export interface RunProofs {
  /** What a run may say of an environment. @throws ProviderError when GitHub does not answer */
  standing(run: number, environment: string): Promise<Standing>
  /** The first artifact of these names that a job of that run uploaded: nobody else can. Its content may have expired. */
  uploaded(run: number, ...names: string[]): Promise<StoredArtifact | undefined>
  /** Names of everything that jobs of this run have uploaded: as of an earlier look, where that saw them all. */
  namesHere(): Promise<string[]>
}

/** @param trustedWorkflows paths of workflows, beside ours and that of this very run, whose word counts */
export function createRunProofs(
  github: GitHub,
  context: RunContext,
  trustedWorkflows: readonly string[],
): RunProofs {
  const runs = new Map<number, Promise<WorkflowRun | undefined>>()
  const standings = new Map<string, Promise<Standing>>()
  const seen = new Map<number, Map<string, StoredArtifact>>()
  let here: string[] | undefined
  const ours = `${context.owner}/${context.repo}`

  const standingOf = async (id: number, environment: string): Promise<Standing> => {
    const run = await remembered(runs, id, () => readRun(id, github))
    const none = (why: string): Standing => ({ level: 'none', why })
    if (!run) return none(`GitHub knows no run ${id}`)
    const { full_name: repository } = run.repository
    if (!same(repository, ours)) return none(`run ${id} belongs to ${repository}, not to ${ours}`)
    const head = run.head_repository?.full_name ?? 'a repository that is gone'
    if (!same(head, ours)) return none(`run ${id} runs the code of ${head}`)
    const ref = { name: run.head_branch ?? '', commit: run.head_sha, event: run.event }
    const refused = await refusedBy(environment, ref, github)
    if (refused !== undefined) return none(`run ${id} proves nothing: ${refused}`)
    const workflows = [run.path, ...(run.referenced_workflows ?? []).map(({ path }) => path)]
    if (workflows.some((path) => isTrusted(path, context, trustedWorkflows))) return { level: 'trusted' }
    return {
      level: 'known',
      why: `run ${id} uses none of the workflows that may open one (it ran ${workflows.join(', ')}); name it in \`trusted-workflows\` if it may`,
    }
  }

  return {
    standing: (run, environment) =>
      run === context.runId
        ? Promise.resolve({ level: 'trusted' })
        : remembered(standings, `${run} ${environment}`, () => standingOf(run, environment)),

    async uploaded(run, ...names) {
      const known = seen.get(run) ?? new Map<string, StoredArtifact>()
      const found = (): StoredArtifact | undefined =>
        names.map((name) => known.get(name)).find((artifact) => artifact !== undefined)
      const look = async (filter: { name?: string }): Promise<number> => {
        const { stored, total } = await listArtifacts(run, filter, github)
        for (const artifact of stored) known.set(artifact.name, artifact)
        if (run === context.runId && filter.name === undefined && total === stored.length)
          here = stored.map(({ name }) => name)
        return total - stored.length
      }
      // The first look takes a page of all, since a run is mostly asked for more than one; then each by its name.
      const isFirst = !seen.has(run)
      seen.set(run, known)
      if (isFirst && !found() && (await look({})) === 0) return found()
      for (const name of names) if (!found()) await look({ name })
      return found()
    },

    async namesHere() {
      if (here) return here
      const uploaded = await github.list<{ name: string }>(
        'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
        { run_id: context.runId },
        { permission: 'actions: read', pick: 'artifacts' },
      )
      return uploaded.map(({ name }) => name)
    },
  }
}

async function readRun(id: number, github: GitHub): Promise<WorkflowRun | undefined> {
  try {
    return workflowRun().parse(
      await github.request(
        'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
        { run_id: id },
        { permission: 'actions: read' },
      ),
    )
  } catch (error) {
    if (error instanceof ProviderError && error.status === 404) return undefined
    throw error
  }
}

/** Over REST, which knows the artifacts of all attempts. Source: REST API, "List workflow run artifacts". */
async function listArtifacts(
  run: number,
  filter: { name?: string },
  github: GitHub,
): Promise<{ stored: StoredArtifact[]; total: number }> {
  try {
    const { artifacts, total_count: total } = artifactPage().parse(
      await github.request(
        'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
        { run_id: run, per_page: 100, ...filter },
        { permission: 'actions: read' },
      ),
    )
    return {
      stored: artifacts.map(({ id, name, digest }) => defined({ id, name, digest: digest ?? undefined })),
      total,
    }
  } catch (error) {
    if (error instanceof ProviderError && error.status === 404) return { stored: [], total: 0 }
    throw error
  }
}

/**
 * Our own workflows of the very repository that this action came from, at any ref; the workflow of this run; and those
 * that were named. Where the runner does not tell the action's repository (a local one), one of the suite's own name
 * will do. Whether GitHub lists a nested reusable workflow is not documented, so rollout.yml, which calls region.yml,
 * counts, too.
 */
function isTrusted(
  path: string,
  { actionRepository, workflowRef }: RunContext,
  named: readonly string[],
): boolean {
  const [file = ''] = path.toLowerCase().split('@')
  const suite = actionRepository.toLowerCase()
  const inSuite =
    suite === ''
      ? /(^|\/)deploy-actions\/\.github\/workflows\/(region|rollout)\.yml$/.test(file)
      : ['region', 'rollout'].some((one) => file === `${suite}/.github/workflows/${one}.yml`)
  if (inSuite) return true
  const [, , ...own] = (workflowRef.split('@')[0] ?? '').split('/')
  return [own.join('/'), ...named].some((one) => one !== '' && path.split('@')[0] === one.split('@')[0])
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

function remembered<K, V>(memory: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const known = memory.get(key)
  if (known) return known
  const asked = read()
  memory.set(key, asked)
  // A call that failed is made again.
  asked.catch(() => memory.delete(key))
  return asked
}
