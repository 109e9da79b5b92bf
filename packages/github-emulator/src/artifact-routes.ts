import { z } from 'zod'
import type { Artifact, Artifacts } from './artifacts'
import type { Blobs } from './blobs'
import { page, paging } from './paging'
import { nodeId, timestamp, type Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'

const filter = paging.extend({
  name: z.string().optional(),
  direction: z.enum(['asc', 'desc']).default('desc'),
})

/** Artifacts over REST: what the client uses for those of other runs. */
export function artifactRoutes(repository: Repository, artifacts: Artifacts, blobs: Blobs): RestRoute[] {
  const find = (id = ''): Artifact => {
    const found = artifacts.all.find((artifact) => artifact.id === Number(id))
    if (!found) throw notFound()
    return found
  }
  return [
    restRoute({
      on: 'GET /actions/runs/{id}/artifacts',
      needs: 'actions: read',
      manual: 'actions/artifacts#list-workflow-run-artifacts',
      query: filter,
      answer({ params, query, url }) {
        const run = repository.run(Number(params.id))
        if (!run) throw notFound()
        const fitting = artifacts.ofRun(run.id).filter(({ name }) => (query.name ?? name) === name)
        const ordered = query.direction === 'asc' ? fitting : fitting.reverse()
        const { items, headers } = page(ordered, query, url)
        return {
          status: 200,
          headers,
          body: { total_count: fitting.length, artifacts: items.map((one) => artifactBody(repository, one)) },
        }
      },
    }),
    restRoute({
      on: 'GET /actions/artifacts/{id}',
      needs: 'actions: read',
      manual: 'actions/artifacts#get-an-artifact',
      answer: ({ params }) => ({ status: 200, body: artifactBody(repository, find(params.id)) }),
    }),
    restRoute({
      on: 'GET /actions/artifacts/{id}/zip',
      needs: 'actions: read',
      manual: 'actions/artifacts#download-an-artifact',
      answer: ({ params }) => ({ status: 302, headers: { location: blobs.downloadUrl(find(params.id)) } }),
    }),
  ]
}

function artifactBody(repository: Repository, one: Artifact): Record<string, unknown> {
  const run = repository.run(one.run)
  const url = repository.api(`/actions/artifacts/${one.id}`)
  return {
    id: one.id,
    node_id: nodeId('Artifact', one.id),
    name: one.name,
    size_in_bytes: one.size,
    url,
    archive_download_url: `${url}/zip`,
    expired: new Date(one.expiresAt) < repository.options.now(),
    digest: one.digest,
    created_at: timestamp(one.createdAt),
    updated_at: timestamp(one.createdAt),
    expires_at: timestamp(one.expiresAt),
    workflow_run: {
      id: one.run,
      repository_id: repository.id,
      head_repository_id: repository.id,
      head_branch: run?.headBranch,
      head_sha: run?.headSha,
    },
  }
}
