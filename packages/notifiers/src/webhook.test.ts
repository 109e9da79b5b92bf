import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { Cancelled, ProviderError, type HttpRequest, type HttpResponse } from '@deploy-actions/action-kit'
import { configured, createFakePorts } from '@deploy-actions/testing'
import type { Delivery } from './event'
import { restoredEvent } from './event.fixture'
import { tell, type Subscription } from './tell'
import webhook from './webhook'

/** What became of a delivery to a sink that answers so, one after the other; the last answer stays. */
async function send(
  settings: object,
  answers: (Partial<HttpResponse> | Error)[],
  secrets: Record<string, string> = {},
) {
  const asked: HttpRequest[] = []
  const ports = createFakePorts({
    secrets,
    http(request) {
      const answer = answers[Math.min(asked.push(request), answers.length) - 1]
      if (answer instanceof Error) throw answer
      return answer ?? {}
    },
  })
  const began = ports.clock.now().getTime()
  const sink = configured(webhook, { type: 'webhook', ...settings }).open(ports)
  const delivery: Delivery = await sink.send(restoredEvent, ports.signal)
  return { delivery, asked, waitedMs: ports.clock.now().getTime() - began }
}

const url = 'https://hooks.test/rollouts'

describe('a webhook', () => {
  it('posts the event and its card', async () => {
    const { delivery, asked } = await send({ url, timeout: '3s' }, [{ status: 204 }])
    expect(delivery).toEqual({ delivered: true, status: 204 })
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json' },
        timeoutMs: 3000,
        hidePath: false,
      },
    ])
    const body = JSON.parse(asked[0]?.body ?? '') as { event: unknown; card: { title: string } }
    expect(body.event).toEqual(restoredEvent)
    expect(body.card.title).toBe('shop 1.4.0: restored in eu-west')
    expect(Object.keys(asked[0]?.headers ?? {})).toEqual(['content-type'])
  })

  it('signs the body by HMAC-SHA256', async () => {
    const { asked } = await send({ url, 'hmac-secret': 'KEY' }, [{}], { KEY: 'correct horse' })
    // RFC 2104: H(K xor opad, H(K xor ipad, text)), the key filled up with zeros to a block of 64 bytes.
    const padded = (byte: number): Buffer =>
      Buffer.alloc(64, 'correct horse\0'.padEnd(64, '\0')).map((value) => value ^ byte) as Buffer
    const hash = (...parts: (Buffer | string)[]): Buffer =>
      parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest()
    const signature = hash(padded(0x5c), hash(padded(0x36), asked[0]?.body ?? '')).toString('hex')
    expect(asked[0]?.headers?.['x-deploy-actions-signature-256']).toBe(`sha256=${signature}`)
  })

  it('posts to an address that is a secret, and says that it is one', async () => {
    const { asked } = await send({ 'url-secret': 'HOOK' }, [{}], { HOOK: 'https://hooks.test/T0/B1/xyz' })
    expect(asked).toMatchObject([{ url: 'https://hooks.test/T0/B1/xyz', hidePath: true }])
  })

  it('is not opened without the secrets that it needs', async () => {
    await expect(send({ 'url-secret': 'HOOK' }, [{}])).rejects.toThrow(
      /^webhook: the secret HOOK was not handed over/,
    )
    await expect(send({ url, 'hmac-secret': 'KEY' }, [{}])).rejects.toThrow(
      /^webhook: the secret KEY was not handed over/,
    )
  })

  it.each([
    ['the seconds that it asks for', { 'retry-after': '7' }, 7000],
    ['a minute, if it must be', { 'retry-after': '60' }, 60_000],
    // The clock of the fake ports begins at ten.
    ['the date that it names', { 'retry-after': 'Sat, 21 Nov 2026 10:00:07 GMT' }, 7000],
  ])('tries again after a 429, after %s', async (_, headers, waits) => {
    const { delivery, asked, waitedMs } = await send({ url }, [{ status: 429, headers }, { status: 200 }])
    expect([delivery, asked.length, waitedMs]).toEqual([{ delivered: true, status: 200 }, 2, waits])
  })

  it('waits for a second at most after a 429 that asks for nothing', async () => {
    const { delivery, asked, waitedMs } = await send({ url }, [{ status: 429 }, { status: 200 }])
    expect([delivery.delivered, asked.length]).toEqual([true, 2])
    expect(waitedMs).toBeLessThanOrEqual(1000)
  })

  it('gives up at once when it is asked to wait for more than a minute', async () => {
    const answers = [{ status: 429, headers: { 'retry-after': '61' } }, { status: 200 }]
    expect(await send({ url }, answers)).toMatchObject({
      delivery: { delivered: false, status: 429, detail: 'the webhook answered 429' },
      asked: { length: 1 },
      waitedMs: 0,
    })
  })

  it('tries again where nobody listened: nothing can have arrived', async () => {
    const refused = new ProviderError('https://hooks.test could not be reached', {
      provider: 'x',
      retryable: true,
      notCarriedOut: true,
    })
    const { delivery, asked } = await send({ url }, [refused, { status: 200 }])
    expect([delivery, asked.length]).toEqual([{ delivered: true, status: 200 }, 2])
  })

  it('tries three times at most', async () => {
    const { delivery, asked } = await send({ url }, [{ status: 429 }])
    expect([delivery, asked.length]).toEqual([
      { delivered: false, status: 429, detail: 'the webhook answered 429' },
      3,
    ])
  })

  it.each<[string, Partial<HttpResponse> | Error, Delivery]>([
    ['an error', { status: 500 }, { delivered: false, status: 500, detail: 'the webhook answered 500' }],
    ['a redirect', { status: 302 }, { delivered: false, status: 302, detail: 'the webhook answered 302' }],
    [
      'no answer',
      new ProviderError('https://hooks.test gave no answer within 10000 ms', {
        provider: 'x',
        retryable: true,
      }),
      { delivered: false, detail: 'https://hooks.test gave no answer within 10000 ms' },
    ],
  ])('does not repeat what may have arrived: %s', async (_, answer, expected) => {
    const { delivery, asked } = await send({ url }, [answer, { status: 200 }])
    expect([delivery, asked.length]).toEqual([expected, 1])
  })

  it('ends with the run', async () => {
    await expect(send({ url }, [new Cancelled('the run was cancelled')])).rejects.toBeInstanceOf(Cancelled)
  })

  it.each([{}, { url, 'url-secret': 'HOOK' }, { url: 'ftp://hooks.test' }, { url, hmac: 'KEY' }])(
    'has no options such as %j',
    (settings) => expect(webhook.configure({ type: 'webhook', ...settings }).success).toBe(false),
  )
})

