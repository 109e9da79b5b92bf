import type { Backend } from './backend'
import type { LoadCounts } from './load-generator'

/** What a region without visitors of its own has answered, as its proxy counts it: they come by the router before it. */
export function countsOf({ counters, servers }: Backend): LoadCounts {
  const app = servers.reduce((sum, server) => sum + server.counters.responses['5xx'], 0)
  return {
    requests: counters.sessions - counters.current,
    failed: { app, proxy: counters.responses['5xx'] - app, connection: 0 },
    // Only clients have seconds of their own: those are counted where they come from.
    failingSeconds: 0,
  }
}
