import {
  RESPONSE_CLASSES,
  takesTraffic,
  type Backend,
  type ProxyServer,
  type TrafficCounters,
} from './backend'
import { metricFamily } from './metrics-page'

/** The states HAProxy's exporter lists for a server, in its order. */
const SERVER_STATES = ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB'] as const

/** What both a server and a backend are counted by, with the help texts of HAProxy 2.6. */
const COUNTERS: [
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  read: (of: TrafficCounters) => number,
][] = [
  [
    'current_sessions',
    'gauge',
    'Number of current sessions on the frontend, backend or server',
    (of) => of.current,
  ],
  ['sessions_total', 'counter', 'Total number of sessions since process started', (of) => of.sessions],
  [
    'connection_errors_total',
    'counter',
    'Total number of failed connections to server since the worker process started',
    (of) => of.connectionErrors,
  ],
  [
    'response_errors_total',
    'counter',
    'Total number of invalid responses since the worker process started',
    (of) => of.responseErrors,
  ],
  [
    'client_aborts_total',
    'counter',
    'Total number of requests or connections aborted by the client since the worker process started',
    (of) => of.clientAborts,
  ],
]

const RESPONSES_HELP =
  'Total number of HTTP responses with status 100-199 returned by this object since the worker process started'
const WEIGHT_HELP = "Server's effective weight, or sum of active servers' effective weights for a backend"
const STATUS_HELP = 'Current status of the service, per state label value.'

/**
 * The part of HAProxy's Prometheus page that tells of traffic, weights and states, with HAProxy's names and
 * labels. There is no histogram in it, as there is none in HAProxy's.
 */
export function proxyMetrics(backend: Backend): string {
  const proxy = `proxy="${backend.name}"`
  const servers = backend.servers.map((server) => ({ server, labels: `${proxy},server="${server.name}"` }))
  const usable = backend.servers.filter(takesTraffic)
  const total = usable.reduce((sum, server) => sum + server.weight, 0)
  return [
    ...COUNTERS.map(([name, type, help, read]) =>
      metricFamily(`haproxy_backend_${name}`, type, help, [[proxy, read(backend.counters)]]),
    ),
    metricFamily(
      'haproxy_backend_http_responses_total',
      'counter',
      RESPONSES_HELP,
      responses(proxy, backend.counters),
    ),
    metricFamily('haproxy_backend_weight', 'gauge', WEIGHT_HELP, [[proxy, total]]),
    metricFamily('haproxy_backend_status', 'gauge', STATUS_HELP, [
      [`${proxy},state="DOWN"`, total === 0 ? 1 : 0],
      [`${proxy},state="UP"`, total === 0 ? 0 : 1],
    ]),
    ...COUNTERS.map(([name, type, help, read]) =>
      metricFamily(
        `haproxy_server_${name}`,
        type,
        help,
        servers.map(({ server, labels }) => [labels, read(server.counters)]),
      ),
    ),
    metricFamily(
      'haproxy_server_http_responses_total',
      'counter',
      RESPONSES_HELP,
      servers.flatMap(({ server, labels }) => responses(labels, server.counters)),
    ),
    metricFamily(
      'haproxy_server_weight',
      'gauge',
      WEIGHT_HELP,
      servers.map(({ server, labels }) => [labels, server.weight]),
    ),
    metricFamily(
      'haproxy_server_status',
      'gauge',
      STATUS_HELP,
      servers.flatMap(({ server, labels }) =>
        SERVER_STATES.map((state): [string, number] => [
          `${labels},state="${state}"`,
          state === serverState(server) ? 1 : 0,
        ]),
      ),
    ),
  ].join('')
}

/** The state of a server by the exporter's names; it does not tell of the weight. */
export function serverState(server: ProxyServer): (typeof SERVER_STATES)[number] {
  if (server.admin === 'maint') return 'MAINT'
  if (server.health === 'down') return 'DOWN'
  if (server.admin === 'drain') return 'DRAIN'
  return server.health === 'stopping' ? 'NOLB' : 'UP'
}

function responses(labels: string, of: TrafficCounters): [string, number][] {
  return RESPONSE_CLASSES.map((name) => [`${labels},code="${name}"`, of.responses[name]])
}
