import { z } from 'zod'
import { foundOrUndefined, readEnvironment, type GitHub } from '@deploy-actions/action-kit'
import { lazily } from '@deploy-actions/rollout'

const policies = lazily(() =>
  z.array(z.looseObject({ name: z.string(), type: z.enum(['branch', 'tag']).nullish() })),
)

const branches = lazily(() =>
  z.array(z.looseObject({ name: z.string(), commit: z.looseObject({ sha: z.string() }) })),
)

/** What of a run decides whether an environment takes its jobs. */
export interface Ref {
  /** short name of the branch or tag */
  name: string
  commit: string
  /** the event that started the run */
  event: string
}

/** Whether an environment takes jobs of a branch or tag, and why not, or why nobody can tell any more. */
export type Taken = { taken: 'yes' } | { taken: 'no' | 'unproven'; why: string }

/**
 * Whether an environment takes jobs of that branch or tag, by its own deployment branch policy. Source: "Managing
 * environments for deployment", Deployment branches and tags: without a rule every ref may; protected branches, or every
 * branch while none is protected; or names by patterns of Ruby's File.fnmatch. A run does not tell whether it is of a
 * branch or of a tag: where only branches may, the branch must hold the commit that it ran, and where only tags may, the
 * tag must stand there. Tags can be deleted afterwards, but nobody gets a commit into a branch by that.
 */
export async function takenBy(environment: string, ref: Ref, github: GitHub): Promise<Taken> {
  const policy = (await readEnvironment(environment, { github }))?.deployment_branch_policy
  if (!policy) return { taken: 'yes' }
  // Such a run has a ref of its own, refs/pull/N/merge, whatever branch it names.
  if (ref.event.startsWith('pull_request'))
    return {
      taken: 'no',
      why: `it runs for a pull request, and ${environment} takes only some branches and tags`,
    }
  const takes =
    policy.protected_branches === true
      ? await protectedTakes(ref, github)
      : await namedTakes(environment, ref, github)
  if (takes.branch && takes.tag) return { taken: 'yes' }
  // A branch may be called like a tag, and a run names both alike.
  if (takes.branch) {
    if (await isOnBranch(ref, github)) return { taken: 'yes' }
    return {
      taken: 'unproven',
      why: `${environment} takes branch ${ref.name}, and that branch, if there still is one, does not hold commit ${ref.commit}, which it ran: it may have run from a tag of that name`,
    }
  }
  if (takes.tag) {
    if (await isTag(ref, github)) return { taken: 'yes' }
    return {
      taken: 'unproven',
      why: `${environment} takes tag ${ref.name}, and that tag, if there still is one, does not stand at commit ${ref.commit}, which it ran`,
    }
  }
  // Who brings a bad release may take its branch away, and no rule shows what it was then.
  if (policy.protected_branches === true && !(await isBranch(ref, github)))
    return {
      taken: 'unproven',
      why: `${environment} takes protected branches, and whether ${ref.name} was one nobody can tell any more: it is gone`,
    }
  return { taken: 'no', why: `${environment} does not take ${ref.name}, from which it runs` }
}

/** Whether a run may be of a branch that is called so, and whether it may be of a tag. */
interface Takes {
  branch: boolean
  tag: boolean
}

async function protectedTakes({ name, commit }: Ref, github: GitHub): Promise<Takes> {
  const all = branches().parse(
    await github.list(
      'GET /repos/{owner}/{repo}/branches',
      { protected: true },
      { permission: 'contents: read' },
    ),
  )
  // Where every branch is taken, a tag is no way in.
  if (all.length === 0) return { branch: true, tag: true }
  const branch = all.find((one) => one.name === name)
  // A tag at the head of the branch is the code of the branch.
  return { branch: branch !== undefined, tag: branch?.commit.sha === commit }
}

async function namedTakes(environment: string, ref: Ref, github: GitHub): Promise<Takes> {
  const named = policies().parse(
    await github.list(
      'GET /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies',
      { environment_name: environment },
      { permission: 'actions: read', pick: 'branch_policies' },
    ),
  )
  const fitting = named.filter(({ name }) => fnmatch(name, ref.name))
  return {
    branch: fitting.some(({ type }) => type !== 'tag'),
    tag: fitting.some(({ type }) => type === 'tag'),
  }
}

/** Source: REST API, "Compare two commits": the second is `behind` the first where the first has come from it. */
async function isOnBranch({ name, commit }: Ref, github: GitHub): Promise<boolean> {
  const compared = await foundOrUndefined(
    github.request<{ status: string }>(
      'GET /repos/{owner}/{repo}/compare/{basehead}',
      // Of the commits and files between them nothing is wanted.
      { basehead: `refs/heads/${name}...${commit}`, per_page: 1, page: 2 },
      { permission: 'contents: read' },
    ),
  )
  return compared?.status === 'identical' || compared?.status === 'behind'
}

/** Source: REST API, "Get a commit". */
const isBranch = async ({ name }: Ref, github: GitHub): Promise<boolean> =>
  (await commitOf(`heads/${name}`, github)) !== undefined

const isTag = async ({ name, commit }: Ref, github: GitHub): Promise<boolean> =>
  (await commitOf(`tags/${name}`, github)) === commit

async function commitOf(ref: string, github: GitHub): Promise<string | undefined> {
  const found = await foundOrUndefined(
    github.request<{ sha: string }>(
      'GET /repos/{owner}/{repo}/commits/{ref}',
      { ref },
      { permission: 'contents: read' },
    ),
    // To this endpoint a ref that is not there is unprocessable.
    [404, 422],
  )
  return found?.sha
}

/** Ruby's File.fnmatch with FNM_PATHNAME, as the policies have it: a star stays within a slash, `**` and a slash do not. */
export function fnmatch(pattern: string, name: string): boolean {
  const source = pattern.replace(
    /\*\*\/|\*+|\?|\[(!|\^)?([^\]/]+)\]|[\\^$.|+(){}[\]]/g,
    (token, not: string | undefined, set: string | undefined) => {
      if (token === '**/') return '(?:[^/]+/)*'
      if (token.startsWith('*')) return '[^/]*'
      if (token === '?') return '[^/]'
      if (set !== undefined) return `[${not === undefined ? '' : '^'}${set.replace(/[\\\]^]/g, '\\$&')}]`
      return `\\${token}`
    },
  )
  return new RegExp(`^${source}$`).test(name)
}
