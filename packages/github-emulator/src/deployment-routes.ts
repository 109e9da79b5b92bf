import { z } from 'zod'
import { DEPLOYMENT_STATES, type Deployment, type DeploymentStatus, type Deployments } from './deployments'
import { page, paging } from './paging'
import { ACTIONS_BOT, nodeId, type Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'
import { shortText, unprocessable, webAddress } from './validation'

/** Descriptions: REST manual. Environments: docs on environments, 255. Tasks have no documented limit; taken as names. */
const LONGEST = { description: 140, name: 255 }

const newDeployment = z.strictObject({
  ref: z.string(),
  task: shortText('task', LONGEST.name).default('deploy'),
  // Neither is modelled, so only what switches them off is taken.
  auto_merge: z
    .boolean()
    .default(true)
    .refine((on) => !on, 'auto_merge must be false: the rehearsal merges nothing'),
  required_contexts: z
    .array(z.string())
    .default(['every known context'])
    .refine(
      (contexts) => contexts.length === 0,
      'required_contexts must be []: the rehearsal has no commit statuses',
    ),
  payload: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
  environment: shortText('environment', LONGEST.name).default('production'),
  description: shortText('description', LONGEST.description).nullable().default(null),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
})

const newStatus = z.strictObject({
  state: z.enum(DEPLOYMENT_STATES),
  target_url: webAddress('target_url').default(''),
  log_url: webAddress('log_url').optional(),
  description: shortText('description', LONGEST.description).default(''),
  environment: shortText('environment', LONGEST.name).optional(),
  environment_url: webAddress('environment_url').default(''),
  auto_inactive: z.boolean().default(true),
})

const filter = paging.extend({
  sha: z.string().optional(),
  ref: z.string().optional(),
  task: z.string().optional(),
  environment: z.string().optional(),
})

/** Deployments and their statuses. */
export function deploymentRoutes(repository: Repository, deployments: Deployments): RestRoute[] {
  const find = (id: string): Deployment => {
    const found = deployments.find(Number(id))
    if (!found) throw notFound()
    return found
  }
  return [
    restRoute({
      on: 'POST /deployments',
      needs: 'deployments: write',
      manual: 'deployments/deployments#create-a-deployment',
      resource: 'Deployment',
      body: newDeployment,
      answer({ body }) {
        const sha = repository.commit(body.ref)
        if (sha === undefined)
          throw unprocessable(`No ref found for: ${body.ref}`, [], {
            resource: 'Deployment',
            documentation: 'https://docs.github.com/rest/deployments/deployments#create-a-deployment',
          })
        const { ref, task, payload, environment, description, transient_environment: transient } = body
        const production = body.production_environment ?? environment === 'production'
        const created = deployments.create({
          sha,
          ref,
          task,
          payload,
          environment,
          description,
          transient,
          production,
        })
        return { status: 201, body: deploymentBody(repository, created) }
      },
    }),
    restRoute({
      on: 'GET /deployments',
      needs: 'deployments: read',
      manual: 'deployments/deployments#list-deployments',
      query: filter,
      answer({ query, url }) {
        const { page: number, per_page, ...wanted } = query
        const fits = (one: Deployment): boolean =>
          Object.entries(wanted).every(
            ([key, value]) => value === undefined || one[key as keyof typeof wanted] === value,
          )
        const { items, headers } = page(deployments.all.filter(fits), { page: number, per_page }, url)
        return { status: 200, headers, body: items.map((one) => deploymentBody(repository, one)) }
      },
    }),
    restRoute({
      on: 'GET /deployments/{id}',
      needs: 'deployments: read',
      manual: 'deployments/deployments#get-a-deployment',
      answer: ({ params }) => ({ status: 200, body: deploymentBody(repository, find(params.id ?? '')) }),
    }),
    restRoute({
      on: 'DELETE /deployments/{id}',
      needs: 'deployments: write',
      manual: 'deployments/deployments#delete-a-deployment',
      answer({ params }) {
        const one = find(params.id ?? '')
        // "You can set a deployment as inactive by adding any non-successful deployment status."
        const others = deployments.all.filter(({ environment }) => environment === one.environment)
        if (others.length > 1 && one.statuses[0]?.state === 'success')
          throw unprocessable(
            'We cannot delete an active deployment unless it is the only deployment in a given environment.',
            [],
            {
              resource: 'Deployment',
              documentation: 'https://docs.github.com/rest/deployments/deployments#delete-a-deployment',
            },
          )
        deployments.delete(one)
        return { status: 204 }
      },
    }),
    restRoute({
      on: 'POST /deployments/{id}/statuses',
      needs: 'deployments: write',
      manual: 'deployments/statuses#create-a-deployment-status',
      resource: 'DeploymentStatus',
      body: newStatus,
      answer({ params, body }) {
        const one = find(params.id ?? '')
        const { state, description, environment } = body
        const added = deployments.addStatus(one, {
          state,
          description,
          environment,
          environmentUrl: body.environment_url,
          logUrl: body.log_url ?? body.target_url,
          autoInactive: body.auto_inactive,
        })
        return { status: 201, body: statusBody(repository, one, added) }
      },
    }),
    restRoute({
      on: 'GET /deployments/{id}/statuses',
      needs: 'deployments: read',
      manual: 'deployments/statuses#list-deployment-statuses',
      query: paging,
      answer({ params, query, url }) {
        const one = find(params.id ?? '')
        const { items, headers } = page(one.statuses, query, url)
        return { status: 200, headers, body: items.map((status) => statusBody(repository, one, status)) }
      },
    }),
  ]
}

function deploymentBody(repository: Repository, one: Deployment): Record<string, unknown> {
  const url = repository.api(`/deployments/${one.id}`)
  return {
    url,
    id: one.id,
    node_id: nodeId('Deployment', one.id),
    sha: one.sha,
    ref: one.ref,
    task: one.task,
    payload: one.payload,
    original_environment: one.originalEnvironment,
    environment: one.environment,
    description: one.description,
    creator: ACTIONS_BOT,
    created_at: one.createdAt,
    updated_at: one.updatedAt,
    statuses_url: `${url}/statuses`,
    repository_url: repository.api(''),
    transient_environment: one.transient,
    production_environment: one.production,
  }
}

function statusBody(
  repository: Repository,
  { id }: Deployment,
  status: DeploymentStatus,
): Record<string, unknown> {
  const url = repository.api(`/deployments/${id}`)
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId('DeploymentStatus', status.id),
    state: status.state,
    creator: ACTIONS_BOT,
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    log_url: status.logUrl,
    environment_url: status.environmentUrl,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    deployment_url: url,
    repository_url: repository.api(''),
  }
}
