import { GateFailed, retrying, type ProviderPorts } from '@deploy-actions/action-kit'
import { defined, formatDuration } from '@deploy-actions/rollout'
import type { Cluster } from './cluster'
import { nameOfWorkload, readWorkload, type Workload, type WorkloadObject } from './workloads'

/** How far a workload is in bringing its template to all its pods. */
export interface RolloutState {
  workload: Workload
  /** pods that it should have */
  desired: number
  /** pods that are ready, of whatever template */
  ready: number
  /** `done`: all are of the current template and available; `stuck`: no waiting will help */
  state: 'done' | 'going' | 'stuck'
  /** why it is not done, in words */
  detail: string
  /** since when it is over its progressDeadlineSeconds, be that by this rollout or by the one before */
  lateSince?: string
}

/**
 * Whether all pods of a workload are of its template as it is now, available, and none is left of one before: stricter
 * than `helm --wait` of Helm 3, which is content with replicas less maxUnavailable.
 * Source: kubectl, `rollout status` (k8s.io/kubectl, pkg/polymorphichelpers), and Kubernetes, "Deployment status".
 */
export function rolloutOf(workload: Workload, object: WorkloadObject | undefined): RolloutState {
  if (object === undefined)
    return {
      workload,
      desired: 0,
      ready: 0,
      state: 'stuck',
      detail: `${nameOfWorkload(workload)} is not there`,
    }
  return { workload, ...judged(workload.kind, object) }
}

type Judged = Omit<RolloutState, 'workload'>

function judged(kind: Workload['kind'], object: WorkloadObject): Judged {
  const { metadata, spec, status } = object
  const isDaemon = kind === 'DaemonSet'
  const desired = isDaemon ? status.desiredNumberScheduled : spec.replicas
  const updated = isDaemon ? status.updatedNumberScheduled : status.updatedReplicas
  const available = isDaemon ? status.numberAvailable : status.availableReplicas
  const ready = isDaemon ? status.numberReady : status.readyReplicas
  const late = status.conditions.find(
    ({ type, status: is, reason }) =>
      type === 'Progressing' && is === 'False' && reason === 'ProgressDeadlineExceeded',
  )
  const lateSince = late?.lastUpdateTime ?? undefined
  const answer = (state: Judged['state'], detail: string): Judged => ({
    ...{ desired, ready, state, detail },
    ...defined({ lateSince }),
  })
  if (status.observedGeneration < (metadata.generation ?? 0))
    return answer('going', 'its controller has not seen the change yet')
  if (kind === 'Deployment' && spec.paused)
    return answer('stuck', 'it is paused: nothing is rolled out before somebody resumes it')
  if (kind !== 'Deployment' && spec.updateStrategy?.type === 'OnDelete' && updated < desired)
    return answer(
      'stuck',
      `its pods are replaced only when somebody deletes them (OnDelete): ${updated} of ${desired} are new`,
    )
  if (late) return answer('stuck', 'it made no progress within its progressDeadlineSeconds')
  const kept = kind === 'StatefulSet' ? (spec.updateStrategy?.rollingUpdate?.partition ?? 0) : 0
  const wanted = Math.max(0, desired - kept)
  if (updated < wanted) return answer('going', `${updated} of ${wanted} pods are new`)
  const total = isDaemon ? desired : status.replicas
  if (total > desired) return answer('going', `${total - desired} pods are left of before`)
  if (available < desired) return answer('going', `${ready} of ${desired} pods are ready`)
  return answer('done', `${desired} of ${desired} pods are new and ready`)
}

export interface RolloutWait {
  timeoutMs: number
  pollMs?: number
  /** called when what a workload shows has changed */
  onChange?(state: RolloutState): void
}

/**
 * Waits until all are done, one is stuck, or the time is over; the last states are given back, whatever they are.
 * @throws ClusterRefused, ProviderError where the cluster does not answer for as long as that; the signal's reason
 */
export async function awaitRollouts(
  cluster: Cluster,
  workloads: readonly Workload[],
  { clock, signal }: Pick<ProviderPorts, 'clock' | 'signal'>,
  { timeoutMs, pollMs = 2_000, onChange }: RolloutWait,
): Promise<RolloutState[]> {
  const deadline = clock.now().getTime() + timeoutMs
  const told = new Map<string, string>()
  let first: readonly RolloutState[] | undefined
  for (;;) {
    const left = Math.max(0, deadline - clock.now().getTime())
    const states = await retrying(() => statesOf(cluster, workloads, signal), {
      ...{ clock, signal, idempotent: true, withinMs: left, firstWaitMs: pollMs, longestWaitMs: pollMs },
    })
    for (const state of states) {
      const shown = `${state.state} ${state.detail}`
      const name = nameOfWorkload(state.workload)
      if (told.get(name) !== shown) onChange?.(state)
      told.set(name, shown)
    }
    const before = (first ??= states)
    const isOver =
      states.every(({ state }) => state === 'done') ||
      states.some((state, index) => isHopeless(state, before[index]?.lateSince))
    if (isOver || clock.now().getTime() >= deadline) return states
    await clock.sleep(pollMs, signal)
  }
}

/** A controller leaves it standing that the rollout before made no progress, until a pod of this one has come. */
const isHopeless = ({ state, lateSince }: RolloutState, lateBefore: string | undefined): boolean =>
  state === 'stuck' && (lateSince === undefined || lateSince !== lateBefore)

/** The same for one. */
export async function awaitRollout(
  cluster: Cluster,
  workload: Workload,
  ports: Pick<ProviderPorts, 'clock' | 'signal'>,
  wait: RolloutWait,
): Promise<RolloutState> {
  const [state] = await awaitRollouts(cluster, [workload], ports, wait)
  return state ?? rolloutOf(workload, undefined)
}

const statesOf = (
  cluster: Cluster,
  workloads: readonly Workload[],
  signal: AbortSignal,
): Promise<RolloutState[]> =>
  Promise.all(
    workloads.map(async (workload) => rolloutOf(workload, await readWorkload(cluster, workload, signal))),
  )

/** @throws GateFailed with what is not done, in words */
export function mustBeDone(states: readonly RolloutState[], timeoutMs: number): void {
  const open = states.filter(({ state }) => state !== 'done')
  if (open.length === 0) return
  const why = open.map(({ workload, detail }) => `${nameOfWorkload(workload)}: ${detail}`)
  const after = open.some(({ state }) => state === 'stuck') ? '' : ` after ${formatDuration(timeoutMs)}`
  throw new GateFailed(`not rolled out${after}: ${why.join('; ')}`)
}
