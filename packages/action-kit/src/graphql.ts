/** Where GitHub answers queries of GraphQL; parameters `query` and `variables`. Nothing is ever changed through it. */
export const GRAPHQL = 'POST /graphql'

interface Octokit {
  graphql(query: string, parameters: Record<string, unknown>): Promise<unknown>
}

/** What REST would have answered. Source: GraphQL API, "Rate limits", and the types of errors that it was seen to send. */
const STATUS: Record<string, number> = {
  RATE_LIMITED: 429,
  FORBIDDEN: 403,
  INSUFFICIENT_SCOPES: 403,
  NOT_FOUND: 404,
}
const UNPROCESSABLE = 422

/**
 * Asks through octokit, which knows where an Enterprise server has its GraphQL.
 * @returns the data of the answer
 * @throws the error that REST would have been answered with: GraphQL answers 200 to what it refuses, too
 */
export async function queried(
  octokit: Octokit,
  { query, variables }: Record<string, unknown>,
  request: { signal: AbortSignal },
): Promise<unknown> {
  try {
    return await octokit.graphql(String(query), { ...(variables as Record<string, unknown>), request })
  } catch (error) {
    const { errors, headers } = error as {
      errors?: { type?: string; message: string }[]
      headers?: Record<string, string>
    }
    if (!Array.isArray(errors)) throw error
    throw Object.assign(new Error('GraphQL', { cause: error }), {
      status: STATUS[errors[0]?.type ?? ''] ?? UNPROCESSABLE,
      response: { headers, data: { message: errors.map(({ message }) => message).join('; ') } },
    })
  }
}
