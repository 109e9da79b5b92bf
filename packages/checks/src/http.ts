import { z } from 'zod'
import { Cancelled, messageOf, type HttpResponse } from '@deploy-actions/action-kit'
import { defined, duration, formatDuration, timeLimit } from '@deploy-actions/rollout'
import { check, type Reading } from './check'

/** One HTTP request and what its answer must be. */
const options = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('what is asked'),
    method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().optional(),
    expect: z
      .strictObject({
        status: z.coerce
          .number()
          .int()
          .min(100)
          .max(599)
          .default(200)
          .describe('the answer must have this status'),
        latency: duration.optional().describe('the answer must be whole within this time'),
        contains: z.string().min(1).optional().describe('text that must stand in the body'),
      })
      .prefault({}),
    timeout: timeLimit.prefault('10s').describe('red when there is no answer within this time'),
  })
  .describe('an HTTP request and what its answer must be')
type Expected = z.infer<typeof options>['expect']

export default check({
  options,
  create: ({ url, method, headers, body, expect, timeout }, { http }) => ({
    async probe(signal) {
      try {
        const response = await http.request(
          defined({ url, method, headers, body, timeoutMs: timeout, signal }),
        )
        return judge(response, expect)
      } catch (error) {
        if (error instanceof Cancelled) throw error
        return { state: 'red', detail: messageOf(error) }
      }
    },
  }),
})

function judge({ status, body, ms }: HttpResponse, expect: Expected): Reading {
  const answer = (state: Reading['state'], detail: string): Reading => ({ state, detail, value: ms })
  if (status !== expect.status) return answer('red', `answered ${status}, expected ${expect.status}`)
  if (expect.contains !== undefined && !body.includes(expect.contains))
    return answer('red', `the body does not contain ${JSON.stringify(expect.contains)}`)
  // Latency is real time in a rehearsal, too: requests are not scaled.
  if (expect.latency !== undefined && ms > expect.latency)
    return answer('red', `took ${ms} ms, allowed ${formatDuration(expect.latency)}`)
  return answer('green', `answered ${status} in ${ms} ms`)
}
