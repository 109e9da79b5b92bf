import { ghApi, OWN_ID, type GhRepository } from './gh'

/** A branch or tag rule of an environment, as far as it is compared and written. */
export type BranchRule =
  { kind: 'any' } | { kind: 'protected' } | { kind: 'named'; patterns: readonly Pattern[] }
export interface Pattern {
  name: string
  type: 'branch' | 'tag'
  /** its number at GitHub, by which it is deleted */
  id?: number
}

/** Who is asked before a job may use an environment; `self` is whoever runs the command. */
export type Reviewer = 'self' | { type: string; id: number }

/** How an environment is to be. */
export interface WantedEnvironment {
  name: string
  reviewers: readonly Reviewer[]
  waitMinutes: number
  rule: BranchRule
  /** patterns that it has already */
  has?: readonly Pattern[]
}

/**
 * The commands that create an environment or bring it to what is wanted. One call sets all of an environment, so it says
 * again what stays. Source: REST API, "Create or update an environment" and "Create a deployment branch policy"; whether
 * administrators may bypass is taken there as it is given by "Get an environment".
 */
export function environmentCommands(repository: GhRepository, wanted: WantedEnvironment): string[] {
  const { name, reviewers, waitMinutes, rule, has = [] } = wanted
  const path = `environments/${encodeURIComponent(name)}`
  const put = ghApi(repository, 'PUT', path, [
    ['wait_timer', waitMinutes],
    ...reviewers.flatMap((reviewer): [string, string | number | typeof OWN_ID][] =>
      reviewer === 'self'
        ? [
            ['reviewers[][type]', 'User'],
            ['reviewers[][id]', OWN_ID],
          ]
        : [
            ['reviewers[][type]', reviewer.type],
            ['reviewers[][id]', reviewer.id],
          ],
    ),
    ...(reviewers.length === 0 ? [['reviewers[]', undefined] as const] : []),
    ['can_admins_bypass', false],
    ['deployment_branch_policy[protected_branches]', rule.kind === 'protected'],
    ['deployment_branch_policy[custom_branch_policies]', rule.kind === 'named'],
  ])
  if (rule.kind !== 'named') return [put]
  const missing = rule.patterns.filter((one) => !has.some((other) => samePattern(one, other)))
  const extra = has.filter((one) => !rule.patterns.some((other) => samePattern(one, other)))
  const policies = `${path}/deployment-branch-policies`
  return [
    put,
    ...missing.map(({ name: pattern, type }) =>
      ghApi(repository, 'POST', policies, [
        ['name', pattern],
        ['type', type],
      ]),
    ),
    ...extra.flatMap(({ id }) =>
      id === undefined ? [] : [ghApi(repository, 'DELETE', `${policies}/${id}`)],
    ),
  ]
}

const samePattern = (one: Pattern, other: Pattern): boolean =>
  one.name === other.name && one.type === other.type

/** Whether two environments take the same branches and tags. */
export function sameRule(one: BranchRule, other: BranchRule): boolean {
  if (one.kind !== 'named' || other.kind !== 'named') return one.kind === other.kind
  const holds = (all: readonly Pattern[], each: readonly Pattern[]): boolean =>
    each.every((pattern) => all.some((candidate) => samePattern(pattern, candidate)))
  return holds(one.patterns, other.patterns) && holds(other.patterns, one.patterns)
}

/** In words that follow "takes". */
export function describeRule(rule: BranchRule): string {
  if (rule.kind === 'any') return 'every branch and tag'
  if (rule.kind === 'protected') return 'protected branches'
  if (rule.patterns.length === 0) return 'no branch or tag at all'
  return rule.patterns.map(({ name, type }) => `${type} ${name}`).join(', ')
}
