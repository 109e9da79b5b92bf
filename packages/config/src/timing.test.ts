import { expect, it } from '@jest/globals'
import { rolloutWithHooks } from './hooks.fixture'
import { parseRollout, resolveRegion } from './load'
import { timingOf } from './timing'

const timing = async (more: string) =>
  timingOf(
    await resolveRegion(
      await parseRollout(`${rolloutWithHooks('  finished: ops/tag.sh')}\n${more}`, 'rollout.yml'),
      'eu',
      {
        variables: { version: '1.4.0' },
        secrets: new Map(),
      },
    ),
  )

const GATES = `
gates:
  after-deploy: { checks: [up], timeout: 5m, green-for: 1m }
  after-rollout: { checks: [up], timeout: 10m }
checks: { up: { type: http, url: 'http://127.0.0.1/' } }
`
const [deploy, rollout] = [
  { timeoutMs: 300_000, greenForMs: 60_000 },
  { timeoutMs: 600_000, greenForMs: 0 },
]

it('counts a deploy and its gates once, and twice where the release is brought onto both arms', async () => {
  const [swap, promote] = [await timing(GATES), await timing(`${GATES}arms: { finish: promote }\n`)]
  expect(swap).toMatchObject({ gates: [deploy, rollout], share: false })
  expect(promote.gates).toEqual([deploy, rollout, deploy, rollout])
  // A snapshot, a deploy and a restore may each take the ten minutes that a script has by default.
  expect(swap.deploy).toEqual({ snapshotMs: 600_000, deployMs: 600_000, restoreMs: 600_000 })
  // At most one of the two is put back.
  expect(promote.deploy).toEqual({ snapshotMs: 1_200_000, deployMs: 1_200_000, restoreMs: 600_000 })
})

it('waits for the lock of the infrastructure twice, and for its apply once', async () => {
  const infrastructure = `infrastructure: { path: infra, plan-key-secret: PLAN_KEY, lock-timeout: 1m, timeout: 20m }\n`
  const secrets = new Map([['PLAN_KEY', 'k']])
  const file = await parseRollout(
    `${rolloutWithHooks('  finished: ops/tag.sh')}\n${infrastructure}`,
    'rollout.yml',
  )
  const config = await resolveRegion(file, 'eu', { variables: { version: '1.4.0' }, secrets })
  // Once to plan once more, once to apply.
  expect(timingOf(config).infrastructureMs).toBe((1 + 1 + 20) * 60_000)
  expect((await timing('')).infrastructureMs).toBe(0)
})
