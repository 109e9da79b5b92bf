import { z } from 'zod'
import { ProviderError, type Clock, type ProviderPorts } from '@deploy-actions/action-kit'
import {
  apportion,
  defined,
  formatDuration,
  formatPercent,
  normalise,
  sameWeights,
  WHOLE,
  type Weights,
} from '@deploy-actions/rollout'
import {
  clusterOf,
  ClusterRefused,
  kubernetesObject,
  namespacedOptions,
  objectName,
  type Cluster,
  type ObjectRef,
} from '@deploy-actions/kubernetes'
import { autoscalersIn } from './autoscalers'
import { missing, mustNotBeSteered, steeredBy } from './kubernetes-split'
import { Conflict, router, type RouterState, type TrafficRouter } from './router'
import { controllerOf, steeredObject, type Controller } from './steering-controllers'

const kinds = ['Deployment', 'StatefulSet'] as const

/** Replicas of the workloads of the arms, behind one Service that selects the pods of both. */
const options = z
  .strictObject({
    ...namespacedOptions,
    members: z
      .record(
        z.string().min(1),
        z.strictObject({
          workload: objectName.describe('name of the Deployment or StatefulSet'),
          kind: z.enum(kinds).default('Deployment'),
        }),
      )
      .describe('arm -> its workload'),
    replicas: z.coerce
      .number()
      .int()
      .min(2)
      .max(10_000)
      .describe('pods of all arms together: one of them is the least share'),
  })
  .describe('shares by the replicas of Deployments or StatefulSets behind one Service')
type Options = z.infer<typeof options>

const workloadObject = steeredObject.extend({
  spec: z.looseObject({ replicas: z.int().min(0).default(1) }),
  status: z.looseObject({ readyReplicas: z.int().min(0).default(0) }).prefault({}),
})

/** The workload of an arm. */
interface Arm {
  arm: string
  name: string
  ref: ObjectRef
  object: z.infer<typeof workloadObject>
  controller: Controller | undefined
}

/** Between two looks at pods that are to become ready, in the action's milliseconds. */
const LOOK_MS = 1_000
/** Pods that take longer than this are not waited for before others go. */
const READY_WITHIN_MS = 120_000

export default router({
  options,
  armsOf: ({ members }) => Object.keys(members),
  create(settings, ports): TrafficRouter {
    const { replicas, namespace, members } = settings
    const names = Object.values(members).map(({ kind, workload }) => `${kind} ${workload}`)
    const where = `${names.join(' and ')}${namespace === undefined ? '' : ` in ${namespace}`}`
    const open = clusterOf(settings, ports)
    let wasUndone = false
    const look = async (signal: AbortSignal): Promise<Arm[]> => {
      const cluster = await open()
      return Promise.all(Object.keys(members).map((arm) => readArm(cluster, arm, settings, signal)))
    }
    return {
      where,
      capabilities: {
        // A Service gives each new connection to any of its pods.
        ...{ min: 0, max: replicas, step: 1, splits: 'clients', zero: 'weight' },
        ...{ atomic: false, compareAndSet: true },
        // Pods have to start: how long that takes is theirs.
        effectWithin: '2m',
      },
      async read(signal) {
        const arms = await look(signal)
        const scalers = await scalersOf(await open(), arms, signal)
        return stateOf(where, arms, scalers)
      },
      async write(wanted, expected, signal) {
        const arms = await look(signal)
        const units = toUnits(wanted, replicas, where)
        const current = normalise(unitsIn(arms))
        if (arms.every(({ arm, object }) => object.spec.replicas === units[arm])) return
        const cluster = await open()
        for (const { controller } of arms) mustNotBeSteered(where, controller)
        const [scaler] = await scalersOf(cluster, arms, signal)
        if (scaler !== undefined)
          throw new ProviderError(`${scaler}; nothing was written`, { provider: where })
        if (!sameWeights(current, expected.weights) && !isOnItsWay(arms, units, expected))
          throw new Conflict(where, expected.weights, current)
        const { clock, log } = ports
        try {
          await scaleAll({ ...{ cluster, arms, units, where, expected, signal, clock, log }, wasUndone })
        } catch (error) {
          wasUndone ||= error instanceof Undone
          throw error
        }
      },
    }
  },
})

