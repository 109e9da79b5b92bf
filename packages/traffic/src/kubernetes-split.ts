import { messageOf, ProviderError, type ProviderPorts } from '@deploy-actions/action-kit'
import { defined, normalise, sameWeights, WHOLE, type Weights } from '@deploy-actions/rollout'
import { ClusterRefused, type Cluster, type ObjectRef, type PatchStep } from '@deploy-actions/kubernetes'
import { lowAutoscalers } from './autoscalers'
import type { EndpointsRule } from './kubernetes-options'
import { tooFew, type ReadyByArm } from './ready-endpoints'
import {
  Conflict,
  type RouterCapabilities,
  type RouterMember,
  type RouterState,
  type TrafficRouter,
} from './router'
import { controllerOf, steeredObject, type Controller, type SteeredObject } from './steering-controllers'

/** What an object that splits traffic says of the arms. */
export interface Split {
  ref: ObjectRef
  object: SteeredObject
  /** arm -> its weight in units of that kind */
  units: Record<string, number>
  /** who else gets traffic, in words */
  strangers?: string | undefined
  /** why what it says is not in effect yet, in words */
  pending?: string | undefined
  /** A vector in units. @throws ProviderError where they cannot express it */
  toUnits(wanted: Weights): Record<string, number>
  /** The changes that give each arm these units, and what must stand there for that. */
  steps(units: Record<string, number>): PatchStep[]
  /** What is ready of each arm, as far as that can be known; it may find that the object is not in effect yet. */
  endpoints(signal: AbortSignal): Promise<{ ready: ReadyByArm; pending?: string | undefined }>
}

/** What an object can express that has a weight for each arm, to a basis point. */
export const WEIGHTED = {
  ...{ min: 0, max: WHOLE, step: 1, zero: 'weight', splits: 'requests' },
  ...{ atomic: true, compareAndSet: true },
} as const satisfies Omit<RouterCapabilities, 'effectWithin'>

/** A kind of object that splits traffic. */
export interface SplitKind {
  /** `VirtualService api/shop` */
  where: string
  capabilities: RouterCapabilities
  /** What one such object says now. @throws ProviderError, with what to do, where it cannot be steered */
  look(cluster: Cluster, signal: AbortSignal): Promise<Split>
}

interface SplitSettings {
  endpoints: EndpointsRule
  cluster: () => Promise<Cluster>
}

/** Writers that come between a read and a write of ours, one after the other, before we give way. */
const TRIES = 5

/**
 * A router whose weights stand in one object of the API. A write is one JSON patch that tests the version of the object that
 * was read, so that what somebody else wrote in between makes it fail as a whole; where that has not touched the weights,
 * it is made anew.
 */
export function openSplit(
  kind: SplitKind,
  { endpoints: rule, cluster: open }: SplitSettings,
  ports: Pick<ProviderPorts, 'log'>,
): TrafficRouter {
  const { where, capabilities } = kind
  let autoscalersTold = false

  const endpointsOf = async (split: Split, signal: AbortSignal): ReturnType<Split['endpoints']> =>
    rule === 'ignore' ? { ready: {} } : split.endpoints(signal)

  const tellAutoscalers = async (
    cluster: Cluster,
    arms: readonly string[],
    ready: ReadyByArm,
    signal: AbortSignal,
  ): Promise<void> => {
    if (autoscalersTold) return
    autoscalersTold = true
    try {
      for (const line of await lowAutoscalers(cluster, arms, ready, signal))
        ports.log.warning(`${where}: ${line}`)
    } catch (error) {
      // What is only told is not worth a release.
      if (!(error instanceof ProviderError)) throw error
      ports.log.warning(`${where}: nobody knows what autoscalers do with the arms: ${messageOf(error)}`)
    }
  }

  return {
    where,
    capabilities,
    async read(signal) {
      const cluster = await open()
      const split = await kind.look(cluster, signal)
      const [controller, { ready, pending }] = await Promise.all([
        controllerOf(cluster, split.ref, split.object, signal),
        endpointsOf(split, signal),
      ])
      return stateOf(where, { ...split, pending: split.pending ?? pending }, controller, ready)
    },
    async short(wanted, arms, signal) {
      const cluster = await open()
      const { ready } = await endpointsOf(await kind.look(cluster, signal), signal)
      await tellAutoscalers(cluster, arms, ready, signal)
      return tooFew(wanted, arms, ready, rule)
    },
    async write(wanted, expected, signal) {
      const cluster = await open()
      for (let tries = 1; ; tries++) {
        const split = await kind.look(cluster, signal)
        const units = split.toUnits(wanted)
        const current = normalise(split.units)
        if (sameWeights(current, normalise(units))) return
        mustNotBeSteered(where, await controllerOf(cluster, split.ref, split.object, signal))
        if (!sameWeights(current, expected.weights)) throw new Conflict(where, expected.weights, current)
        if (await isPatched(cluster, split, units, { signal, last: tries === TRIES })) return
      }
    },
  }
}

