import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'
import { foundOrUndefined } from './found-or-undefined'
import type { GitHub } from './ports'

const branchPolicy = z.looseObject({
  protected_branches: z.boolean().nullish(),
  custom_branch_policies: z.boolean().nullish(),
})

const environment = lazily(() =>
  z.looseObject({
    name: z.string(),
    can_admins_bypass: z.boolean().nullish(),
    protection_rules: z
      .array(
        z.looseObject({
          type: z.string(),
          reviewers: z.array(z.unknown()).nullish(),
          wait_timer: z.number().nullish(),
        }),
      )
      .nullish(),
    deployment_branch_policy: branchPolicy.nullish(),
  }),
)
export type Environment = z.infer<ReturnType<typeof environment>>

/** An environment and its protection; undefined when there is none of that name. Source: REST API, "Get an environment". */
export async function readEnvironment(
  name: string,
  { github }: { github: GitHub },
): Promise<Environment | undefined> {
  const found = await foundOrUndefined(
    github.request(
      'GET /repos/{owner}/{repo}/environments/{environment_name}',
      { environment_name: name },
      { permission: 'actions: read' },
    ),
  )
  return found === undefined ? undefined : environment().parse(found)
}

/** All environments of the repository, a hundred by each call. Source: REST API, "List environments". */
export async function listEnvironments({ github }: { github: GitHub }): Promise<Environment[]> {
  const found = await github.list(
    'GET /repos/{owner}/{repo}/environments',
    {},
    { permission: 'actions: read', pick: 'environments' },
  )
  return found.map((one) => environment().parse(one))
}

/** How many people or teams are asked before a job may use it. */
export const reviewersOf = (environment: Environment): number => reviewersIn(environment).length

/** Who is asked before a job may use it, as GitHub lists them. */
export const reviewersIn = ({ protection_rules }: Environment): unknown[] =>
  (protection_rules ?? [])
    .filter(({ type }) => type === 'required_reviewers')
    .flatMap(({ reviewers }) => reviewers ?? [])

/** How long a job waits before it may use it, in minutes; 0 without a timer. */
export const waitMinutesOf = ({ protection_rules }: Environment): number =>
  Math.max(0, ...(protection_rules ?? []).map(({ wait_timer }) => wait_timer ?? 0))

/** What the environment of a region should have and does not, in words that follow its name. */
export const weaknessesOf = (environment: Environment): string[] => [
  ...(reviewersOf(environment) > 0 ? [] : ['has no required reviewers']),
  ...(environment.deployment_branch_policy ? [] : ['may be deployed to from any branch']),
  ...(environment.can_admins_bypass === false ? [] : ['can be bypassed by administrators']),
]

/** For what a job of a guard environment would have to wait, in words: a restore must not. */
export const waitsOf = (environment: Environment): string[] => [
  ...(reviewersOf(environment) > 0 ? ['required reviewers'] : []),
  ...(waitMinutesOf(environment) > 0 ? ['a wait timer'] : []),
]
