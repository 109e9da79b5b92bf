import { retrying, type Clock, type Problem } from '@deploy-actions/action-kit'
import { addBuckets, total, type ArmSample, type Counts, type Sample } from '@deploy-actions/analysis'
import { formatDuration } from '@deploy-actions/rollout'
import type { ArmSampler, SeriesExaminer } from './arm-sampler'

/** What the sources said before any traffic moved. */
export type Preflight =
  | {
      ok: true
      baseline: ArmSample
      /** how long it was looked at */
      windowMs: number
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

/** So many requests tell a rate of traffic well enough; with less a few more intervals are looked at. */
const ENOUGH_REQUESTS = 100
const MAX_INTERVALS = 6

/**
 * So long a sample is tried again for, in the action's milliseconds: a page that is scraped while its process is
 * replaced does not end a rollout, since a stage bridges minutes of the same.
 */
const PATIENCE_MS = 60_000

/** A sample of both arms. */
type WholeSample = Sample & Required<Pick<Sample, 'baseline' | 'canary'>>

/** What was asked gave no answer, as a page that could not be read; asked again it may give one. */
class AnswerLost extends Error {}

/**
 * Asks every query before anything moves: the sources must answer, the names in the queries must be theirs, and the
 * baseline must have traffic.
 * @param enoughRequests with fewer it looks on, for six intervals at most
 */
export async function preflight(
  sampler: ArmSampler & SeriesExaminer,
  intervalMs: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  enoughRequests = ENOUGH_REQUESTS,
): Promise<Preflight> {
  // What the sources know of the time before needs no waiting: nothing has been moved yet.
  await sampler.restart(signal, new Date(clock.now().getTime() - sampler.lookback))
  const samples: WholeSample[] = []
  let seen = { requests: 0, errors: 0 }
  while (samples.length < MAX_INTERVALS && seen.requests < enoughRequests) {
    await clock.sleep(intervalMs, signal)
    const sample = await patientSample(sampler, clock, signal)
    if (!sample) continue
    if (typeof sample === 'string') return { ok: false, reason: sample }
    const { refused } = sampler.examine()
    if (refused.length > 0)
      return {
        ok: false,
        reason: refused.map(({ where, message }) => `${where}: ${message}`).join('; '),
        misnamed: refused,
      }
    samples.push(sample)
    seen = total(samples.flatMap(({ baseline, canary }) => [baseline, canary]))
  }
  const baseline = together(samples.map(({ baseline }) => baseline))
  if (baseline.requests === 0)
    return {
      ok: false,
      reason: `the baseline arm had no request in ${samples.length} intervals: either it has no traffic, or the queries do not find it; a canary cannot be compared with it`,
    }
  const windowMs = samples.reduce((sum, sample) => sum + sample.windowMs, 0)
  return {
    ok: true,
    baseline,
    windowMs,
    requestsPerSecond: (1000 * (seen.requests + 3 * Math.sqrt(seen.requests))) / windowMs,
    warnings: [...leftOutOf(samples), ...sampler.examine().warnings],
  }
}

/** What an arm did in all samples; of a value the last. */
function together(samples: readonly ArmSample[]): ArmSample {
  const latency = addBuckets(samples.map(({ latency = [] }) => latency))
  const ratios: Record<string, Counts> = {}
  for (const [name, counts] of samples.flatMap(({ ratios = {} }) => Object.entries(ratios)))
    ratios[name] = total([ratios[name], counts])
  const values = samples.at(-1)?.values
  return {
    ...total(samples),
    ...(latency.length > 0 && { latency }),
    ...(Object.keys(ratios).length > 0 && { ratios }),
    ...(values && { values }),
  }
}

/** A sample; why there is none, in words; or undefined while no window is complete. */
async function patientSample(
  sampler: ArmSampler,
  clock: Clock,
  signal: AbortSignal,
): Promise<WholeSample | string | undefined> {
  const began = clock.now().getTime()
  const take = async (): Promise<WholeSample | string | undefined> => {
    const sample = await sampler.sample(signal)
    if (!sample) return undefined
    const { baseline, canary, problems } = sample
    if (baseline && canary && !lacksValue(sample)) return { ...sample, baseline, canary }
    const why = problems.map(({ message }) => message).join('; ')
    if (isLost(sample)) throw new AnswerLost(why)
    return `the metrics gave no answer: ${why}`
  }
  try {
    const worthwhile = (error: unknown): boolean => error instanceof AnswerLost
    return await retrying(take, { clock, signal, idempotent: true, worthwhile, withinMs: PATIENCE_MS })
  } catch (error) {
    if (!(error instanceof AnswerLost)) throw error
    const tried = formatDuration(Math.round((clock.now().getTime() - began) / 1000) * 1000)
    return `the metrics gave no answer for ${tried}: ${error.message}`
  }
}

/** A canary without requests may not show a value yet; one that the baseline does not show is asked for wrongly. */
const lacksValue = ({ baseline, problems }: Sample): boolean =>
  problems.some(
    ({ metric, kind }) =>
      metric !== undefined &&
      metric !== 'latency' &&
      kind !== 'partial' &&
      baseline?.values?.[metric] === undefined &&
      baseline?.ratios?.[metric] === undefined,
  )

/** A number that is none is an answer: no other look will show another. */
const isLost = ({ problems }: Sample): boolean =>
  problems.every(({ kind }) => kind === 'provider' || kind === 'stale' || kind === 'partial')

/** What was not counted because a page could not be read, each once. */
const leftOutOf = (samples: readonly Sample[]): string[] => [
  ...new Set(
    samples.flatMap(({ problems }) =>
      problems.flatMap(({ kind, message }) => (kind === 'partial' ? [message] : [])),
    ),
  ),
]
