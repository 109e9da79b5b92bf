import type { EnvironmentSetting } from './github-options'
import { page, paging } from './paging'
import { nodeId, simpleUser, timestamp, type Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'

/** GitHub's limits; source: docs, "Deployments and environments". */
const LIMITS = { name: 255, reviewers: 6, waitMinutes: 43_200 }

/** The environments of the repository. They never change while the emulator runs. */
export class Environments {
  readonly #settings: readonly (EnvironmentSetting & { id: number })[]
  readonly #createdAt: string

  constructor(private readonly repository: Repository) {
    this.#settings = repository.options.environments.map((setting, index) => ({
      ...setting,
      id: index + 1,
    }))
    this.#createdAt = timestamp(repository.options.now())
  }

  /** An environment by its name in any case. */
  find(name: string): (EnvironmentSetting & { id: number }) | undefined {
    return this.#settings.find((one) => one.name.toLowerCase() === name.toLowerCase())
  }

  /** What every answer says of an environment; of one that is not set up, its name. */
  brief(name: string): Record<string, unknown> {
    const setting = this.find(name)
    if (!setting) return { name }
    return {
      id: setting.id,
      node_id: nodeId('Environment', setting.id),
      name: setting.name,
      url: this.repository.api(`/environments/${encodeURIComponent(setting.name)}`),
      html_url: this.repository.page(
        `/deployments/activity_log?environments_filter=${encodeURIComponent(setting.name)}`,
      ),
      created_at: this.#createdAt,
      updated_at: this.#createdAt,
    }
  }

  /** Of an environment before which a job waits. */
  pending(name: string): Record<string, unknown> {
    const { reviewers = [], waitTimer = 0 } = this.find(name) ?? {}
    return {
      environment: this.brief(name),
      wait_timer: waitTimer,
      wait_timer_started_at: this.#createdAt,
      current_user_can_approve: false,
      reviewers: reviewers.map(reviewerBody),
    }
  }

  routes(): RestRoute[] {
    const find = (name: string): EnvironmentSetting & { id: number } => {
      const found = this.find(name)
      if (!found) throw notFound()
      return found
    }
    const whole = (setting: EnvironmentSetting & { id: number }): Record<string, unknown> => ({
      ...this.brief(setting.name),
      can_admins_bypass: setting.canAdminsBypass ?? true,
      protection_rules: protectionRules(setting),
      deployment_branch_policy: setting.branchPolicy ?? null,
    })
    return [
      restRoute({
        on: 'GET /environments',
        needs: 'actions: read',
        manual: 'deployments/environments#list-environments',
        query: paging,
        answer: ({ query, url }) => {
          const { items, headers } = page(this.#settings, query, url)
          return {
            status: 200,
            headers,
            body: { total_count: this.#settings.length, environments: items.map(whole) },
          }
        },
      }),
      restRoute({
        on: 'GET /environments/{name}',
        needs: 'actions: read',
        manual: 'deployments/environments#get-an-environment',
        answer: ({ params }) => ({ status: 200, body: whole(find(params.name ?? '')) }),
      }),
      restRoute({
        on: 'GET /environments/{name}/deployment-branch-policies',
        needs: 'actions: read',
        manual: 'deployments/branch-policies#list-deployment-branch-policies',
        query: paging,
        answer: ({ params, query, url }) => {
          const policies = find(params.name ?? '').branches ?? []
          const { items, headers } = page(
            policies.map((policy, index) => ({ id: index + 1, ...policy })),
            query,
            url,
          )
          return { status: 200, headers, body: { total_count: policies.length, branch_policies: items } }
        },
      }),
    ]
  }
}

const reviewerBody = (login: string): Record<string, unknown> => ({
  type: 'User',
  reviewer: simpleUser(login),
})

/** Shape: REST manual, "Get an environment". */
function protectionRules(setting: EnvironmentSetting & { id: number }): Record<string, unknown>[] {
  const { id, waitTimer, reviewers = [], preventSelfReview = false, branchPolicy } = setting
  const rule = (number: number, type: string): Record<string, unknown> => ({
    id: id * 10 + number,
    node_id: nodeId('Gate', id * 10 + number),
    type,
  })
  return [
    ...(waitTimer === undefined ? [] : [{ ...rule(1, 'wait_timer'), wait_timer: waitTimer }]),
    ...(reviewers.length === 0
      ? []
      : [
          {
            ...rule(2, 'required_reviewers'),
            prevent_self_review: preventSelfReview,
            reviewers: reviewers.map(reviewerBody),
          },
        ]),
    ...(branchPolicy ? [rule(3, 'branch_policy')] : []),
  ]
}

/** @throws Error when GitHub would not take the setting */
export function checkEnvironment(setting: EnvironmentSetting): void {
  const { name, reviewers = [], waitTimer, branchPolicy } = setting
  const problem =
    name === '' || name.length > LIMITS.name
      ? `a name has 1 to ${LIMITS.name} characters`
      : reviewers.length > LIMITS.reviewers
        ? `at most ${LIMITS.reviewers} reviewers, not ${reviewers.length}`
        : waitTimer !== undefined &&
            !(Number.isInteger(waitTimer) && waitTimer >= 1 && waitTimer <= LIMITS.waitMinutes)
          ? `a wait timer has 1 to ${LIMITS.waitMinutes} minutes, not ${waitTimer}`
          : branchPolicy && branchPolicy.protected_branches === branchPolicy.custom_branch_policies
            ? 'exactly one of protected_branches and custom_branch_policies is true'
            : undefined
  if (problem !== undefined) throw new Error(`environment ${name}: GitHub would not take it: ${problem}`)
}
