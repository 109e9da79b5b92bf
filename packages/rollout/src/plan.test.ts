import { expect, it } from '@jest/globals'
import { rolloutPlan, type RolloutPlan } from './plan'

const plan: RolloutPlan = {
  service: 'shop',
  release: { version: '1.4.0', digest: `sha256:${'a'.repeat(64)}` },
  order: 'delayed',
  regions: [
    {
      name: 'eu',
      environment: 'production-eu',
      'guard-environment': 'production-eu-guard',
      index: 0,
      predecessor: '',
      'predecessor-environment': '',
      'predecessor-guard-environment': '',
      parts: {
        soak: false,
        before: false,
        infrastructure: true,
        outputs: false,
        share: true,
        'after-deploy': true,
        'after-rollout': true,
        finished: false,
      },
    },
  ],
  skipped: [{ name: 'us', environment: 'production-us', reason: 'runs 1.4.0 already' }],
}

it('goes from job to job as JSON, and is refused when it is another shape', () => {
  expect(rolloutPlan.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan)
  for (const order of ['serial', 'parallel'])
    expect(rolloutPlan.parse({ ...plan, order })).toMatchObject({ order })
  expect(rolloutPlan.safeParse({ ...plan, order: 'random' }).success).toBe(false)
  expect(rolloutPlan.safeParse({ ...plan, secrets: 'TOKEN' }).success).toBe(false)
})
