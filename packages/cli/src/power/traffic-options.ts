import type { Problem } from '@deploy-actions/action-kit'
import type { Traffic } from '@deploy-actions/config'

/** The options that say what a canary meets. */
export interface TrafficOptions {
  rps?: string
  baselineErrors?: string
}

/** Undefined where neither is given. */
export function trafficOf({ rps, baselineErrors }: TrafficOptions): {
  traffic?: Traffic
  problems: Problem[]
} {
  if (rps === undefined && baselineErrors === undefined) return { problems: [] }
  const [requestsPerSecond, errors] = [perSecond(rps), rateOf(baselineErrors)]
  const problems: Problem[] = [
    ...(requestsPerSecond === undefined
      ? [
          {
            where: '--rps',
            message: `${rps === undefined ? 'is missing beside --baseline-errors' : `${rps} is not a number of requests per second above 0`}; write it like 20`,
          },
        ]
      : []),
    ...(errors === undefined
      ? [
          {
            where: '--baseline-errors',
            message: `${baselineErrors === undefined ? 'is missing beside --rps' : `${baselineErrors} is not a percentage below 100%`}; write it like 0.1%`,
          },
        ]
      : []),
  ]
  return requestsPerSecond === undefined || errors === undefined
    ? { problems }
    : { problems, traffic: { requestsPerSecond, baselineErrors: errors } }
}

function perSecond(text = ''): number | undefined {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  return value > 0 ? value : undefined
}

/** Of finer steps than a percentage of a config: rates of errors may be small. */
function rateOf(text = ''): number | undefined {
  const percent = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text)?.[1]
  return percent === undefined || Number(percent) >= 100 ? undefined : Number(percent) / 100
}
