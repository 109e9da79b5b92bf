import { GateFailed, InputError, type ProviderPorts, type WrittenSettings } from '@deploy-actions/action-kit'
import { findArms, formatWeights, sameWeights, type Arms } from '@deploy-actions/rollout'
import type { ConfiguredRouter, ObservedRouter, RouterReading } from '@deploy-actions/traffic'
import { armsByShare } from './restore-point'

/** A router that was read once, and which of its arms is which: what a transaction begins with. */
export interface FoundArms {
  router: ObservedRouter
  settings: WrittenSettings
  reading: RouterReading
  arms: Arms
}

interface Target {
  service: string
  region: string
}

/**
 * Opens the router of a target and reads it: the arm that carries everything is the baseline.
 * @throws InputError when neither does; nothing was written
 */
export async function findTargetArms(
  { service, region }: Target,
  router: ConfiguredRouter,
  names: readonly string[],
  ports: ProviderPorts,
): Promise<FoundArms> {
  const found = await readRouter(router, names, ports)
  if (findArms(found.reading.weights)) return found
  throw new InputError(
    `neither arm of ${service} in ${region} carries all the traffic: the router holds ${formatWeights(found.reading.weights)}; nothing was written. Put all of it on the arm that serves, then start again`,
  )
}

/**
 * That the router still shows what was found.
 * @throws GateFailed when somebody else has changed the weights meanwhile; nothing was written
 */
export async function mustBeAsFound(found: FoundArms, signal: AbortSignal): Promise<void> {
  const reading = await found.router.read(signal)
  if (reading.differs === undefined && sameWeights(reading.weights, found.reading.weights)) return
  throw new GateFailed(
    `somebody else changed the weights from ${formatWeights(found.reading.weights)} to ${reading.differs ?? formatWeights(reading.weights)} meanwhile: no traffic was moved`,
  )
}

/** The same for weights that are set by hand: the arm with more traffic counts as the baseline. */
export async function readRouter(
  configured: ConfiguredRouter,
  names: readonly string[],
  ports: ProviderPorts,
): Promise<FoundArms> {
  const router = configured.open(ports, names)
  const reading = await router.read(ports.signal)
  const problem = reading.differs ?? reading.strangers
  if (problem !== undefined) throw new InputError(problem)
  return { router, settings: configured.written, reading, arms: armsByShare(reading.weights) }
}
