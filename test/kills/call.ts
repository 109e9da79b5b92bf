/** What an action talks to; its own scripts count, since what they do is done outside of it, too. */
export type System = 'github' | RouterSystem | 'metrics' | 'script'
export type RouterSystem = 'haproxy' | 'kubernetes'

/** One external call. Calls of one class differ by nothing that the matrix knows of. */
export interface Call {
  system: System
  /** what was asked, without what differs from run to run */
  route: string
  /** whether it changes anything there */
  writes: boolean
  /** `moved` once the step has sent a write to the router */
  phase: 'untouched' | 'moved'
}

/** Whether it may have moved traffic. */
export const writesToRouter = ({ system, writes }: Omit<Call, 'phase'>): boolean =>
  writes && (system === 'haproxy' || system === 'kubernetes')

export const classOf = ({ system, route, phase }: Call): string => `${system} > ${route} > ${phase}`

/** A line of HAProxy's runtime API: its commands without their arguments, each once. */
export function haproxyRoute(line: string): string {
  const verbs = line.split(';').map((command) =>
    command
      .trim()
      .replace(/^set server \S+ (\S+).*$/, 'set server $1')
      .replace(/^(show servers state|show stat|show table)\b.*$/, '$1'),
  )
  return [...new Set(verbs)].join(' + ')
}

/** A request to the API of Kubernetes: what is asked of which kind, and of which object if of one. */
export const kubernetesRoute = (method: string, { pathname }: URL): string =>
  `${method} ${pathname.replace(/^\/apis?\//, '').replace(/^.*\/namespaces\/[^/]+\//, '')}`

/** Whether a request changes anything: a dry run is kept nowhere. */
export const kubernetesWrites = (method: string, { searchParams }: URL): boolean =>
  method !== 'GET' && !searchParams.has('dryRun')

/** A request to GitHub: REST, the artifact service or its blobs, without numbers, commits and names. */
export function githubRoute(method: string, url: URL): string {
  const path = url.pathname
    .replace(/^\/repos\/[^/]+\/[^/]+/, '')
    .replace(/^\/twirp\/.*\//, 'artifacts ')
    .replace(/^\/blobs\/.*$/, `blob ${url.searchParams.get('comp') ?? ''}`.trim())
    .replace(/\/[0-9a-f]{40}/g, '/SHA')
    .replace(/\/\d+/g, '/N')
    .replace(/\/(environments|branches|contents)\/.+$/, '/$1/NAME')
  return `${method} ${path}`
}

/** Whether a request changes anything: the artifact service is asked by POST whatever it is asked. */
export const githubWrites = (method: string, { pathname }: URL): boolean =>
  method !== 'GET' && !/\/(ListArtifacts|GetSignedArtifactURL)$/.test(pathname)
