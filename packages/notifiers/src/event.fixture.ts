import type { RolloutEvent } from './event'

/** A region that was taken back, with everything that an event can say. */
export const restoredEvent: RolloutEvent = {
  kind: 'restored',
  at: '2026-11-21T10:12:00.000Z',
  service: 'shop',
  region: 'eu-west',
  environment: 'production-eu-west',
  release: { version: '1.4.0', digest: `sha256:${'ab'.repeat(32)}` },
  cause: 'canary 43 of 5,120 requests failed',
  impact: '10% of the traffic for 40s',
  status: 'traffic is back at blue 100%',
  next: 'look at the logs',
  links: [{ title: 'run', url: 'https://github.com/acme/shop/actions/runs/7' }],
  run: {
    id: 7,
    attempt: 1,
    workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
    actor: 'ann',
  },
  correlationId: 'shop-7-1',
}