async function readArm(
  cluster: Cluster,
  arm: string,
  { members, namespace = cluster.namespace }: Options,
  signal: AbortSignal,
): Promise<Arm> {
  const { kind = 'Deployment', workload = '' } = members[arm] ?? {}
  const plural = kind === 'Deployment' ? 'deployments' : 'statefulsets'
  const ref: ObjectRef = { apiVersion: 'apps/v1', plural, namespace, name: workload }
  const name = `${kind} ${workload}`
  const object = await cluster.read(ref, workloadObject, signal)
  if (!object) throw missing(`${kind} ${namespace}/${workload}`, cluster)
  return { arm, name, ref, object, controller: await controllerOf(cluster, ref, object, signal) }
}

const unitsIn = (arms: readonly Arm[]): Record<string, number> =>
  Object.fromEntries(arms.map(({ arm, object }) => [arm, object.spec.replicas]))

/** What scales an arm by itself would undo what is written here, in words. */
async function scalersOf(cluster: Cluster, arms: readonly Arm[], signal: AbortSignal): Promise<string[]> {
  const scalers = await autoscalersIn(cluster, arms[0]?.ref.namespace ?? cluster.namespace, signal)
  return arms.flatMap(({ name }) =>
    scalers
      .filter(({ target }) => target === name)
      .map(
        (scaler) =>
          `${scaler.name} scales ${name}, whose replicas are its share: take it off for the rollout, or choose a router that splits requests`,
      ),
  )
}

/** Pods that are not ready yet get nothing: what is in effect follows those that are. */
function stateOf(where: string, arms: readonly Arm[], scalers: readonly string[]): RouterState {
  const owner = arms.find(({ controller }) => controller)?.controller
  const ready = arms.map(({ arm, object }) => [arm, object.status.readyReplicas] as const)
  return {
    weights: normalise(unitsIn(arms)),
    effective: normalise(Object.fromEntries(ready)),
    members: Object.fromEntries(
      arms.map(({ arm, object }) => [arm, { enabled: true, units: object.spec.replicas }]),
    ),
    byConnection: true,
    ...defined({
      owner: owner?.name,
      steered: owner?.steers ? steeredBy(where, owner.name) : scalers[0],
    }),
  }
}

function toUnits(wanted: Weights, replicas: number, where: string): Record<string, number> {
  for (const [arm, share] of Object.entries(wanted))
    if (share > 0 && share * replicas < WHOLE)
      throw new ProviderError(
        `a share of ${formatPercent(share)} for ${arm} is less than one of the ${replicas} pods of ${where}; the least is ${formatPercent(Math.ceil(WHOLE / replicas))}`,
        { provider: where },
      )
  return apportion(wanted, replicas)
}

/** A workload does not have the replicas that were written to it. */
class Undone extends ProviderError {}

interface Scaling {
  cluster: Cluster
  arms: readonly Arm[]
  units: Record<string, number>
  where: string
  expected: RouterState
  clock: Clock
  log: Pick<ProviderPorts['log'], 'warning'>
  /** what was written before has not stood, either: somebody undoes it, and no answer was lost */
  wasUndone: boolean
  signal: AbortSignal
}

/** Each arm holds what it held before this write began, or what it is to get: an answer was lost on the way. */
const isOnItsWay = (arms: readonly Arm[], units: Record<string, number>, { members }: RouterState): boolean =>
  arms.every(({ arm, object: { spec } }) => [units[arm], members[arm]?.units].includes(spec.replicas))

/**
 * Those that grow first, and their pods are waited for before others go: nobody is to serve with fewer pods than all of the
 * traffic needs. What is to get nothing goes at once where another arm serves with half of its pods: it may be taken back
 * because it is bad. Which of the two it is, an arm that goes or one that is taken over from, cannot be told here.
 */
