import { z } from 'zod'
import { GRAPHQL, ProviderError, type GitHub } from '@deploy-actions/action-kit'
import { defined, lazily } from '@deploy-actions/rollout'

/** What GitHub has of a transaction at first sight: whose it is, and what was said of it last, by whomever. */
export interface LatestStatus {
  service: string
  /** that it was created in */
  environment: string
  createdAt: Date
  /** where it stands by now, if somebody has moved it: a status may name another environment */
  movedTo?: string
  /** null where nothing was said */
  said: string | null
  saidAt?: Date
  /** its record, as text */
  payload: string | null
}

/** One query each, of a thousand in an hour; a repository with previews may have hundreds of deployments in a week. */
const MAX_PAGES = 50

/** Source: GraphQL API, objects Repository, Deployment and DeploymentConnection. */
const QUERY = `query ($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    deployments(first: 100, after: $after, orderBy: { field: CREATED_AT, direction: DESC }) {
      nodes { task originalEnvironment environment createdAt payload latestStatus { description createdAt } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

const answer = lazily(() =>
  z.object({
    repository: z.object({
      deployments: z.object({
        nodes: z.array(
          z
            .object({
              task: z.string().nullable(),
              originalEnvironment: z.string().nullable(),
              environment: z.string().nullable(),
              createdAt: z.string(),
              payload: z.string().nullable(),
              latestStatus: z
                .object({ description: z.string().nullable(), createdAt: z.string() })
                .nullable(),
            })
            .nullable(),
        ),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
      }),
    }),
  }),
)
type Page = z.infer<ReturnType<typeof answer>>['repository']['deployments']

/**
 * The transactions of all services since a moment, newest first: one query of GraphQL for each hundred deployments.
 * @returns `isWhole`: false where there are more than are looked through
 * @throws ProviderError when GitHub cannot be asked, or answers something else
 */
export async function latestStatuses(
  github: GitHub,
  { owner, repo }: { owner: string; repo: string },
  since: Date,
): Promise<{ found: LatestStatus[]; isWhole: boolean }> {
  const found: LatestStatus[] = []
  let after: string | null = null
  for (let number = 1; number <= MAX_PAGES; number++) {
    const { nodes, pageInfo }: Page = await pageAfter(github, { owner, name: repo, after })
    // The schema allows for one that GitHub cannot show.
    const shown = nodes.filter((node) => node !== null)
    const young = shown.filter((node) => new Date(node.createdAt) >= since)
    found.push(...young.flatMap(statusOf))
    if (!pageInfo.hasNextPage || young.length < shown.length) return { found, isWhole: true }
    after = pageInfo.endCursor
  }
  return { found, isWhole: false }
}

async function pageAfter(
  github: GitHub,
  variables: { owner: string; name: string; after: string | null },
): Promise<Page> {
  const asked = { query: QUERY, variables: defined({ ...variables, after: variables.after ?? undefined }) }
  const given = answer().safeParse(
    await github.request<unknown>(GRAPHQL, asked, { permission: 'deployments: read' }),
  )
  if (given.success) return given.data.repository.deployments
  throw new ProviderError(
    `GitHub's GraphQL answered something else than deployments: ${z.prettifyError(given.error)}`,
    { provider: 'GitHub' },
  )
}

type Node = NonNullable<Page['nodes'][number]>

function statusOf({
  task,
  originalEnvironment,
  environment,
  createdAt,
  payload,
  latestStatus,
}: Node): LatestStatus[] {
  const [, service] = /^deploy-actions\/(.+)$/.exec(task ?? '') ?? []
  if (service === undefined || originalEnvironment === null) return []
  const isMoved = environment?.toLowerCase() !== originalEnvironment.toLowerCase()
  return [
    {
      ...{ service, environment: originalEnvironment, createdAt: new Date(createdAt) },
      ...(isMoved && { movedTo: environment ?? 'nowhere' }),
      ...(latestStatus && { saidAt: new Date(latestStatus.createdAt) }),
      ...{ said: latestStatus?.description ?? null, payload },
    },
  ]
}
