import { messageOf, type ProviderPorts } from '@deploy-actions/action-kit'
import {
  awaitRollouts,
  containersOf,
  diagnose,
  diagnoseTask,
  differencesFrom,
  manifestDiff,
  nameOfWorkload,
  objectsIn,
  podsOf,
  readWorkload,
  runningImages,
  workloadsIn,
  type Cluster,
  type DiagnosisLimits,
  type KubernetesObject,
  type ObjectChange,
  type RolloutState,
  type RunningImage,
  type Workload,
} from '@deploy-actions/kubernetes'
import { defined, formatDuration } from '@deploy-actions/rollout'
import type { FailureReason } from './failure'
import type { HelmRelease } from './release'

/** What live objects say of a release. */
export interface Observation {
  /** undefined where they could not be looked at */
  ok: boolean | undefined
  /** one line for people: what is so, what is not, or why it is not known */
  summary: string
  /** where it is not so */
  reason?: FailureReason
  /** more, for a folded part of the log: events, the last lines of a container */
  details?: readonly string[]
  /** for the evidence; secrets left out */
  facts?: Record<string, unknown>
  /** whether every container that is to run the digest was seen to; undefined where none was asked for */
  running?: boolean
}

/** Which revision of which release is looked at. */
export interface Watched {
  helm: HelmRelease
  /** default the last one */
  revision?: number
  /** that some of its containers have to run */
  digest?: string | undefined
  /** how Helm ended, where it has failed */
  failed?: { reason?: FailureReason; detail: string }
  /** every object has to be as the manifest says, and have nothing beside it: what a way back has to come to */
  exactly?: boolean
}

/** Looks at live objects, which Helm does not. */
export interface Observer {
  /** Whether all that the manifest of a revision names runs as it says. Throws nothing but the signal's reason. */
  verify(watched: Watched, signal: AbortSignal): Promise<Observation>
  /** Why what Helm has given up on is not ready; undefined where nothing is known. Throws nothing but the signal's reason. */
  diagnose(watched: Watched, signal: AbortSignal): Promise<Observation | undefined>
  /**
   * What an upgrade would change, object by object, held against those that live.
   * @param running revision that runs; undefined at a first install
   * @throws Error why it cannot be told; the signal's reason
   */
  changes(
    upgrade: { helm: HelmRelease; running: number | undefined; next: readonly KubernetesObject[] },
    signal: AbortSignal,
  ): Promise<ObjectChange[]>
}

export interface ObserverOptions {
  /** how long workloads may still take once Helm has called them ready: Helm 3 does so with replicas less maxUnavailable */
  settleMs: number
  /** how long no container may be started anew after that; 0 does not look */
  stabiliseMs?: number
  limits?: DiagnosisLimits
}

type ObserverPorts = Pick<ProviderPorts, 'clock' | 'log'>

export function observerOf(
  open: () => Promise<Cluster>,
  ports: ObserverPorts,
  options: ObserverOptions,
): Observer {
  const lookAt = async (watched: Watched, signal: AbortSignal): Promise<Look> => {
    const { helm, revision } = watched
    const objects = await objectsOf(helm, revision, signal)
    const cluster = await open()
    const workloads = workloadsIn(objects, helm.where.namespace)
    return { ...watched, cluster, objects, workloads, ports, options, signal }
  }
  const unlessUnknown = async <T>(
    signal: AbortSignal,
    look: () => Promise<T>,
    otherwise: (why: string) => T,
  ): Promise<T> =>
    look().catch((error: unknown) => {
      signal.throwIfAborted()
      return otherwise(messageOf(error))
    })
  return {
    verify: (watched, signal) =>
      unlessUnknown(
        signal,
        async () => verified(await lookAt(watched, signal)),
        (why) => ({
          ok: undefined,
          summary: `live objects could not be looked at: ${why}`,
        }),
      ),
    async changes({ helm, running, next }, signal) {
      const before = running === undefined ? [] : await objectsOf(helm, running, signal)
      return manifestDiff(await open(), { running: before, next, namespace: helm.where.namespace }, signal)
    },
    diagnose: (watched, signal) =>
      unlessUnknown<Observation | undefined>(
        signal,
        async () => diagnosed(await lookAt(watched, signal)),
        (why) => {
          ports.log.warning(`why it failed could not be found out: ${why}`)
          return undefined
        },
      ),
  }
}

