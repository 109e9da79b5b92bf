import { describe, expect, it } from '@jest/globals'
import { ProviderError, type HttpRequest, type HttpResponse } from '@deploy-actions/action-kit'
import { configured, createFakePorts } from '@deploy-actions/testing'
import type { Reading } from './check'
import http from './http'

async function probe(
  settings: object,
  answer: Partial<HttpResponse> | Error,
): Promise<Reading & { asked: HttpRequest[] }> {
  const asked: HttpRequest[] = []
  const ports = createFakePorts({
    http(request) {
      asked.push(request)
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  const check = configured(http, { type: 'http', url: 'http://127.0.0.1:1/healthz', ...settings }).open(ports)
  return { ...(await check.probe(ports.signal)), asked }
}

describe('an http check', () => {
  it.each<[string, object, Partial<HttpResponse>, Reading]>([
    [
      '200 by default',
      {},
      { status: 200, ms: 12 },
      { state: 'green', detail: 'answered 200 in 12 ms', value: 12 },
    ],
    [
      'another status',
      {},
      { status: 503, ms: 3 },
      { state: 'red', detail: 'answered 503, expected 200', value: 3 },
    ],
    [
      'a redirect',
      {},
      { status: 302, ms: 3 },
      { state: 'red', detail: 'answered 302, expected 200', value: 3 },
    ],
    [
      'the status that is asked for',
      { expect: { status: 401 } },
      { status: 401, ms: 3 },
      { state: 'green', detail: 'answered 401 in 3 ms', value: 3 },
    ],
    [
      'a body',
      { expect: { contains: 'ok' } },
      { body: '{"status":"ok"}', ms: 3 },
      { state: 'green', detail: 'answered 200 in 3 ms', value: 3 },
    ],
    [
      'another body',
      { expect: { contains: 'ok' } },
      { body: 'starting', ms: 3 },
      { state: 'red', detail: 'the body does not contain "ok"', value: 3 },
    ],
    [
      'the latency just kept',
      { expect: { latency: '500ms' } },
      { ms: 500 },
      { state: 'green', detail: 'answered 200 in 500 ms', value: 500 },
    ],
    [
      'the latency missed',
      { expect: { latency: '500ms' } },
      { ms: 501 },
      { state: 'red', detail: 'took 501 ms, allowed 500ms', value: 501 },
    ],
  ])('wants %s', async (_, settings, answer, reading) =>
    expect(await probe(settings, answer)).toMatchObject(reading),
  )

  it('is red when nobody answers', async () => {
    const nobody = new ProviderError('http://127.0.0.1:1 could not be reached: ECONNREFUSED', {
      provider: 'x',
    })
    expect(await probe({}, nobody)).toMatchObject({
      state: 'red',
      detail: 'http://127.0.0.1:1 could not be reached: ECONNREFUSED',
    })
  })

  it('sends what its options say', async () => {
    const { asked } = await probe(
      { method: 'POST', headers: { accept: 'text/plain' }, body: '{}', timeout: '3s' },
      {},
    )
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: 'http://127.0.0.1:1/healthz',
        headers: { accept: 'text/plain' },
        body: '{}',
        timeoutMs: 3000,
      },
    ])
    expect((await probe({}, {})).asked[0]).not.toHaveProperty('body')
  })

  it.each([
    { url: 'file:///etc/passwd' },
    { url: 'healthz' },
    { method: 'DELETE' },
    { expect: { status: 20 } },
    { expects: {} },
  ])('has no option such as %j', (more) =>
    expect(http.configure({ type: 'http', url: 'http://127.0.0.1/', ...more }).success).toBe(false),
  )
})
