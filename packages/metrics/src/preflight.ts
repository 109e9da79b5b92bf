import type { Clock } from '@deploy-actions/action-kit'
import type { ArmSample } from '@deploy-actions/analysis'
import type { ArmSampler } from './arm-sampler'

/** What the sources said before any traffic moved. */
export type Preflight = { ok: true; baseline: ArmSample; requestsPerSecond: number } | { ok: false; reason: string }

/** Asks every query once over one interval: the sources must answer, and the baseline must have traffic. */
export async function preflight(sampler: ArmSampler, intervalMs: number, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<Preflight> {
  await sampler.restart(signal)
  await clock.sleep(intervalMs, signal)
  const { baseline, canary, windowMs, problems } = await sampler.sample(signal)
  if (!baseline || !canary) return { ok: false, reason: `the metrics gave no answer: ${problems.map(({ message }) => message).join('; ')}` }
  if (baseline.requests === 0)
    return { ok: false, reason: 'the baseline arm had no request in one interval: either it has no traffic, or the queries do not find it; a canary cannot be compared with it' }
  return { ok: true, baseline, requestsPerSecond: ((baseline.requests + canary.requests) * 1000) / windowMs }
}
