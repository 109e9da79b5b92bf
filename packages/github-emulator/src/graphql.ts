import { buildSchema, graphql, GraphQLError, type GraphQLSchema } from 'graphql'
import { z } from 'zod'
import type { Deployment, Deployments } from './deployments'
import { type Answer, type Door, type HttpCall, Refusal } from './http-call'
import type { RateLimit } from './rate-limit'
import type { Caller, Repository } from './repository'
import { authenticate } from './rest-api'

export const GRAPHQL_PATH = '/graphql'

/** As much of GitHub's public schema as is asked for here; a test holds it against the whole. */
export const SCHEMA = `
  scalar DateTime
  enum OrderDirection { ASC DESC }
  enum DeploymentOrderField { CREATED_AT }
  input DeploymentOrder { direction: OrderDirection!, field: DeploymentOrderField! }
  type PageInfo { endCursor: String, hasNextPage: Boolean! }
  type DeploymentStatus { createdAt: DateTime!, description: String }
  type Deployment {
    createdAt: DateTime!
    environment: String
    latestStatus: DeploymentStatus
    originalEnvironment: String
    payload: String
    task: String
  }
  type DeploymentConnection { nodes: [Deployment], pageInfo: PageInfo!, totalCount: Int! }
  type Repository {
    deployments(
      after: String
      first: Int
      orderBy: DeploymentOrder = { field: CREATED_AT, direction: ASC }
    ): DeploymentConnection!
  }
  type Query { repository(followRenames: Boolean = true, name: String!, owner: String!): Repository }
`

/** Source: GraphQL API, "Rate limits and query limits", Node limit. */
const MOST = 100

const body = z.strictObject({ query: z.string(), variables: z.record(z.string(), z.unknown()).optional() })

interface Order {
  direction: 'ASC' | 'DESC'
}

/** GitHub's GraphQL API for one repository, of which only deployments are there. */
export function graphqlApi(repository: Repository, deployments: Deployments, rateLimit: RateLimit): Door {
  let schema: GraphQLSchema | undefined
  return async (call) => {
    const caller = authenticate(repository, call)
    if (call.method !== 'POST') throw new Refusal({ status: 404, body: { message: 'Not Found' } })
    const { query, variables } = read(call)
    const limited = overLimit(rateLimit)
    if (limited) return limited
    const result = await graphql({
      schema: (schema ??= buildSchema(SCHEMA)),
      source: query,
      variableValues: variables ?? {},
      rootValue: {
        repository: ({ owner, name }: { owner: string; name: string }) =>
          repositoryOf(`${owner}/${name}`, repository, deployments, caller),
      },
    })
    const errors = result.errors?.map((error) => ({ type: error.extensions['type'], message: error.message }))
    return { status: 200, body: { data: result.data ?? null, ...(errors ? { errors } : {}) } }
  }
}

function read({ body: sent }: HttpCall): z.infer<typeof body> {
  try {
    return body.parse(JSON.parse(sent.toString('utf8')))
  } catch {
    throw new Refusal({ status: 400, body: { message: 'Problems parsing JSON' } })
  }
}

/** Source: GraphQL API, "Exceeding the rate limit": it is said with 200. */
function overLimit(rateLimit: RateLimit): Answer | undefined {
  try {
    rateLimit.take('https://docs.github.com/graphql')
    return undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { headers = {} } = error.answer
    return {
      status: 200,
      headers,
      body: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded for installation.' }] },
    }
  }
}

const refused = (type: string, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { type } })

function repositoryOf(
  fullName: string,
  repository: Repository,
  deployments: Deployments,
  { job }: Caller,
): unknown {
  if (fullName.toLowerCase() !== repository.fullName.toLowerCase())
    throw refused('NOT_FOUND', `Could not resolve to a Repository with the name '${fullName}'.`)
  return {
    deployments({ first, after, orderBy }: { first?: number; after?: string; orderBy: Order }) {
      if ((job.permissions['deployments'] ?? 'none') === 'none')
        throw refused('FORBIDDEN', 'Resource not accessible by integration')
      return pageOf(
        orderBy.direction === 'DESC' ? deployments.all : deployments.all.toReversed(),
        first,
        after,
      )
    },
  }
}

function pageOf(all: readonly Deployment[], first: number | undefined, after: string | undefined): unknown {
  const length = checkedLength('deployments', first)
  const start = after === undefined ? 0 : all.findIndex(({ id }) => cursorOf(id) === after) + 1
  const nodes = all.slice(start, start + length)
  const last = nodes.at(-1)
  return {
    nodes: nodes.map(({ task, environment, originalEnvironment, createdAt, payload, statuses }) => ({
      ...{ task, environment, originalEnvironment, createdAt },
      payload: JSON.stringify(payload),
      latestStatus: statuses[0] ?? null,
    })),
    pageInfo: {
      endCursor: last ? cursorOf(last.id) : null,
      hasNextPage: start + nodes.length < all.length,
    },
    totalCount: all.length,
  }
}

function checkedLength(connection: string, first: number | undefined): number {
  if (first === undefined)
    throw refused(
      'MISSING_PAGINATION_BOUNDARIES',
      `You must provide a \`first\` or \`last\` value to properly paginate the \`${connection}\` connection.`,
    )
  if (first < 1 || first > MOST)
    throw refused(
      'EXCESSIVE_PAGINATION',
      `Requesting ${first} records on the \`${connection}\` connection exceeds the \`first\` limit of ${MOST} records.`,
    )
  return first
}

const cursorOf = (id: number): string => Buffer.from(`cursor:${id}`).toString('base64')