describe('tell', () => {
  const sink = (path: string, more: object = {}) =>
    configured(webhook, { type: 'webhook', url: `https://hooks.test/${path}`, ...more })

  async function told(status: (path: string) => number, more: Subscription[] = []) {
    const asked: string[] = []
    const ports = createFakePorts({
      http({ url }) {
        const path = new URL(url).pathname.slice(1)
        asked.push(path)
        return { status: status(path) }
      },
    })
    const subscriptions = [
      { sink: sink('all') },
      { on: ['restored' as const, 'failed' as const], sink: sink('restored') },
      { on: ['completed' as const], sink: sink('completed') },
    ]
    const { recorded } = ports
    const results = await tell(restoredEvent, [...subscriptions, ...more], ports)
    return {
      asked: asked.sort(),
      results,
      warnings: recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line),
    }
  }

  it('tells those who want this event', async () => {
    const { asked, results, warnings } = await told(() => 200)
    expect(asked).toEqual(['all', 'restored'])
    expect(results).toEqual([
      { sink: 'webhook', delivered: true, status: 200 },
      { sink: 'webhook', delivered: true, status: 200 },
    ])
    expect(warnings).toEqual([])
  })

  it('only warns of a sink that is broken, and tells the others', async () => {
    const { results, warnings } = await told((path) => (path === 'all' ? 503 : 200))
    expect(results.map(({ delivered }) => delivered)).toEqual([false, true])
    expect(warnings).toEqual(['webhook was not told of restored: the webhook answered 503'])
  })
  it('only warns of a sink whose secret was not handed over, and tells the others', async () => {
    const { asked, warnings } = await told(() => 200, [{ sink: sink('signed', { 'hmac-secret': 'KEY' }) }])
    expect(asked).toEqual(['all', 'restored'])
    expect(warnings).toEqual([
      'webhook was not told of restored: webhook: the secret KEY was not handed over; add KEY=... to the secrets input (DEPLOY_SECRETS)',
    ])
  })
})
