import { WHOLE } from '@deploy-actions/rollout'
import { lingering, type RouterReading } from '@deploy-actions/traffic'

/** The one arm that holds all the traffic and serves, while nobody else gets any: no other server, no client that is bound. */
export function servesAll(reading: RouterReading): string | undefined {
  const { weights, effective, differs, strangers } = reading
  if (differs !== undefined || strangers !== undefined || lingering(reading, weights).length > 0)
    return undefined
  return Object.keys(weights).find((arm) => weights[arm] === WHOLE && effective[arm] === WHOLE)
}
