import { z } from 'zod'
import { messageOf, type ProviderPorts } from '@deploy-actions/action-kit'
import { withoutValues, type Cluster } from './cluster'
import { kubernetesObject } from './cluster'
import {
  isReadyPod,
  nameOfWorkload,
  podObject,
  readWorkload,
  type ContainerStatus,
  type PodObject,
  type Workload,
} from './workloads'
import { podsOf, type WorkloadPods } from './pods'

/** Why a workload does not become ready, in a word that programs can tell apart. */
export type WorkloadFailure =
  | 'image-pull'
  | 'oom-killed'
  | 'crash-loop'
  | 'config-error'
  | 'unschedulable'
  | 'quota'
  | 'admission'
  | 'probe-failing'
  | 'wait-timeout'

/** What was found. */
export interface Diagnosis {
  failure: WorkloadFailure
  /** one line for people, which begins with what Kubernetes calls it */
  line: string
  /** more, for a folded part of the log: other pods, events, the last lines of a container */
  details: string[]
}

export interface DiagnosisLimits {
  /** lines of a container's log; 0 asks for none */
  logLines: number
  events: number
  /** takes secrets out of what is told; a line is cut after that, or a part of one would be left */
  clean?: (text: string) => string
}

export const DEFAULT_LIMITS: DiagnosisLimits = { logLines: 50, events: 20 }

/** What is found out after this is not waited for: going back comes first. */
const BUDGET_MS = 30_000
/** A line of a log or of an event can be a whole document. */
const LINE_CHARACTERS = 500

/** A finding about one pod, or about the object that makes pods; the first of the order is the most telling. */
interface Finding {
  failure: WorkloadFailure
  /** `ImagePullBackOff: ghcr.io/x@sha256:... (manifest unknown)` */
  what: string
  pod?: string
  /** whose log says more, and whether the one before the last restart does */
  log?: { container: string; previous: boolean }
}

const ORDER: readonly WorkloadFailure[] = [
  ...(['quota', 'admission', 'image-pull', 'oom-killed', 'config-error', 'crash-loop'] as const),
  ...(['unschedulable', 'probe-failing', 'wait-timeout'] as const),
]

const event = kubernetesObject.extend({
  reason: z.string().optional(),
  message: z.string().default(''),
  involvedObject: z.looseObject({ kind: z.string().optional(), name: z.string().optional() }),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
  series: z.looseObject({ lastObservedTime: z.string().nullish() }).nullish(),
})
type Event = z.infer<typeof event>

/**
 * Says why a workload is not ready, from its pods, their events and logs, before anything is put back: a rollback takes
 * the pods with it. What may not be read (RBAC) or does not answer is said and left out. Never throws, but for a signal.
 */
export async function diagnose(
  cluster: Cluster,
  workload: Workload,
  ports: Pick<ProviderPorts, 'signal'>,
  limits: DiagnosisLimits = DEFAULT_LIMITS,
): Promise<Diagnosis> {
  const signal = AbortSignal.any([ports.signal, AbortSignal.timeout(BUDGET_MS)])
  const oneLine = lineOf(limits)
  const missing: string[] = []
  const orElse = async <T>(what: string, asked: Promise<T>, otherwise: T): Promise<T> =>
    asked.catch((error: unknown) => {
      ports.signal.throwIfAborted()
      missing.push(`${what}: ${messageOf(error)}`)
      return otherwise
    })
  const object = await orElse('why', readWorkload(cluster, workload, signal), undefined)
  if (object === undefined) {
    const line = `${nameOfWorkload(workload)} ${missing.length === 0 ? 'is not there' : 'could not be read'}`
    return { failure: 'wait-timeout', line, details: missing.map(oneLine) }
  }
  const none: WorkloadPods = { current: [], old: [], conditions: object.status.conditions }
  const [pods, events] = await Promise.all([
    orElse('its pods could not be read', podsOf(cluster, workload, object, signal), none),
    orElse('events could not be read', warningsOf(cluster, workload.namespace, signal), []),
  ])
  const desired = workload.kind === 'DaemonSet' ? object.status.desiredNumberScheduled : object.spec.replicas
  const names = new Set([
    ...pods.current.map(({ metadata }) => metadata.name),
    ...[workload.name, pods.maker],
  ])
  const own = events.filter(({ involvedObject: { name } }) => names.has(name))
  const findings = findingsOf(pods, own, desired)
  const first = findings[0] ?? { failure: 'wait-timeout' as const, what: 'not ready, and no pod says why' }
  const ready = pods.current.filter(isReadyPod).length
  const log = await orElse('its log could not be read', logOf(cluster, workload, first, limits, signal), [])
  return {
    failure: first.failure,
    line: oneLine(`${first.what} in ${nameOfWorkload(workload)}, ${ready}/${desired} ready`),
    details: [
      ...findings.slice(1).map(({ pod, what }) => `${pod ?? workload.name}: ${oneLine(what)}`),
      ...own
        .slice(0, limits.events)
        .map(({ reason, message, involvedObject }) =>
          oneLine(`${reason ?? 'Warning'} ${involvedObject.name}: ${withoutValues(message)}`),
        ),
      ...log,
      ...missing.map(oneLine).toSorted(),
    ],
  }
}

