import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { Cancelled, messageOf } from '@deploy-actions/action-kit'
import { duration } from '@deploy-actions/rollout'
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
    timeout: duration.prefault('10s'),
  })
  .refine(
    (sink) => (sink.url === undefined) !== (sink['url-secret'] === undefined),
    'name exactly one of url and url-secret',
  )
  .describe('a POST of the event and its card as JSON')
/** A 429 is tried again after what it asks for, at most so often and so long (the action's milliseconds). */
const MAX_TRIES = 3
const MAX_RETRY_AFTER_MS = 60_000

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
      const post = () =>
        http.request({
          method: 'POST',
          url,
          headers: { 'content-type': 'application/json', ...signature },
          body,
          timeoutMs: settings.timeout,
          hidePath: settings.url === undefined,
          signal,
        })
      try {
        for (let tries = 1; ; tries++) {
          const response = await post()
          // Only a 429 is repeated: any other POST may have arrived.
          if (response.status !== 429 || tries === MAX_TRIES) return delivery(response.status)
          await clock.sleep(
            Math.min(Number(response.headers['retry-after'] ?? 1) * 1000 || 1000, MAX_RETRY_AFTER_MS),
            signal,
          )
        }
      } catch (error) {
        if (error instanceof Cancelled) throw error
        return { delivered: false, detail: messageOf(error) }
      }
    },
  }),
})

function delivery(status: number): Delivery {
  const delivered = status >= 200 && status < 300
  return delivered ? { delivered, status } : { delivered, status, detail: `the webhook answered ${status}` }
}
