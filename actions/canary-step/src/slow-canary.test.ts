import { describe, expect, it } from '@jest/globals'
import type { GateFailed } from '@deploy-actions/action-kit'
import type { Outputs } from './outputs'
import { run } from './run.fixture'

/** Half of the requests take 20 ms, in every arm. */
const HEALTHY_MS = 20
const minutes = (count: number): number => count * 60_000

describe('canary-step where it is measured how long requests take', () => {
  it('promotes a healthy release, and tells how long the requests of both arms took', async () => {
    const { outcome, ports } = await run({ medianMs: () => HEALTHY_MS })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    // ln X is normal around ln 20 with sigma 0.5: 95 % lie within 20 exp(1.645 * 0.5) = 45.5 ms, in the bucket up to 50 ms.
    const { stages = [] } = outcome as Outputs
    expect(stages.map(({ p95 }) => p95)).toEqual([
      ...Array.from({ length: 4 }, () => ({ canary: '50 ms', baseline: '50 ms' })),
      { canary: '50 ms' },
    ])
    const summary = ports.recorded.summary.join('\n')
    expect(summary).toContain('| 50 ms, baseline 50 ms |')
    expect(summary).toMatch(
      /What 95 % of the canary's requests took at most, a bar per sample of the evidence \(highest 100 ms\): `[▇█]+`/,
    )
  })

  it('takes back a canary that is ten times as slow and fails no more than the baseline', async () => {
    const { outcome, region, ports } = await run({
      medianMs: (arm, elapsed) => (arm === 'green' && elapsed > minutes(7) ? 200 : HEALTHY_MS),
    })
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rollback-verified': true })
    expect((outcome as GateFailed).outputs).toMatchObject({
      stages: [{ verdict: 'pass' }, { verdict: 'fail', p95: { canary: '250 ms', baseline: '50 ms' } }],
    })
    expect((outcome as Error).message).toMatch(/25%: canary .* of .* requests took over \d+ ms .*, baseline/)
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
    // The evidence names the bounds as a page does: JSON has no infinity.
    expect(JSON.stringify(ports.recorded.facts['samples'])).toMatch(
      /"latency":\{"5":\d+,"10":\d+,"25":\d+,.*?"\+Inf":\d+\}/,
    )
  })

  it('takes back what all arms do above a limit, and says which bound it counted above', async () => {
    const stages = '[{ weight: 50%, watch: 5m, limits: { latency-p95: 300ms } }, { weight: 100%, watch: 5m }]'
    const { outcome } = await run({ medianMs: () => 200 }, { stages })
    // 95 % lie within 200 exp(1.645 * 0.5) = 455 ms; above the next bound, 500 ms, 3.3 % do: so 300 ms is not broken there.
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    const broken = await run({ medianMs: () => 400 }, { stages })
    expect((broken.outcome as Error).message).toMatch(/took over 500 ms .*, limit 5% above 300 ms/)
  })

  it('refuses a limit that no bucket of the histogram can show, before anything is moved', async () => {
    const { outcome, writes } = await run(
      { medianMs: () => HEALTHY_MS },
      { stages: '[{ weight: 100%, watch: 5m, limits: { latency-p99: 20s } }]' },
    )
    expect((outcome as Error).message).toContain(
      'limits latency-p99 to 20000 ms, but the highest bound of the histogram (metrics.latency) is 10000 ms; give it one above, or lower the limit',
    )
    expect(writes).toBe(0)
  })

  it('refuses a limit where nobody measures it', async () => {
    const { outcome } = await run(
      {},
      { stages: '[{ weight: 100%, watch: 5m, limits: { latency-p99: 2s } }]' },
    )
    expect((outcome as Error).message).toContain('needs the histogram of how long requests take')
  })

  it('warns where the buckets lie too far apart to compare anything', async () => {
    const { outcome, ports } = await run({ medianMs: () => 20_000 })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(ports.recorded.log.map(({ line }) => line)).toContain(
      'how long requests take is not compared with the baseline: its histogram (metrics.latency) has no two bounds between which most of its requests lie',
    )
  })

  it('takes a canary whose histogram is gone for one of which nobody knows, not for a fast one', async () => {
    const { outcome, region } = await run({ medianMs: () => HEALTHY_MS }, {}, (answer, clock) =>
      clock.now().getTime() - Date.parse('2026-11-21T10:00:00Z') > minutes(7)
        ? { ...answer, body: (answer.body ?? '').replaceAll(/^seconds_bucket\{arm="green".*\n/gm, '') }
        : answer,
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'error', 'rolled-back': true })
    expect((outcome as Error).message).toContain('and its histogram (metrics.latency) shows none of them')
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })
})
