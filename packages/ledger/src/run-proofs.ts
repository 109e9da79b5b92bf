import { z } from 'zod'
import {
  foundOrUndefined,
  remembered,
  reviewOf,
  type GitHub,
  type RunContext,
  type StoredArtifact,
} from '@deploy-actions/action-kit'
import { defined, lazily } from '@deploy-actions/rollout'
import { takenBy } from './branch-policy'

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
 * the environment takes. `known`: for such a branch, by another workflow of this repository. `unproven`: for a branch
 * that the environment takes by its name, and that does not hold what it ran. `none`: none of these.
 */
export type Standing = { level: 'trusted' } | { level: 'known' | 'unproven' | 'none'; why: string }

/** What GitHub itself says of runs: that, and not what anybody wrote into the ledger, is proof. */
export interface RunProofs {
  /** What a run may say of an environment. @throws ProviderError when GitHub does not answer */
  standing(run: number, environment: string): Promise<Standing>
  /** Whether a reviewer let that run into an environment, or that has none to ask. */
  reviewed(run: number, environment: string): Promise<boolean>
  /** The first artifact of these names that a job of that run uploaded: nobody else can. Its content may have expired. */
  uploaded(run: number, ...names: string[]): Promise<StoredArtifact | undefined>
}

/** @param trustedWorkflows paths of workflows, beside ours and that of this very run, whose word counts */
export function createRunProofs(
  github: GitHub,
  context: RunContext,
  trustedWorkflows: readonly string[],
): RunProofs {
  const runs = new Map<number, Promise<WorkflowRun | undefined>>()
  const standings = new Map<string, Promise<Standing>>()
  const looks = new Map<number, Promise<{ known: Map<string, StoredArtifact>; isWhole: boolean }>>()
  const lookedAt = new Set<number>()
  const ours = `${context.owner}/${context.repo}`

  /** A page of all, since a run is mostly asked for more than one. */
  const firstLook = async (run: number) => {
    const { stored, total } = await listArtifacts(run, {}, github)
    return {
      known: new Map(stored.map((artifact) => [artifact.name, artifact])),
      isWhole: stored.length === total,
    }
  }

  const standingOf = async (id: number, environment: string): Promise<Standing> => {
    const run = await remembered(runs, id, () => readRun(id, github))
    const none = (why: string): Standing => ({ level: 'none', why })
    if (!run) return none(`GitHub knows no run ${id}`)
    const { full_name: repository } = run.repository
    if (!same(repository, ours)) return none(`run ${id} belongs to ${repository}, not to ${ours}`)
    const head = run.head_repository?.full_name ?? 'a repository that is gone'
    if (!same(head, ours)) return none(`run ${id} runs the code of ${head}`)
    const ref = { name: run.head_branch ?? '', commit: run.head_sha, event: run.event }
    const policy = await takenBy(environment, ref, github)
    if (policy.taken !== 'yes')
      return {
        level: policy.taken === 'no' ? 'none' : 'unproven',
        why: `run ${id} proves nothing: ${policy.why}`,
      }
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

    async reviewed(run, environment) {
      return (await reviewOf(environment, { github, context: { runId: run } })) !== 'missing'
    },

    async uploaded(run, ...names) {
      const isFirst = !lookedAt.has(run)
      const { known, isWhole } = await remembered(looks, run, () => firstLook(run))
      lookedAt.add(run)
      const found = (): StoredArtifact | undefined =>
        names.map((name) => known.get(name)).find((artifact) => artifact !== undefined)
      if (isFirst && isWhole) return found()
      for (const name of names)
        if (!found())
          for (const artifact of (await listArtifacts(run, { name }, github)).stored)
            known.set(artifact.name, artifact)
      return found()
    },
  }
}

async function readRun(id: number, github: GitHub): Promise<WorkflowRun | undefined> {
  const run = await foundOrUndefined(
    github.request(
      'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      { run_id: id },
      { permission: 'actions: read' },
    ),
  )
  return run === undefined ? undefined : workflowRun().parse(run)
}

/** Over REST, which knows the artifacts of all attempts. Source: REST API, "List workflow run artifacts". */
async function listArtifacts(
  run: number,
  filter: { name?: string },
  github: GitHub,
): Promise<{ stored: StoredArtifact[]; total: number }> {
  const page = await foundOrUndefined(
    github.request(
      'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
      { run_id: run, per_page: 100, ...filter },
      { permission: 'actions: read' },
    ),
  )
  if (page === undefined) return { stored: [], total: 0 }
  const { artifacts, total_count: total } = artifactPage().parse(page)
  return {
    stored: artifacts.map(({ id, name, digest }) => defined({ id, name, digest: digest ?? undefined })),
    total,
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
  if (isOfSuite(path, actionRepository, ['region', 'rollout'])) return true
  const [, , ...own] = (workflowRef.split('@')[0] ?? '').split('/')
  return [own.join('/'), ...named].some((one) => one !== '' && path.split('@')[0] === one.split('@')[0])
}

/**
 * Whether a workflow is one of those of this suite, at any ref.
 * @param actionRepository where this action came from; empty where the runner does not tell: then a suite of that name will do
 */
export function isOfSuite(path: string, actionRepository: string, names: readonly string[]): boolean {
  const [file = ''] = path.toLowerCase().split('@')
  const suite = actionRepository.toLowerCase()
  return names.some((name) => {
    const workflow = `.github/workflows/${name}.yml`
    return suite === '' ? `/${file}`.endsWith(`/deploy-actions/${workflow}`) : file === `${suite}/${workflow}`
  })
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
