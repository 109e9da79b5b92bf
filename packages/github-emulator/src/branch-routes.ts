import { z } from 'zod'
import { page, paging } from './paging'
import { nodeId, type Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'
import { unprocessable } from './validation'

const filter = paging.extend({ protected: z.enum(['true', 'false']).optional() })

/** Branches, and the commits that refs name. */
export function branchRoutes(repository: Repository): RestRoute[] {
  const { branches, history = {}, protectedBranches = [], tags = {} } = repository.options
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
      // Of a branch with a commit; what of the one is not in the other is not modelled.
      answer({ params }) {
        const [, name = '', commit = ''] =
          /^refs\/heads\/(.+)\.\.\.([0-9a-f]{40})$/.exec(params.basehead ?? '') ?? []
        const head = branches[name]
        if (head === undefined) throw notFound()
        const held = history[name]?.includes(commit) ? 'behind' : 'diverged'
        return { status: 200, body: { status: commit === head ? 'identical' : held, commits: [] } }
      },
    }),
  ]
}
