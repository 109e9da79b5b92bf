import type { Sample } from '@deploy-actions/analysis'

/** Ten seconds of a canary; without counts it could not be read. */
export function tenSeconds(canary?: { requests: number; errors: number }): Sample {
  return {
    at: '',
    windowMs: 10_000,
    problems: [],
    ...(canary && { canary }),
    baseline: { requests: 0, errors: 0 },
  }
}

/** When a rule takes back that is shown these samples of stage 0: seconds, or undefined for never. */
export function takenBackAfter(
  rule: { takesBack(sample: Sample, stage: number): boolean },
  samples: readonly Sample[],
): number | undefined {
  const index = samples.findIndex((sample) => rule.takesBack(sample, 0))
  return index < 0 ? undefined : (index + 1) * 10
}

/** That many samples of the same counts. */
export const repeated = (count: number, counts?: { requests: number; errors: number }): Sample[] =>
  Array.from({ length: count }, () => tenSeconds(counts))
