import { z } from 'zod'
import { formatDuration } from './duration'
import { lazily } from './lazily'
import { formatPercent, WHOLE } from './percent'

/** One step of the way on which a person takes a release back. */
export interface StagedStep {
  /** what the arm that is taken back still carries, in basis points */
  weight: number
  /** how long it is watched there before the next step, in milliseconds; absent in the last one */
  watchMs?: number | undefined
}

/** The job that takes the traffic back has an hour beside what else it does. */
export const STAGED_LIMIT_MS = 60 * 60_000
const MOST_STEPS = 10

/** What is wrong with a list of steps, and of which of its steps that is true; of none, of the list. */
export interface StagedProblem {
  index?: number
  key?: 'weight' | 'watch'
  message: string
}

/** Everything that keeps a list from being a way back: falling to 0 % from below 100 %, watched all the way, in time. */
export function stagedProblems(steps: readonly StagedStep[]): StagedProblem[] {
  const watchedMs = steps.reduce((sum, { watchMs = 0 }) => sum + watchMs, 0)
  return [
    ...(steps.length < 2
      ? [
          {
            message:
              'needs a step before the last: without one a release goes back at once, as it does anyway',
          },
        ]
      : []),
    ...(steps.length > MOST_STEPS
      ? [{ message: `has ${steps.length} steps; ${MOST_STEPS} are allowed` }]
      : []),
    ...(watchedMs > STAGED_LIMIT_MS
      ? [
          {
            message: `is watched for ${formatDuration(watchedMs)} in all; the job that takes the traffic back has ${formatDuration(STAGED_LIMIT_MS)} for that`,
          },
        ]
      : []),
    ...steps.flatMap((step, index) => ofStep(step, index, steps)),
  ]
}

function ofStep(
  { weight, watchMs }: StagedStep,
  index: number,
  steps: readonly StagedStep[],
): StagedProblem[] {
  const before = steps[index - 1]?.weight ?? WHOLE
  const isLast = index === steps.length - 1
  const said: [boolean, 'weight' | 'watch', string][] = [
    [
      weight >= before,
      'weight',
      `steps must fall: ${formatPercent(weight)} does not follow ${formatPercent(before)}${index === 0 ? ', which the arm carries when it is taken back' : ''}`,
    ],
    [isLast && weight !== 0, 'weight', 'the last step must be 0%: a release is taken back whole'],
    [isLast && watchMs !== undefined, 'watch', 'the last step has none: with it the traffic is back'],
    [
      !isLast && watchMs === undefined,
      'watch',
      'is missing; every step but the last is watched, for example 5m',
    ],
  ]
  return said.flatMap(([wrong, key, message]) => (wrong ? [{ index, key, message }] : []))
}

/** The steps as they are kept beside a restore point, and believed when they are read back. */
export const stagedSteps = lazily(() =>
  z
    .array(
      z.strictObject({
        weight: z.int().min(0).max(WHOLE),
        watchMs: z.int().min(0).optional(),
      }),
    )
    .superRefine((steps, context) => {
      for (const { index, key, message } of stagedProblems(steps))
        context.addIssue({ code: 'custom', path: [index, key].filter((part) => part !== undefined), message })
    }),
)

/** `75% for 5m, 50% for 5m, 0%` */
export const formatSteps = (steps: readonly StagedStep[]): string =>
  steps
    .map(
      ({ weight, watchMs }) =>
        `${formatPercent(weight)}${watchMs === undefined ? '' : ` for ${formatDuration(watchMs)}`}`,
    )
    .join(', ')
