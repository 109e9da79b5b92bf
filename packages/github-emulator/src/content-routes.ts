import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { z } from 'zod'
import type { Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'

/** Files of the repository, as they lie in its folder, at any commit that is known. Directories are not listed. */
export function contentRoutes(repository: Repository): RestRoute[] {
  return [
    restRoute({
      on: 'GET /contents/{path+}',
      needs: 'contents: read',
      manual: 'repos/contents#get-repository-content',
      query: z.strictObject({ ref: z.string().optional() }),
      async answer({ params, query, headers }) {
        const path = params.path ?? ''
        if (query.ref !== undefined && repository.commit(query.ref) === undefined)
          throw notFound(`No commit found for the ref ${query.ref}`)
        const file = await read(repository.options.repositoryFolder, path)
        if (/\.raw(\+json)?$/.test(headers.accept ?? '')) return { status: 200, body: file }
        return { status: 200, body: fileBody(repository, path, file) }
      },
    }),
  ]
}

async function read(folder: string, path: string): Promise<Buffer> {
  const root = resolve(folder)
  const file = resolve(root, path)
  if (!file.startsWith(root + sep) || path.split('/').includes('.git')) throw notFound()
  return readFile(file).catch(() => {
    throw notFound()
  })
}

function fileBody(repository: Repository, path: string, file: Buffer): Record<string, unknown> {
  const url = repository.api(`/contents/${path}`)
  return {
    type: 'file',
    encoding: 'base64',
    size: file.length,
    name: path.split('/').at(-1),
    path,
    // GitHub breaks the lines of base64 after 60 characters.
    content: file.toString('base64').replace(/.{60}/g, '$&\n'),
    // The name git gives the content.
    sha: createHash('sha1').update(`blob ${file.length}\0`).update(file).digest('hex'),
    url,
    git_url: null,
    html_url: null,
    download_url: null,
    _links: { self: url, git: null, html: null },
  }
}
