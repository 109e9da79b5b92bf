import type { HttpRequest } from '@deploy-actions/action-kit'
import { createFakePorts } from '@deploy-actions/testing'
import { openCluster, type Cluster } from './cluster'

/** A cluster whose API answers each path as it is told: an object, a list of objects, or a status; undefined is not there. */
export async function answering(
  answer: (path: string, request: HttpRequest) => object | readonly object[] | string | number | undefined,
): Promise<{ cluster: Cluster; asked: string[] }> {
  const asked: string[] = []
  const ports = createFakePorts({
    http(request) {
      const { pathname } = new URL(request.url)
      asked.push(`${request.method ?? 'GET'} ${pathname}`)
      const said = answer(pathname, request) ?? 404
      if (typeof said === 'number') return { status: said, body: '' }
      if (typeof said === 'string') return { body: said }
      return { body: JSON.stringify(Array.isArray(said) ? { items: said } : said) }
    },
  })
  const kubeconfig = JSON.stringify({
    'current-context': 'prod',
    clusters: [{ name: 'eu', cluster: { server: 'https://eu.example.com' } }],
    contexts: [{ name: 'prod', context: { cluster: 'eu', user: '' } }],
  })
  return { cluster: await openCluster({ kubeconfig }, ports), asked }
}