/** @throws Error when Helm does not tell, or what it tells cannot be read */
async function objectsOf(
  helm: HelmRelease,
  revision: number | undefined,
  signal: AbortSignal,
): Promise<KubernetesObject[]> {
  const manifest = await helm.manifestOf(revision, signal)
  if (manifest !== undefined) return objectsIn(manifest)
  throw new Error(
    `Helm does not tell the manifest of ${helm.where.release}${revision === undefined ? '' : `, revision ${revision}`}`,
  )
}

interface Look extends Watched {
  cluster: Cluster
  objects: readonly KubernetesObject[]
  workloads: readonly Workload[]
  ports: ObserverPorts
  options: ObserverOptions
  signal: AbortSignal
}

async function verified(look: Look): Promise<Observation> {
  const { cluster, workloads, ports, options, signal } = look
  const states = await awaitRollouts(
    cluster,
    workloads,
    { clock: ports.clock, signal },
    {
      timeoutMs: options.settleMs,
      onChange: ({ workload, detail }) => ports.log.info(`${nameOfWorkload(workload)}: ${detail}`),
    },
  )
  const open = states.filter(({ state }) => state !== 'done')
  if (open.length > 0) return notReady(look, open)
  const unstable = await notStable(look)
  if (unstable !== undefined) return unstable
  const images = look.digest === undefined ? [] : await imagesOf(look, look.digest)
  const other = images.find(({ is }) => is === 'another')
  if (other)
    return {
      ...{ ok: false, reason: 'digest-not-running', facts: { images } },
      summary: `${other.container} of pod ${other.pod} runs ${other.running || other.image}, and not ${look.digest}`,
    }
  if (look.exactly === true) {
    const deviation = await deviationOf(look)
    if (deviation !== undefined) return { ok: false, reason: 'rollback-unverified', summary: deviation }
  }
  return {
    ok: true,
    summary: `${count(workloads.length, 'workload')} new and ready${saidOf(look, images)}`,
    ...(images.length > 0 && { facts: { images } }),
    ...(look.digest !== undefined && {
      running: images.length > 0 && images.every(({ is }) => is !== 'unknown'),
    }),
  }
}

