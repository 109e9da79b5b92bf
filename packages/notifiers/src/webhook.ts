import { createHmac } from 'node:crypto'
import { z } from 'zod'
import {
  Cancelled,
  defined,
  messageOf,
  parseRetryAfter,
  ProviderError,
  retrying,
  type HttpResponse,
} from '@deploy-actions/action-kit'
import { timeLimit } from '@deploy-actions/rollout'
import { notifier, type Delivery } from './event'
import { quickCard } from './quick-card'

/** A POST of the event and its card as JSON; signed when a secret is named. */
const options = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('where to post'),
    'url-secret': z.string().optional().describe('name of the secret that holds the address'),
    'hmac-secret': z
      .string()
      .optional()
      .describe('name of the secret that signs: X-Deploy-Actions-Signature-256: sha256=HEX over the body'),
    timeout: timeLimit.prefault('10s'),
  })
  .refine(
    (sink) => (sink.url === undefined) !== (sink['url-secret'] === undefined),
    'name exactly one of url and url-secret',
  )
  .describe('a POST of the event and its card as JSON')
/** A POST that was certainly not taken is tried again: how often, and for how long (the action's milliseconds). */
const ATTEMPTS = 3
const RETRY_WITHIN_MS = 60_000

export default notifier({
  options,
  create: (settings, { http, clock, secrets }) => ({
    async send(event, signal) {
      const url = settings.url ?? secrets.get(settings['url-secret'] ?? '') ?? ''
      const body = JSON.stringify({ event, card: quickCard(event) })
      const key = secrets.get(settings['hmac-secret'] ?? '')
      const signature = key
        ? {
            'x-deploy-actions-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
          }
        : {}
      const post = async () => {
        const response = await http.request({
          method: 'POST',
          url,
          headers: { 'content-type': 'application/json', ...signature },
          body,
          timeoutMs: settings.timeout,
          hidePath: settings.url === undefined,
          signal,
        })
        if (response.status === 429) throw tooMany(response, new URL(url).origin, clock.now())
        return response
      }
      try {
        // An event that may have arrived is not sent twice.
        const { status } = await retrying(post, {
          clock,
          signal,
          idempotent: false,
          attempts: ATTEMPTS,
          withinMs: RETRY_WITHIN_MS,
          firstWaitMs: 1000,
        })
        return delivery(status)
      } catch (error) {
        if (error instanceof Cancelled) throw error
        return error instanceof ProviderError && error.status !== undefined
          ? delivery(error.status)
          : { delivered: false, detail: messageOf(error) }
      }
    },
  }),
})

function tooMany({ status, headers }: HttpResponse, provider: string, now: Date): ProviderError {
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
  return new ProviderError(
    `${provider} answered ${status}`,
    defined({ provider, status, retryable: true, notCarriedOut: true, retryAfterMs }),
  )
}

function delivery(status: number): Delivery {
  const delivered = status >= 200 && status < 300
  return delivered ? { delivered, status } : { delivered, status, detail: `the webhook answered ${status}` }
}
