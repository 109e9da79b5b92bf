import type { ArmQueries } from './arm-sampler'

/** HAProxy counts here only what a server itself answered. */
const RESPONSES = 'haproxy_server_http_responses_total'
/**
 * And here what it answered for a server that refused, reset or hung, and, in the last, the requests whose client gave up
 * before a hanging server's time was over (measured on HAProxy 2.6).
 */
const FAILURES = [
  'haproxy_server_connection_errors_total',
  'haproxy_server_response_errors_total',
  'haproxy_server_client_aborts_total',
]

/**
 * What a query of errors cannot see, where its counters are known: a canary that is dead or hangs would pass.
 * @returns a sentence for people, undefined where nothing is known to be missing
 */
export function blindSpot({ errors }: Pick<ArmQueries, 'errors'>): string | undefined {
  const text = JSON.stringify(errors)
  const missing = FAILURES.filter((name) => !text.includes(name))
  return text.includes(RESPONSES) && missing.length > 0
    ? `the query of errors cannot see every server that refuses or hangs: HAProxy then answers 502 to 504 itself, or the client gives up first, and neither is counted in ${RESPONSES}; add ${new Intl.ListFormat('en-GB').format(missing)} of the same server to errors and to requests`
    : undefined
}
