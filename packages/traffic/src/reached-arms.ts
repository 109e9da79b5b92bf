import type { Clock } from '@deploy-actions/action-kit'
import type { Weights } from '@deploy-actions/rollout'
import type { ObservedRouter } from './router'

/** Between two looks at the counters, in the action's milliseconds. */
const LOOK_MS = 1_000
/** What was under way when the weights were written has ended by then. */
const LOOKS = 10

/**
 * The arms that still get requests although they are to get none: those that are out of service because clients can be
 * bound to them. Proven by counters that stand still from one look to the next.
 * @throws ProviderError when the router does not answer
 */
export async function reachedArms(
  router: ObservedRouter,
  weights: Weights,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<string[]> {
  if (!router.requests) return []
  const { members } = await router.read(signal)
  let reached = Object.keys(members).filter(
    (arm) => (weights[arm] ?? 0) === 0 && (members[arm]?.parked || members[arm]?.lingers),
  )
  if (reached.length === 0) return []
  let before = await router.requests(signal)
  for (let looks = 0; looks < LOOKS && reached.length > 0; looks++) {
    await clock.sleep(LOOK_MS, signal)
    const now = await router.requests(signal)
    reached = reached.filter((arm) => now[arm]?.sent !== before[arm]?.sent)
    before = now
  }
  return reached
}
