import { expect, it } from '@jest/globals'
import { blindSpot } from './blind-spots'

const errors = (...names: string[]) => ({
  errors: { source: 'proxy', sum: names.map((name) => `${name}{server="green"}`) },
})
const responses = 'haproxy_server_http_responses_total'
const [connection, response] = [
  'haproxy_server_connection_errors_total',
  'haproxy_server_response_errors_total',
]

it('is an error query over what HAProxy servers answered alone', () => {
  expect(blindSpot(errors(responses))).toMatch(
    new RegExp(`add ${connection} and ${response} of the same server`),
  )
  expect(blindSpot(errors(responses, connection))).toMatch(new RegExp(`add ${response} of the same server`))
})

it.each([
  ['with all three counters', [responses, connection, response]],
  ['of another source', ['http_requests_total']],
])('is none %s', (_, names) => expect(blindSpot(errors(...names))).toBeUndefined())