/** @returns false where somebody else has written since it was read */
async function isPatched(
  cluster: Cluster,
  { ref, object, steps }: Split,
  units: Record<string, number>,
  { signal, last }: { signal: AbortSignal; last: boolean },
): Promise<boolean> {
  const { resourceVersion } = object.metadata
  const unchanged: PatchStep = { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }
  try {
    await cluster.patch(ref, [unchanged, ...steps(units)], steeredObject, signal)
    return true
  } catch (error) {
    // A test that does not hold is answered as what is wrong in itself: only the version tells them apart.
    const mayBeStale = error instanceof ClusterRefused && (error.status === 409 || error.status === 422)
    if (!mayBeStale || last) throw error
    const now = await cluster.read(ref, steeredObject, signal)
    if (now?.metadata.resourceVersion === resourceVersion) throw error
    return false
  }
}

function stateOf(
  where: string,
  { object, units, strangers, pending }: Split,
  controller: Controller | undefined,
  ready: ReadyByArm,
): RouterState {
  const members = Object.fromEntries(
    Object.entries(units).map(([arm, own]) => [arm, memberOf(own, ready[arm]?.ready)]),
  )
  const serving = Object.entries(units).map(([arm, own]): [string, number] => [
    arm,
    members[arm]?.healthy === false ? 0 : own,
  ])
  return {
    weights: normalise(units),
    effective: normalise(Object.fromEntries(serving)),
    members,
    ...defined({
      ...{ strangers, pending, version: object.metadata.resourceVersion },
      owner: controller?.name,
      steered: controller?.steers ? steeredBy(where, controller.name) : undefined,
    }),
  }
}

/** An arm is down when nothing of it is ready; whether there is enough of it is asked when its share is to grow. */
const memberOf = (units: number, ready: number | undefined): RouterMember => ({
  enabled: true,
  units,
  ...(ready !== undefined && { healthy: ready > 0 }),
})

export const steeredBy = (where: string, name: string): string =>
  `${name} writes the weights of ${where}: two writers would fight over them; let it do the rollout, or take ${where} out of its hands first`

export function mustNotBeSteered(where: string, controller: Controller | undefined): void {
  if (controller?.steers)
    throw new ProviderError(`${steeredBy(where, controller.name)}; nothing was written`, { provider: where })
}

/** Totals of units: whole percents read as themselves, and basis points are exact. */
const TOTALS = [100, WHOLE]

/** A vector in the plainest units that hold it exactly: percents, else basis points. */
export function plainUnits(wanted: Weights, arms: readonly string[]): Record<string, number> {
  const shares = arms.map((arm) => [arm, wanted[arm] ?? 0] as const)
  const total = TOTALS.find((one) => shares.every(([, share]) => (share * one) % WHOLE === 0)) ?? WHOLE
  return Object.fromEntries(shares.map(([arm, share]) => [arm, (share * total) / WHOLE]))
}

/** The error of an object that does not exist. */
export function missing(where: string, cluster: Cluster, what = 'it'): ProviderError {
  return new ProviderError(
    `${where} is not there, as ${cluster.where} says; create ${what} first, or mend its name or namespace`,
    { provider: where },
  )
}
