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

/**
 * Why an environment would not take jobs of that branch or tag, by its own deployment branch policy; undefined when it
 * would. Source: "Managing environments for deployment", Deployment branches and tags: without a rule every ref may;
 * protected branches, or every branch while none is protected; or names by patterns of Ruby's File.fnmatch. A run does
 * not tell whether it is of a branch or of a tag: where only the one may, it is asked whether a tag stands at its commit.
 */
export async function refusedBy(environment: string, ref: Ref, github: GitHub): Promise<string | undefined> {
  const policy = (await readEnvironment(environment, { github }))?.deployment_branch_policy
  if (!policy) return undefined
  // Such a run has a ref of its own, refs/pull/N/merge, whatever branch it names.
  if (ref.event.startsWith('pull_request'))
    return `it runs for a pull request, and ${environment} takes only some branches and tags`
  const takes =
    policy.protected_branches === true
      ? await protectedTakes(ref, github)
      : await namedTakes(environment, ref, github)
  if (takes.branch && takes.tag) return undefined
  // A branch may be called like a tag, and a run names both alike.
  if ((takes.branch || takes.tag) && (await isTag(ref, github)) === takes.tag) return undefined
  return takes.branch
    ? `${environment} takes branch ${ref.name}, and tag ${ref.name} stands at the commit that it ran: that one may be what it runs from`
    : `${environment} does not take ${ref.name}, from which it runs`
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

async function isTag({ name, commit }: Ref, github: GitHub): Promise<boolean> {
  const tagged = await foundOrUndefined(
    github.request<{ sha: string }>(
      'GET /repos/{owner}/{repo}/commits/{ref}',
      { ref: `tags/${name}` },
      { permission: 'contents: read' },
    ),
    // To this endpoint a ref that is not there is unprocessable.
    [404, 422],
  )
  return tagged?.sha === commit
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
