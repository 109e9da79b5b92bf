import { GateFailed, messageOf, ProviderError, type Clock, type Log } from '@deploy-actions/action-kit'
import {
  canaryWeights,
  formatDuration,
  formatPercent,
  formatWeights,
  type Arms,
  type StagedStep,
  type Weights,
} from '@deploy-actions/rollout'
import { described, obstacleTo, type ObservedRouter, type RouterReading } from './router'
import { watchRouter } from './router-watch'
import { shift } from './shift'

/** One step that was taken, as the router showed it. */
export interface StepTaken {
  /** what the arm that is taken back was left with, in basis points */
  weight: number
  /** what was read back after the write, and when (ISO 8601) */
  weights: Weights
  readAt: string
  /** how long it was watched, in the action's milliseconds */
  watchedMs: number
}

/** How far a release has gone back in steps. */
export interface SteppedBack {
  taken: StepTaken[]
  /** why the rest goes at once; absent where every step was taken to its end */
  because?: string
}

export interface StepBackOptions {
  /** `canary` is the arm that is taken back */
  arms: Arms
  /** in order; what is not below the weight that the router shows is left out, and so is the last, which gives all back */
  steps: readonly StagedStep[]
  /**
   * asked before each write, right after it and while it is watched
   * @returns why nobody steps any more here, since somebody else has the target
   * @throws ProviderError while the ledger gives no answer
   */
  whyNotAlone: () => Promise<string | undefined>
  /** called once a step was read back; how long it is watched grows in it meanwhile */
  onTaken?: (step: StepTaken) => void
}

type StepPorts = { clock: Clock; signal: AbortSignal; log: Log }

/** Between two readings of the router while a step is watched, in the action's milliseconds. */
const LOOK_EVERY_MS = 5_000
/** Between two questions to the ledger meanwhile: one that finds nothing new counts against no limit of GitHub's. */
const ASK_EVERY_MS = 30_000

/**
 * Takes a release back by all steps but the last, each written and proven as in a rollout, and watched. Whatever is not as
 * it must be ends it: what is left is for a restore that goes at once, which the caller does in any case.
 * @throws nothing but the signal's reason, once the run is cancelled
 */
export async function stepBack(
  router: ObservedRouter,
  options: StepBackOptions,
  ports: StepPorts,
): Promise<SteppedBack> {
  const taken: StepTaken[] = []
  try {
    let held = await lookBefore(router, options, ports)
    for (const step of stepsBelow(held, options)) {
      held = await take(router, step, held, options, ports)
      const { weights, readAt } = held
      const one: StepTaken = { weight: step.weight, weights, readAt, watchedMs: 0 }
      taken.push(one)
      options.onTaken?.(one)
      ports.log.info(
        `a step back: ${options.arms.canary} has ${formatPercent(step.weight)}, read back as ${formatWeights(weights)}; watched for ${formatDuration(step.watchMs ?? 0)}`,
      )
      await watch(router, { step, held, one }, options, ports)
    }
    return { taken }
  } catch (error) {
    if (ports.signal.aborted) throw error
    return { taken, because: messageOf(error) }
  }
}

/** @throws GateFailed where the release does not carry traffic in a way from which it could step back */
async function lookBefore(
  router: ObservedRouter,
  { arms }: StepBackOptions,
  { signal }: StepPorts,
): Promise<RouterReading> {
  const held = await router.read(signal)
  const problem = held.differs ?? obstacleTo(held)
  if (problem !== undefined) throw new GateFailed(problem)
  if ((held.weights[arms.canary] ?? 0) === 0)
    throw new GateFailed(`${arms.canary} has no traffic that could be taken from it: ${described(held)}`)
  return held
}

/** The steps that take something from the arm. @throws GateFailed where none does */
function stepsBelow({ weights }: RouterReading, { arms: { canary }, steps }: StepBackOptions): StagedStep[] {
  const carried = weights[canary] ?? 0
  const below = steps.filter(({ weight }) => weight > 0 && weight < carried)
  if (below.length > 0) return below
  throw new GateFailed(`${canary} carries ${formatPercent(carried)}, and only the last step is less`)
}

/** Nothing is written unless the ledger says right before it that nobody else is at it; a write that came too late is noticed. */
async function take(
  router: ObservedRouter,
  { weight }: StagedStep,
  held: RouterReading,
  { arms, whyNotAlone }: StepBackOptions,
  ports: StepPorts,
): Promise<RouterReading> {
  const ask = async (): Promise<void> => {
    const why = await whyNotAlone()
    if (why !== undefined) throw new GateFailed(why)
  }
  const asking: ObservedRouter = {
    ...router,
    async write(...what) {
      await ask()
      return router.write(...what)
    },
    async prepare(...what) {
      await ask()
      return router.prepare?.(...what)
    },
  }
  return shift(asking, canaryWeights(arms, weight), held, ports)
}

interface Watched {
  step: StagedStep
  held: RouterReading
  one: StepTaken
}

/** @throws GateFailed with what ends the step before its time */
async function watch(
  router: ObservedRouter,
  { step: { watchMs = 0 }, held, one }: Watched,
  { whyNotAlone }: StepBackOptions,
  { clock, signal, log }: StepPorts,
): Promise<void> {
  const began = clock.now().getTime()
  const looking = watchRouter(router, held, clock)
  let askedAt = -Infinity
  let unread: string | undefined
  for (;;) {
    if (clock.now().getTime() - askedAt >= ASK_EVERY_MS) {
      const why = await whyNotAlone().catch((error: unknown) => {
        log.warning(`whether somebody else has it taken back meanwhile is not known: ${messageOf(error)}`)
        return undefined
      })
      if (why !== undefined) throw new GateFailed(why)
      askedAt = clock.now().getTime()
    }
    one.watchedMs = clock.now().getTime() - began
    if (one.watchedMs >= watchMs) return
    await clock.sleep(Math.min(LOOK_EVERY_MS, watchMs - one.watchedMs), signal)
    const standing = await looking.look(signal)
    if (standing.state !== 'holds' && standing.state !== 'doubted' && standing.state !== 'unreadable')
      throw new GateFailed(standing.reason)
    // One lost exchange is no failure; a router that is silent twice is not waited for.
    if (standing.state === 'unreadable' && unread !== undefined)
      throw new ProviderError(standing.reason, { provider: router.where })
    unread = standing.state === 'unreadable' ? standing.reason : undefined
  }
}