/** A Job, or a pod by itself: what runs once and ends. */
export interface Task {
  kind: 'Job' | 'Pod'
  namespace: string
  name: string
}

/**
 * Says why a task failed, or does not come to its end, from the newest of its pods that has not succeeded. Undefined where
 * there is none, or none that says why. @throws ClusterRefused, ProviderError, the signal's reason
 */
export async function diagnoseTask(
  cluster: Cluster,
  task: Task,
  ports: Pick<ProviderPorts, 'signal'>,
  limits: DiagnosisLimits = DEFAULT_LIMITS,
): Promise<Pick<Diagnosis, 'line' | 'details'> | undefined> {
  const { kind, namespace, name } = task
  const signal = AbortSignal.any([ports.signal, AbortSignal.timeout(BUDGET_MS)])
  const oneLine = lineOf(limits)
  const resource = { apiVersion: 'v1', plural: 'pods', namespace }
  // Source: Kubernetes, "Jobs": the label that the controller gives to the pods of a Job.
  const selected = kind === 'Job' ? { labels: `job-name=${name}` } : { fields: `metadata.name=${name}` }
  const [pods, events] = await Promise.all([
    cluster.list(resource, podObject, signal, selected),
    warningsOf(cluster, namespace, signal).catch(() => []),
  ])
  const bornAt = ({ metadata }: PodObject): string => metadata.creationTimestamp ?? ''
  const [finding] = pods
    .filter(({ status }) => status.phase !== 'Succeeded')
    .toSorted((one, other) => bornAt(other).localeCompare(bornAt(one)))
    .flatMap((pod) => findingOf(pod, events) ?? [])
  if (finding === undefined) return undefined
  const log = await logOf(cluster, task, finding, limits, signal).catch((error: unknown) => [
    oneLine(`its log could not be read: ${messageOf(error)}`),
  ])
  return { line: oneLine(`${finding.what} in ${kind} ${namespace}/${name}`), details: log }
}

