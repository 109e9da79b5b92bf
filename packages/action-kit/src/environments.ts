import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'
import { foundOrUndefined } from './found-or-undefined'
import type { GitHub } from './ports'

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
    deployment_branch_policy: z.looseObject({ protected_branches: z.boolean().nullish() }).nullish(),
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

/** How many people or teams are asked before a job may use it. */
export const reviewersOf = ({ protection_rules }: Environment): number =>
  (protection_rules ?? [])
    .filter(({ type }) => type === 'required_reviewers')
    .reduce((sum, rule) => sum + (rule.reviewers?.length ?? 0), 0)
