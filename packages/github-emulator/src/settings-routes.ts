import { page, paging } from './paging'
import { nodeId, timestamp, type Repository } from './repository'
import { restRoute, type RestRoute } from './rest-route'
import { repositoryBody } from './run-bodies'

/** The repository itself, its workflows, and the settings of its Actions that can be read. */
export function settingsRoutes(repository: Repository): RestRoute[] {
  const { settings = {} } = repository.options
  const createdAt = timestamp(repository.options.now())
  const secretsOf = (on: string, names: readonly string[] = []): RestRoute =>
    restRoute({
      on: `GET ${on}`,
      needs: 'secrets: read',
      manual: 'actions/secrets#list-repository-secrets',
      query: paging,
      answer({ query, url }) {
        const all = names.map((name) => ({ name, created_at: createdAt, updated_at: createdAt }))
        const { items, headers } = page(all, query, url)
        return { status: 200, headers, body: { total_count: all.length, secrets: items } }
      },
    })
  return [
    restRoute({
      on: 'GET ',
      needs: 'metadata: read',
      manual: 'repos/repos#get-a-repository',
      answer: () => ({ status: 200, body: wholeRepositoryBody(repository) }),
    }),
    restRoute({
      on: 'GET /actions/permissions/workflow',
      needs: 'administration: read',
      manual: 'actions/permissions#get-default-workflow-permissions-for-a-repository',
      answer: () => ({
        status: 200,
        body: {
          default_workflow_permissions: settings.defaultWorkflowPermissions ?? 'read',
          can_approve_pull_request_reviews: false,
        },
      }),
    }),
    restRoute({
      on: 'GET /actions/permissions/artifact-and-log-retention',
      needs: 'administration: read',
      manual: 'actions/permissions#get-artifact-and-log-retention-settings-for-a-repository',
      answer: () => ({
        status: 200,
        body: { days: settings.retentionDays ?? 90, maximum_allowed_days: 400 },
      }),
    }),
    secretsOf('/actions/secrets', settings.secrets),
    secretsOf('/actions/organization-secrets', settings.organizationSecrets),
    restRoute({
      on: 'GET /actions/workflows',
      needs: 'actions: read',
      manual: 'actions/workflows#list-repository-workflows',
      query: paging,
      answer({ query, url }) {
        const all = (settings.workflows ?? []).map(({ path, state = 'active' }, index) => ({
          id: index + 1,
          node_id: nodeId('Workflow', index + 1),
          name: path,
          path,
          state,
          created_at: createdAt,
          updated_at: createdAt,
          url: repository.api(`/actions/workflows/${index + 1}`),
          html_url: repository.page(`/blob/${repository.defaultBranch}/${path}`),
          badge_url: repository.page(`/workflows/${path}/badge.svg`),
        }))
        const { items, headers } = page(all, query, url)
        return { status: 200, headers, body: { total_count: all.length, workflows: items } }
      },
    }),
  ]
}

/** Shape: REST manual, "Get a repository", as far as anybody of ours reads it. */
const wholeRepositoryBody = (repository: Repository): Record<string, unknown> => ({
  ...repositoryBody(repository),
  default_branch: repository.defaultBranch,
  archived: false,
  disabled: false,
  visibility: 'private',
})
