import { expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { blindSpot } from './blind-spots'

const errors = (...names: string[]) => ({
  errors: { source: 'proxy', sum: names.map((name) => `${name}{server="green"}`) },
})
const responses = 'haproxy_server_http_responses_total'
const counters = ['connection_errors', 'response_errors', 'client_aborts'].map(
  (name) => `haproxy_server_${name}_total`,
)
const [connection, response, aborts] = counters as [string, string, string]

it('is an error query over what HAProxy servers answered alone', () => {
  expect(blindSpot(errors(responses))).toMatch(
    new RegExp(`add ${connection}, ${response} and ${aborts} of the same server`),
  )
  expect(blindSpot(errors(responses, connection))).toMatch(
    new RegExp(`add ${response} and ${aborts} of the same server`),
  )
})

it('is a hanging server whose clients give up before HAProxy does', () => {
  expect(blindSpot(errors(responses, connection, response))).toMatch(
    new RegExp(`gives up .* add ${aborts} of the same server`),
  )
})

it.each([
  ['with all four counters', [responses, ...counters]],
  ['of another source', ['http_requests_total']],
])('is none %s', (_, names) => expect(blindSpot(errors(...names))).toBeUndefined())

const root = join(import.meta.dirname, '../../..')

it.each([
  'README.md',
  'actions/canary-step/README.md',
  'packages/rehearsal/example/rollout.yml',
  'workflows-templates/callers/canary-step.yml',
])('is none in %s, whose errors are all requests, too', async (file) => {
  const text = await readFile(join(root, file), 'utf8')
  const selectors = (query: string) =>
    new RegExp(`${query}:\\n\\s+source: proxy\\n\\s+sum:\\n((?:\\s+- .*\\n)+)`)
      .exec(text)?.[1]
      ?.trim()
      .split(/\s*\n\s*/) ?? []
  const [asked, failed] = [selectors('requests'), selectors('errors')]
  expect(failed).toHaveLength(4)
  expect(blindSpot({ errors: { source: 'proxy', sum: failed } })).toBeUndefined()
  expect(asked).toEqual(failed.map((selector) => selector.replace(',code="5xx"', '')))
})
