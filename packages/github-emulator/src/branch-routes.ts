import { z } from 'zod'
import { page, paging } from './paging'
import { nodeId, type Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'
import { unprocessable } from './validation'

const filter = paging.extend({ protected: z.enum(['true', 'false']).optional() })

/** Branches, and the commits that refs name. */
export function branchRoutes(repository: Repository): RestRoute[] {
  const { branches, history = {}, protectedBranches = [], tags = {} } = repository.options
  /** The commits of each branch, the newest first. */
  const lines = (): string[][] =>
    Object.entries(branches).map(([name, sha]) => [sha, ...(history[name] ?? [])])
  const commitOf = (ref: string): string | undefined =>
    repository.commit(ref) ??
    lines()
      .flat()
      .find((sha) => sha === ref)
  const statusOf = (base: string, head: string): 'identical' | 'ahead' | 'behind' | 'diverged' => {
    if (base === head) return 'identical'
    const line = lines().find((commits) => commits.includes(base) && commits.includes(head))
    if (!line) return 'diverged'
    return line.indexOf(head) < line.indexOf(base) ? 'ahead' : 'behind'
  }
  return [
    restRoute({
      on: 'GET /branches',
      needs: 'contents: read',
      manual: 'branches/branches#list-branches',
      query: filter,
      answer({ query, url }) {
        const { protected: wanted, ...pages } = query
        const all = Object.entries(branches).map(([name, sha]) => ({
          name,
          commit: { sha, url: repository.api(`/commits/${sha}`) },
          protected: protectedBranches.includes(name),
        }))
        const fitting = all.filter((one) => wanted === undefined || String(one.protected) === wanted)
        const { items, headers } = page(fitting, pages, url)
        return { status: 200, headers, body: items }
      },
    }),
    restRoute({
      on: 'GET /commits/{ref+}',
      needs: 'contents: read',
      manual: 'commits/commits#get-a-commit',
      answer({ params }) {
        const ref = params.ref ?? ''
        const tag = /^tags\/(.+)$/.exec(ref)?.[1]
        const sha = tag === undefined ? repository.commit(ref.replace(/^heads\//, '')) : tags[tag]
        if (sha === undefined)
          throw unprocessable(`No commit found for SHA: ${ref}`, [], {
            resource: 'Commit',
            documentation: 'https://docs.github.com/rest/commits/commits#get-a-commit',
          })
        return {
          status: 200,
          body: { sha, node_id: nodeId('Commit', 0), url: repository.api(`/commits/${sha}`) },
        }
      },
    }),
    restRoute({
      on: 'GET /compare/{basehead+}',
      needs: 'contents: read',
      manual: 'commits/commits#compare-two-commits',
      query: paging,
      answer({ params }) {
        const [, first = '', second = ''] = /^(.+)\.\.\.(.+)$/.exec(params.basehead ?? '') ?? []
        const [base, head] = [commitOf(first), commitOf(second)]
        if (base === undefined || head === undefined) throw notFound()
        return { status: 200, body: { status: statusOf(base, head), commits: [] } }
      },
    }),
  ]
}