async function scaleAll(scaling: Scaling): Promise<void> {
  const { arms, units, where } = scaling
  const to = ({ arm }: Arm): number => units[arm] ?? 0
  const growing = arms.filter((one) => to(one) > one.object.spec.replicas)
  const shrinking = arms.filter((one) => to(one) < one.object.spec.replicas)
  const leaving = shrinking.filter((one) => to(one) === 0)
  // One that has grown before, by a write whose answer was lost, may still be without its pods.
  const serving = arms.filter((one) => to(one) > 0)
  for (const one of growing) await scale(one, to(one), scaling)
  const goes = leaving.length === shrinking.length
  const serves = serving.some((one) => 2 * one.object.status.readyReplicas >= to(one))
  const ready = await readyIn(serving, scaling, { goes, withinMs: goes && serves ? 0 : READY_WITHIN_MS })
  if (leaving.length > 0 && !serves && serving.length > 0 && ready === 0)
    throw new ProviderError(
      `${namesOf(serving)} has no ready pod after ${formatDuration(READY_WITHIN_MS)}; ${namesOf(shrinking)} was left as it is, for nobody else serves. See what keeps the pods from being ready`,
      { provider: where },
    )
  for (const one of shrinking) await scale(one, to(one), scaling)
}

const namesOf = (arms: readonly Arm[]): string => arms.map(({ name }) => name).join(' and ')

const scaleObject = kubernetesObject.extend({ spec: z.looseObject({ replicas: z.int().default(0) }) })
/** Writers of its status that come between, one after the other, before we give way. */
const TRIES = 5

/** By its scale alone; whoever has scaled it since it was read is not overwritten. */
async function scale(
  { arm, ref, object }: Arm,
  to: number,
  { cluster, arms, where, expected, signal }: Scaling,
): Promise<void> {
  const part: ObjectRef = { ...ref, part: 'scale' }
  for (let tries = 1; ; tries++) {
    const now = await cluster.read(ref, workloadObject, signal)
    if (!now) throw missing(where, cluster)
    if (now.spec.replicas !== object.spec.replicas)
      throw new Conflict(where, expected.weights, normalise({ ...unitsIn(arms), [arm]: now.spec.replicas }))
    const { resourceVersion } = now.metadata
    try {
      await cluster.patch(
        part,
        [
          { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
          { op: 'replace', path: '/spec/replicas', value: to },
        ],
        scaleObject,
        signal,
      )
      return
    } catch (error) {
      const mayBeStale = error instanceof ClusterRefused && (error.status === 409 || error.status === 422)
      if (!mayBeStale || tries === TRIES) throw error
    }
  }
}

/**
 * Waits until all pods of the arms are ready, or the time for that is over: then the next reading tells. Whoever has more
 * than was written to it, by whomever, has enough.
 * @param goes what is left alone meanwhile is to get nothing: a bad release is not kept on the traffic for want of pods
 * @returns how many are ready
 * @throws Undone when an arm does not have the replicas that were written; said only, when it is so again and others go
 */
async function readyIn(
  arms: readonly Arm[],
  scaling: Scaling,
  { goes, withinMs }: { goes: boolean; withinMs: number },
): Promise<number> {
  const { cluster, units, clock, log, signal, wasUndone, where } = scaling
  const to = ({ arm }: Arm): number => units[arm] ?? 0
  const until = clock.now().getTime() + withinMs
  for (;;) {
    const now = await Promise.all(arms.map(({ ref }) => cluster.read(ref, workloadObject, signal)))
    const lost = arms.filter((one, index) => (now[index]?.spec.replicas ?? 0) < to(one))
    const ready = now.map((object) => object?.status.readyReplicas ?? 0)
    const some = ready.reduce((sum, count) => sum + count, 0)
    // Shares do not show it once the others have gone: all of the traffic would be left to a part of its pods.
    if (lost.length > 0 && wasUndone && goes && some > 0) {
      log.warning(
        `${namesOf(lost)} does not keep the replicas that were written: something undoes it, and ${some} ready pods take all of the traffic`,
      )
      return some
    }
    if (lost.length > 0)
      throw new Undone(
        `${namesOf(lost)} does not have the replicas that were written, and no other workload was made smaller: something undoes it`,
        { provider: where, retryable: true },
      )
    const all = ready.every((count, index) => count >= (units[arms[index]?.arm ?? ''] ?? 0))
    if (all || clock.now().getTime() >= until) return some
    await clock.sleep(LOOK_MS, signal)
  }
}
