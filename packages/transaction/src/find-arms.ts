import { GateFailed, InputError, type ProviderPorts, type WrittenSettings } from '@deploy-actions/action-kit'
import { findArms, formatWeights, type Arms } from '@deploy-actions/rollout'
import {
  holdsSame,
  obstacleTo,
  type ConfiguredRouter,
  type ObservedRouter,
  type RouterReading,
} from '@deploy-actions/traffic'
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
  if (holdsSame(reading, found.reading)) return
  throw new GateFailed(
    `somebody else changed the weights from ${found.reading.differs ?? formatWeights(found.reading.weights)} to ${reading.differs ?? formatWeights(reading.weights)} meanwhile: no traffic was moved`,
  )
}

/**
 * The same whatever the shares are: the arm with more traffic counts as the baseline.
 * @throws InputError where no rollout begins or goes on over what the router shows; nothing was written
 */
export async function readRouter(
  configured: ConfiguredRouter,
  names: readonly string[],
  ports: ProviderPorts,
): Promise<FoundArms> {
  const found = await lookAtRouter(configured, names, ports)
  const problem = found.reading.differs ?? obstacleTo(found.reading)
  if (problem !== undefined) throw new InputError(problem)
  return found
}

/** The same for weights that are set by hand, whatever is there. */
export async function lookAtRouter(
  configured: ConfiguredRouter,
  names: readonly string[],
  ports: ProviderPorts,
): Promise<FoundArms> {
  const router = configured.open(ports, names)
  const reading = await router.read(ports.signal)
  return { router, settings: configured.written, reading, arms: armsByShare(reading.weights) }
}