const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? ' is' : 's are'}`

/** Only of what was looked at. */
function saidOf({ digest, exactly }: Look, images: readonly RunningImage[]): string {
  const by = (is: RunningImage['is']): number => images.filter((image) => image.is === is).length
  const parts = [
    ...(digest !== undefined && images.length === 0 ? [`no workload runs ${digest}`] : []),
    ...(by('exactly') > 0 ? [`${by('exactly')} containers run ${digest}`] : []),
    ...(by('by-index') > 0
      ? [`${by('by-index')} run the image of their platform in the index ${digest}`]
      : []),
    ...(by('unknown') > 0 ? [`of ${by('unknown')} no node says what they run`] : []),
    ...(exactly === true ? ['live objects are as the manifest says'] : []),
  ]
  return parts.map((part) => `, ${part}`).join('')
}

/** What is not ready, with the reason of the first whose pods give one. */
async function notReady(look: Look, open: readonly RolloutState[]): Promise<Observation> {
  const { cluster, signal, options } = look
  const after = open.every(({ state }) => state === 'going')
    ? ` after ${formatDuration(options.settleMs)}`
    : ''
  for (const { workload, state, detail } of open.slice(0, MANY)) {
    const found = await diagnose(cluster, workload, { signal }, options.limits)
    if (found.failure === 'wait-timeout' && state === 'going' && workload !== open.at(-1)?.workload) continue
    return {
      ok: false,
      reason: found.failure,
      summary: `${found.line} (${detail}${after})`,
      details: found.details,
    }
  }
  return {
    ok: false,
    reason: 'wait-timeout',
    summary: open.map(({ workload, detail }) => `${nameOfWorkload(workload)}: ${detail}`).join('; '),
  }
}

/** Workloads of a release whose pods are asked why they are not ready; each may take seconds. */
const MANY = 5

/** Undefined where no container was started anew for as long as is asked for. */
async function notStable(look: Look): Promise<Observation | undefined> {
  const {
    options: { stabiliseMs = 0, limits },
    ports,
    cluster,
    workloads,
    signal,
  } = look
  if (stabiliseMs === 0) return undefined
  const before = await restartsOf(look)
  await ports.clock.sleep(stabiliseMs, signal)
  const after = await restartsOf(look)
  const shaky = workloads.find((workload) => (after.get(workload) ?? 0) > (before.get(workload) ?? 0))
  if (shaky === undefined) return undefined
  const { failure, line, details } = await diagnose(cluster, shaky, { signal }, limits)
  return {
    ...{ ok: false, details, reason: failure === 'wait-timeout' ? 'crash-loop' : failure },
    summary: `containers of ${nameOfWorkload(shaky)} were started anew within ${formatDuration(stabiliseMs)} of being ready: ${line}`,
  }
}

async function restartsOf({ cluster, workloads, signal }: Look): Promise<Map<Workload, number>> {
  const counted = workloads.map(async (workload) => {
    const pods = await currentPods(cluster, workload, signal)
    const restarts = pods.flatMap(({ status }) =>
      status.containerStatuses.map(({ restartCount }) => restartCount),
    )
    return [workload, restarts.reduce((sum, one) => sum + one, 0)] as const
  })
  return new Map(await Promise.all(counted))
}

async function currentPods(cluster: Cluster, workload: Workload, signal: AbortSignal) {
  const object = await readWorkload(cluster, workload, signal)
  return object === undefined ? [] : (await podsOf(cluster, workload, object, signal)).current
}

/** What the containers run that the manifest asks to run the digest. */
async function imagesOf(
  { cluster, objects, workloads, helm, signal }: Look,
  digest: string,
): Promise<RunningImage[]> {
  const meant = (workload: Workload): Set<string> =>
    new Set(
      objects
        .filter(
          ({ kind, metadata }) =>
            kind === workload.kind &&
            metadata.name === workload.name &&
            (metadata.namespace ?? helm.where.namespace) === workload.namespace,
        )
        .flatMap(containersOf)
        .filter(({ image }) => image.includes(digest))
        .map(({ name }) => name),
    )
  const found = workloads.map(async (workload) => {
    const names = meant(workload)
    if (names.size === 0) return []
    return (await currentPods(cluster, workload, signal)).flatMap((pod) => runningImages(pod, digest, names))
  })
  return (await Promise.all(found)).flat()
}

/** The first object that is not as its manifest says, in words. Replicas are whoever's who scales. */
async function deviationOf({ cluster, objects, helm, signal }: Look): Promise<string | undefined> {
  const all = await differencesFrom(cluster, objects, helm.where.namespace, signal)
  const [first, ...more] = all.filter(({ detail }) => detail !== 'spec.replicas differs')
  if (first === undefined) return undefined
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  return `${first.object} is not as its manifest says: ${first.detail}${rest}`
}

async function diagnosed(look: Look): Promise<Observation | undefined> {
  const { cluster, workloads, ports, signal, failed } = look
  const hook = failed?.reason === 'hook-failed' ? await failedHook(look, failed.detail) : undefined
  if (hook !== undefined) return hook
  const states = await awaitRollouts(cluster, workloads, { clock: ports.clock, signal }, { timeoutMs: 0 })
  const open = states.filter(({ state }) => state !== 'done')
  if (open.length === 0) return undefined
  const { summary, ...rest } = await notReady({ ...look, options: { ...look.options, settleMs: 0 } }, open)
  return { ...defined(rest), ok: false, summary: summary.replace(/ after 0s\)$/, ')') }
}

/** The hooks that Helm speaks of: others may have failed in an earlier release, and been left. */
async function failedHook(look: Look, said: string): Promise<Observation | undefined> {
  const { cluster, helm, revision, signal, options } = look
  const [event] = /\b(pre|post)-(install|upgrade|rollback|delete)\b/.exec(said) ?? []
  const printed = event === undefined ? undefined : await helm.hooksOf(revision, signal)
  const hooks = (await objectsIn(printed ?? '')).filter(({ metadata }) =>
    (metadata.annotations?.['helm.sh/hook'] ?? '').split(/\s*,\s*/).includes(event ?? ''),
  )
  for (const { kind, metadata } of hooks.slice(0, MANY)) {
    if (kind !== 'Job' && kind !== 'Pod') continue
    const task = { kind, name: metadata.name, namespace: metadata.namespace ?? helm.where.namespace } as const
    const found = await diagnoseTask(cluster, task, { signal }, options.limits)
    if (found) return { ok: false, reason: 'hook-failed', summary: found.line, details: found.details }
  }
  return undefined
}