/** Newest first. */
async function warningsOf(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<Event[]> {
  const resource = { apiVersion: 'v1', plural: 'events', namespace }
  const found = await cluster.list(resource, event, signal, { fields: 'type=Warning' })
  const at = ({ series, lastTimestamp, eventTime, metadata }: Event): string =>
    series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? ''
  return found.toSorted((one, other) => at(other).localeCompare(at(one)))
}

/** The most telling first, and of those alike one. */
function findingsOf(
  { current, conditions }: WorkloadPods,
  events: readonly Event[],
  desired: number,
): Finding[] {
  // An event is kept for an hour: where all pods are there, what has refused one is over.
  const failed = current.length < desired ? events.find(({ reason }) => reason === 'FailedCreate') : undefined
  const all = [
    ...refusedPods(conditions, failed),
    ...current.filter((pod) => !isReadyPod(pod)).flatMap((pod) => findingOf(pod, events) ?? []),
  ]
  const distinct = new Map(all.map((finding) => [finding.what, finding]))
  return [...distinct.values()].toSorted(
    (one, other) => ORDER.indexOf(one.failure) - ORDER.indexOf(other.failure),
  )
}

/** Pods that were never made: a quota, a webhook or a policy has refused them. */
function refusedPods(conditions: WorkloadPods['conditions'], failed: Event | undefined): Finding[] {
  const condition = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  // A StatefulSet and a DaemonSet have no such condition, but the event.
  const message = condition?.message ?? failed?.message
  if (message === undefined) return []
  const said = withoutValues(message)
  const isQuota =
    /exceeded quota|LimitRange|(maximum|minimum) (cpu|memory)|must specify (limits|requests)/i.test(said)
  return [{ failure: isQuota ? 'quota' : 'admission', what: `FailedCreate: ${said}` }]
}

function findingOf(pod: PodObject, events: readonly Event[]): Finding | undefined {
  const own = events.filter(({ involvedObject }) => involvedObject.name === pod.metadata.name)
  const { initContainerStatuses, containerStatuses, conditions, reason, message } = pod.status
  const named = (finding: Finding): Finding => ({ ...finding, pod: pod.metadata.name })
  if (reason !== undefined)
    return named({ failure: 'unschedulable', what: `${reason}: ${message ?? 'no more is said'}` })
  for (const status of [...initContainerStatuses, ...containerStatuses]) {
    const image = status.image || imageOf(pod, status.name)
    const found = brokenContainer(status, image, own)
    if (found) return named(found)
  }
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (unscheduled)
    return named({
      failure: 'unschedulable',
      what: `Unschedulable: ${unscheduled.message ?? 'no node takes it'}`,
    })
  const unmounted = own.find(({ reason: is }) => is === 'FailedMount' || is === 'FailedAttachVolume')
  if (unmounted)
    return named({
      failure: 'config-error',
      what: `${unmounted.reason}: ${withoutValues(unmounted.message)}`,
    })
  const unready = containerStatuses.find(({ ready, state }) => !ready && state.running)
  if (unready) {
    const probe =
      own.find(({ reason: is }) => is === 'Unhealthy')?.message ?? 'its readiness probe does not succeed'
    const log = { container: unready.name, previous: false }
    return named({
      failure: 'probe-failing',
      what: `Unhealthy: ${unready.name}: ${withoutValues(probe)}`,
      log,
    })
  }
  return undefined
}

const imageOf = ({ spec }: PodObject, name: string): string =>
  [...spec.initContainers, ...spec.containers].find((one) => one.name === name)?.image ?? ''

/** Source: Kubernetes, kubelet (pkg/kubelet/images/types.go, kuberuntime). */
const NO_IMAGE = new Set([
  ...['ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError'],
  ...['RegistryUnavailable', 'SignatureValidationFailed'],
])
const NOT_CONFIGURED = new Set([
  ...['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'PreCreateHookError'],
])

function brokenContainer(
  status: ContainerStatus,
  image: string,
  events: readonly Event[],
): Finding | undefined {
  const { name, state, lastState, restartCount } = status
  const reason = state.waiting?.reason ?? ''
  if (NO_IMAGE.has(reason)) {
    const why = pullError(events, state.waiting?.message)
    return { failure: 'image-pull', what: `${reason}: ${image}${why === undefined ? '' : ` (${why})`}` }
  }
  if (NOT_CONFIGURED.has(reason))
    return {
      failure: 'config-error',
      what: `${reason}: ${name}: ${withoutValues(state.waiting?.message ?? 'no more is said')}`,
    }
  const ended = state.terminated ?? (status.ready ? undefined : lastState.terminated)
  if (ended === undefined || (ended.exitCode === 0 && reason !== 'CrashLoopBackOff')) return undefined
  const log = { container: name, previous: state.terminated === undefined }
  const times = restartCount > 0 ? `, ${restartCount} restarts` : ''
  if (ended.reason === 'OOMKilled')
    return { failure: 'oom-killed', what: `OOMKilled: ${name} (exit code ${ended.exitCode}${times})`, log }
  if (/^(ContainerCannotRun|StartError)$/.test(ended.reason ?? ''))
    return {
      failure: 'config-error',
      what: `${ended.reason}: ${name}: ${withoutValues(ended.message ?? '')}`,
      log,
    }
  return {
    failure: 'crash-loop',
    what: `${reason || 'Error'}: ${name} (exit code ${ended.exitCode}${times})`,
    log,
  }
}

/** The registry's words are at the end of what the kubelet says. */
function pullError(events: readonly Event[], waiting: string | undefined): string | undefined {
  const failed = events.find(
    ({ reason, message }) => reason === 'Failed' && message.startsWith('Failed to pull image'),
  )
  const said = failed?.message ?? waiting
  const words = said?.split(/:\s+/).at(-1)?.trim()
  return words === undefined || words === '' || words.startsWith('Back-off pulling image') ? undefined : words
}

async function logOf(
  cluster: Cluster,
  { namespace }: Pick<Workload, 'namespace'>,
  { pod, log, failure }: Finding,
  limits: DiagnosisLimits,
  signal: AbortSignal,
): Promise<string[]> {
  const { logLines, clean = asItIs } = limits
  if (pod === undefined || log === undefined || logLines === 0) return []
  const { container, previous } = log
  const text = await cluster.logs({ namespace, name: pod, container }, { lines: logLines, previous }, signal)
  // All of it at once: to go through many secrets takes its time for each text.
  const lines = clean(text).trimEnd().split('\n').filter(Boolean)
  if (lines.length === 0)
    return [
      `${container} of ${pod} printed nothing before ${failure === 'probe-failing' ? 'now' : 'it ended'}`,
    ]
  return [
    `the last lines of ${container} of ${pod}${previous ? ' before it was started anew' : ''}:`,
    ...lines.map(cut),
  ]
}

const asItIs = (text: string): string => text

/** {@link cut}, without secrets. */
const lineOf =
  ({ clean = asItIs }: DiagnosisLimits) =>
  (text: string): string =>
    cut(clean(text))

/** In one line, without what a terminal would obey, and not longer than can be read. */
function cut(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
  return line.length <= LINE_CHARACTERS ? line : `${line.slice(0, LINE_CHARACTERS)}...`
}
