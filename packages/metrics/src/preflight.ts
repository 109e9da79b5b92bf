import type { Clock, Problem } from '@deploy-actions/action-kit'
import { total, type ArmSample, type Sample } from '@deploy-actions/analysis'
import type { ArmSampler, SeriesExaminer } from './arm-sampler'

/** What the sources said before any traffic moved. */
export type Preflight =
  | {
      ok: true
      baseline: ArmSample
      /** the most that the traffic can be, given what was seen: three standard errors above the mean */
      requestsPerSecond: number
      /** names in the queries that match nothing and may be misspelt, and pages that went away: a sentence each */
      warnings: string[]
    }
  | {
      ok: false
      reason: string
      /** names in the queries that cannot be right: no other look will show another */
      misnamed?: Problem[]
    }

/** So many requests tell a rate well enough; with less traffic a few more intervals are looked at. */
const ENOUGH_REQUESTS = 100
const MAX_INTERVALS = 6

/**
 * Asks every query before anything moves: the sources must answer, the names in the queries must be theirs, and the
 * baseline must have traffic.
 */
export async function preflight(
  sampler: ArmSampler & SeriesExaminer,
  intervalMs: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Preflight> {
  // What the sources know of the time before needs no waiting: nothing has been moved yet.
  await sampler.restart(signal, new Date(clock.now().getTime() - sampler.lookback))
  const samples: (Sample & Required<Pick<Sample, 'baseline' | 'canary'>>)[] = []
  let seen = { requests: 0, errors: 0 }
  while (samples.length < MAX_INTERVALS && seen.requests < ENOUGH_REQUESTS) {
    await clock.sleep(intervalMs, signal)
    const sample = await sampler.sample(signal)
    if (!sample) continue
    const { baseline, canary } = sample
    if (!baseline || !canary)
      return {
        ok: false,
        reason: `the metrics gave no answer: ${sample.problems.map(({ message }) => message).join('; ')}`,
      }
    const { refused } = sampler.examine()
    if (refused.length > 0)
      return {
        ok: false,
        reason: refused.map(({ where, message }) => `${where}: ${message}`).join('; '),
        misnamed: refused,
      }
    samples.push({ ...sample, baseline, canary })
    seen = total(samples.flatMap(({ baseline, canary }) => [baseline, canary]))
  }
  const baseline = total(samples.map((sample) => sample.baseline))
  if (baseline.requests === 0)
    return {
      ok: false,
      reason: `the baseline arm had no request in ${samples.length} intervals: either it has no traffic, or the queries do not find it; a canary cannot be compared with it`,
    }
  const seconds = samples.reduce((sum, { windowMs }) => sum + windowMs, 0) / 1000
  return {
    ok: true,
    baseline,
    requestsPerSecond: (seen.requests + 3 * Math.sqrt(seen.requests)) / seconds,
    warnings: [...leftOutOf(samples), ...sampler.examine().warnings],
  }
}

/** What was not counted because a page could not be read, each once. */
const leftOutOf = (samples: readonly Sample[]): string[] => [
  ...new Set(
    samples.flatMap(({ problems }) =>
      problems.flatMap(({ kind, message }) => (kind === 'partial' ? [message] : [])),
    ),
  ),
]
