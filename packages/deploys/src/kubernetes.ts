import { z } from 'zod'
import {
  Cancelled,
  GateFailed,
  messageOf,
  ProviderError,
  retrying,
  type ProviderPorts,
} from '@deploy-actions/action-kit'
import {
  awaitRollout,
  clusterOf,
  clusterOptions,
  configurationOf,
  currentRevision,
  diagnose,
  inTurns,
  isReadyPod,
  nameOfWorkload,
  objectName,
  podsOf,
  readWorkload,
  refOf,
  revisionsOf,
  runningImages,
  whatChanged,
  workloadObject,
  type Cluster,
  type PatchStep,
  type Revision,
  type RolloutState,
  type Workload,
  type WorkloadObject,
} from '@deploy-actions/kubernetes'
import { formatDuration, timeLimit } from '@deploy-actions/rollout'
import {
  deployer,
  done,
  failed,
  endingOf,
  type DeployableRelease,
  type Deployed,
  type Verified,
} from './deployer'
import { workloadPoint } from './restore-point'

const options = z
  .strictObject({
    kind: z
      .enum(['Deployment', 'StatefulSet', 'DaemonSet'])
      .default('Deployment')
      .describe('what keeps the pods running'),
    name: objectName.describe('name of the workload on ${arm}, such as api-${arm}; it must be there'),
    namespace: objectName.describe('namespace that it is in'),
    container: objectName
      .optional()
      .describe('container that gets the image; default the only one of the workload'),
    image: z
      .string()
      .regex(/^(?!.*@)[^\s:]+(:\d+\/[^\s:]+)?$/, 'is not an image without tag and digest')
      .optional()
      .describe(
        'image without tag and digest; default that of the release, else the one that the container has',
      ),
    replicas: z
      .int()
      .min(1)
      .optional()
      .describe(
        'how many pods the arm gets with a release; default as many as it has. Put back with the rest',
      ),
    timeout: timeLimit.prefault('10m').describe('how long its pods may take to be new and ready'),
    'restore-timeout': timeLimit.prefault('5m').describe('the same, when it is put back'),
    health: z
      .strictObject({
        port: z.int().min(1).max(65535),
        paths: z
          .array(z.string().regex(/^\/[^\s?#]*$/, 'is not a path such as /health/live'))
          .min(1)
          .default(['/health/live', '/health/ready']),
      })
      .optional()
      .describe(
        'paths that every pod must answer with 200 before it counts as put back, asked through the API server; default none',
      ),
    ...clusterOptions,
  })
  .describe('a Deployment, StatefulSet or DaemonSet for each arm, whose image is changed')
type Options = z.infer<typeof options>

const MINUTE_MS = 60_000

/** The path of a deployer's settings, and the cluster that they name. */
interface Acting {
  settings: Options
  workload: Workload
  cluster: Cluster
  ports: ProviderPorts
  signal: AbortSignal
}

export default deployer({
  options,
  point: workloadPoint(),
  place: ['name', 'namespace'],
  worstCase: ({ timeout, 'restore-timeout': restore }) => ({
    snapshotMs: MINUTE_MS,
    // Before and after it the cluster is asked, and why it failed is found out.
    deployMs: timeout + MINUTE_MS,
    restoreMs: restore + MINUTE_MS,
  }),
  // All that it needs is in the cluster.
  missing: async () => [],
  create(settings, ports, { canary }) {
    const open = clusterOf(settings, ports)
    const { kind, namespace } = settings
    const workload = { kind, namespace, name: settings.name }
    const acting = async (signal: AbortSignal): Promise<Acting> => ({
      ...{ settings, workload, ports, signal },
      cluster: await open(),
    })
    let digest: string | undefined
    return {
      snapshot: async (signal) => [{ ...(await snapshot(await acting(signal))), arm: canary }],
      async deploy(release, _, signal) {
        digest = release.digest
        return deploy(release, await acting(signal)).catch(endingOf)
      },
      restore: async (point, signal) => restore(point, await acting(signal)),
      verify: async (_, signal) =>
        digest === undefined
          ? { state: 'unknown', detail: 'no digest was brought by this step' }
          : verify(digest, await acting(signal)),
    }
  },
})

/** @throws GateFailed where it is not there: it has to be made with all that a manifest says, and not by a release */
async function mustRead({ workload, cluster, signal }: Acting): Promise<WorkloadObject> {
  const object = await readWorkload(cluster, workload, signal)
  if (object === undefined)
    throw new GateFailed(
      `${nameOfWorkload(workload)} is not in ${cluster.where}; create it for this arm first`,
    )
  return object
}

async function snapshot(acting: Acting) {
  const { workload, cluster, signal } = acting
  const { object, now } = await settled(acting)
  mustRollOut(object, workload)
  if (object.spec.revisionHistoryLimit === 0)
    throw new GateFailed(
      `${nameOfWorkload(workload)} keeps no template but the one that runs (revisionHistoryLimit: 0), so what runs could not be put back; nothing was written. Let it keep 2 or more`,
    )
  return {
    kind: 'workload' as const,
    of: workload.kind,
    name: workload.name,
    namespace: workload.namespace,
    uid: object.metadata.uid ?? '',
    revision: now.name,
    ...(workload.kind !== 'DaemonSet' && { replicas: object.spec.replicas }),
    images: imagesIn(object),
    configuration: await configurationOf(cluster, workload.namespace, now.template, signal),
  }
}

/** @throws GateFailed where a change of its template would replace no pod */
function mustRollOut({ spec }: WorkloadObject, workload: Workload): void {
  const why = spec.paused
    ? 'is paused: nothing is rolled out before somebody resumes it'
    : spec.updateStrategy?.type === 'OnDelete' &&
      'replaces its pods only when somebody deletes them (OnDelete)'
  if (why) throw new GateFailed(`${nameOfWorkload(workload)} ${why}; nothing was written`)
}

/** A controller sees a change within moments, so whoever has just made one is waited for. */
const settled = (acting: Acting): Promise<{ object: WorkloadObject; now: Revision }> =>
  retrying(() => found(acting), {
    ...{ clock: acting.ports.clock, signal: acting.signal, idempotent: true },
    ...{ withinMs: 10_000, firstWaitMs: 1_000 },
    worthwhile: (error) => error instanceof Unseen || isPassing(error),
  })

const isPassing = (error: unknown): boolean => error instanceof ProviderError && error.retryable

/** Which template runs cannot be told before the controller has made something of it. */
class Unseen extends GateFailed {}

async function found(acting: Acting): Promise<{ object: WorkloadObject; now: Revision }> {
  const { workload, cluster, signal } = acting
  const object = await mustRead(acting)
  const now = currentRevision(workload.kind, object, await revisionsOf(cluster, workload, object, signal))
  if (now) return { object, now }
  throw new Unseen(
    `which template ${nameOfWorkload(workload)} runs cannot be told: its controller has not seen its last change; nothing was written. Try again in a minute`,
  )
}

async function deploy(release: DeployableRelease, acting: Acting): Promise<Deployed> {
  const { workload, cluster, settings, signal } = acting
  const object = await mustRead(acting)
  mustRollOut(object, workload)
  const { containers } = object.spec.template.spec
  const index = settings.container
    ? containers.findIndex(({ name: of }) => of === settings.container)
    : containers.length - 1
  const container = containers[index]
  if (container === undefined || (settings.container === undefined && containers.length > 1))
    return failed(
      `${nameOfWorkload(workload)} has the containers ${containers.map(({ name: of }) => of).join(', ')}: say in deploy.kubernetes.container which of them gets the image; nothing was written`,
    )
  const replicas = settings.kind === 'DaemonSet' ? undefined : settings.replicas
  if (settings.kind !== 'DaemonSet' && (replicas ?? object.spec.replicas) === 0)
    return failed(
      `${nameOfWorkload(workload)} has no replicas, so nothing would run: scale it up, or say in deploy.kubernetes.replicas how many it gets; nothing was written`,
    )
  const image = `${settings.image ?? release.image ?? withoutVersion(container.image)}@${release.digest}`
  const path = `/spec/template/spec/containers/${index}`
  const steps: PatchStep[] = [
    // The API server has it as it was read, or nothing is written.
    { op: 'test', path: `${path}/name`, value: container.name },
    { op: 'test', path: `${path}/image`, value: container.image },
    { op: 'replace', path: `${path}/image`, value: image },
    ...(replicas === undefined ? [] : [{ op: 'replace' as const, path: '/spec/replicas', value: replicas }]),
  ]
  await cluster.patch(refOf(workload), steps, workloadObject, signal)
  const state = await rolledOut(acting, settings.timeout)
  if (state.state !== 'done') return whyNot(state, settings.timeout, acting)
  if (state.desired === 0)
    return failed(
      `${nameOfWorkload(workload)} asks for ${release.digest}, but has no pods, so nothing runs it: ${settings.kind === 'DaemonSet' ? 'no node is for it' : 'somebody has scaled it to 0'}`,
    )
  return done(`${nameOfWorkload(workload)} was brought to ${release.digest}: ${state.detail}`)
}

/** `ghcr.io/acme/shop:1.4@sha256:...` without what says which. */
const withoutVersion = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')

/** Each change is told as it happens. */
const rolledOut = ({ workload, cluster, ports, signal }: Acting, timeoutMs: number): Promise<RolloutState> =>
  awaitRollout(
    cluster,
    workload,
    { clock: ports.clock, signal },
    { timeoutMs, onChange: ({ detail }) => ports.log.info(`${nameOfWorkload(workload)}: ${detail}`) },
  )

async function whyNot(
  { detail, state }: RolloutState,
  timeoutMs: number,
  { workload, cluster, signal }: Acting,
): Promise<Deployed> {
  const { line, details, failure } = await diagnose(cluster, workload, { signal })
  const after = state === 'stuck' ? detail : `${detail} after ${formatDuration(timeoutMs)}`
  return { ...failed(`${line} (${after})`), facts: { failure }, output: details.join('\n') }
}

async function verify(digest: string, acting: Acting): Promise<Verified> {
  const { workload, cluster, signal } = acting
  try {
    const object = await mustRead(acting)
    const meant = object.spec.template.spec.containers.filter(({ image }) => image.endsWith(`@${digest}`))
    if (meant.length === 0)
      return {
        state: 'unverified',
        detail: `no container of ${nameOfWorkload(workload)} asks for ${digest} any more`,
      }
    const { current } = await podsOf(cluster, workload, object, signal)
    const names = new Set(meant.map(({ name: of }) => of))
    const images = current.flatMap((pod) => runningImages(pod, digest, names))
    const other = images.find(({ is }) => is === 'another')
    if (other)
      return {
        state: 'unverified',
        detail: `${other.container} of ${other.pod} runs ${other.running || other.image}, and not ${digest}`,
      }
    if (images.length === 0 || images.some(({ is }) => is === 'unknown'))
      return { state: 'unknown', detail: 'not every node says which image it runs' }
    return { state: 'verified', detail: `${images.length} containers run ${digest}` }
  } catch (error) {
    if (error instanceof Cancelled) throw error
    return { state: 'unverified', detail: messageOf(error) }
  }
}

type Point = z.infer<ReturnType<typeof workloadPoint>>

/**
 * By the template that was recorded, as `kubectl rollout undo` does it, then by its replicas, then it is looked at. An API
 * server that is away is waited for.
 */
async function restore(point: Point, acting: Acting): Promise<Deployed> {
  const { workload, settings, ports } = acting
  const { 'restore-timeout': withinMs } = settings
  const until = ports.clock.now().getTime() + withinMs
  const { recorded, wasBack } = await patiently(acting, withinMs, () => writeBack(point, acting))
  const state = await rolledOut(acting, Math.max(0, until - ports.clock.now().getTime()))
  if (state.state !== 'done') return whyNot(state, withinMs, acting)
  const { object, now } = await settled(acting)
  if (now.name !== recorded.name)
    return failed(
      `${nameOfWorkload(workload)} was put back to ${point.revision}, but somebody has changed its template since: it is to run ${imagesOf({ images: imagesIn(object) })}`,
    )
  const ill = await whoIsIll(acting)
  if (ill !== undefined) return failed(`${nameOfWorkload(workload)} is back at ${point.revision}, but ${ill}`)
  return done(
    `${nameOfWorkload(workload)} ${wasBack ? 'stands at' : 'is back at'} ${point.revision} (${imagesOf(point)}): ${state.detail}${await whatStays(point, acting)}`,
  )
}

/** What is looked at once it is back is waited for no longer than this. */
const LOOK_MS = 10_000

const patiently = <T>({ ports, signal }: Acting, withinMs: number, call: () => Promise<T>): Promise<T> =>
  retrying(call, { clock: ports.clock, signal, idempotent: true, withinMs })

/** @throws GateFailed where what was found is gone */
async function writeBack(
  point: Point,
  acting: Acting,
): Promise<{ recorded: Revision; /** nothing had to be written */ wasBack: boolean }> {
  const { workload, cluster, signal } = acting
  if (point.of !== workload.kind || point.name !== workload.name || point.namespace !== workload.namespace)
    throw new GateFailed(
      `it is of ${point.of} ${point.namespace}/${point.name}, and rollout.yml names ${nameOfWorkload(workload)}`,
    )
  const object = await mustRead(acting)
  if (object.metadata.uid !== point.uid)
    throw new GateFailed(
      `${nameOfWorkload(workload)} is not the one that was found: it was deleted and created anew, and its templates are gone. It ran ${imagesOf(point)}`,
    )
  const revisions = await revisionsOf(cluster, workload, object, signal)
  const recorded = revisions.find((one) => one.name === point.revision)
  if (recorded === undefined)
    throw new GateFailed(
      `${nameOfWorkload(workload)} no longer keeps the template ${point.revision} (revisionHistoryLimit); set its images by hand: ${imagesOf(point)}`,
    )
  return { recorded, wasBack: await putBack(point, recorded, object, { acting, revisions }) }
}

async function whatStays({ configuration }: Point, acting: Acting): Promise<string> {
  const { cluster, workload, signal } = acting
  const changed = await patiently(acting, LOOK_MS, () =>
    whatChanged(cluster, workload.namespace, configuration, signal),
  )
  return changed.length === 0 ? '' : `; not put back, for an undo does not: ${changed.join(', ')}`
}

const imagesIn = ({ spec }: WorkloadObject): Point['images'] =>
  Object.fromEntries(spec.template.spec.containers.map(({ name: of, image }) => [of, image]))

const imagesOf = ({ images }: Pick<Point, 'images'>): string =>
  Object.entries(images)
    .map(([container, image]) => `${container}: ${image}`)
    .join(', ')

/** @returns whether nothing had to be written */
async function putBack(
  point: Point,
  recorded: Revision,
  object: WorkloadObject,
  { acting, revisions }: { acting: Acting; revisions: readonly Revision[] },
): Promise<boolean> {
  const { workload, cluster, signal } = acting
  const now = currentRevision(workload.kind, object, revisions)
  const steps: PatchStep[] = []
  // While it is paused, no template but the one before has an object.
  if (now?.name !== recorded.name || object.spec.paused)
    steps.push({ op: 'replace', path: '/spec/template', value: recorded.template })
  const has = object.spec.replicas
  // More than there were may be an autoscaler's, unless a release brings its own number.
  const isOther =
    acting.settings.replicas === undefined ? has < (point.replicas ?? 0) : has !== point.replicas
  if (point.replicas !== undefined && isOther)
    steps.push({ op: 'replace', path: '/spec/replicas', value: point.replicas })
  if (steps.length > 0) await cluster.patch(refOf(workload), steps, workloadObject, signal)
  if (workload.kind === 'StatefulSet') await freeStatefulSet(recorded, object, acting)
  return steps.length === 0
}

/**
 * A StatefulSet waits for a pod that is never going to be ready before it replaces it by one of the template that is put
 * back, be that written now or by a restore that was cut off. Source: Kubernetes, "StatefulSets", "Forced rollback".
 */
async function freeStatefulSet(
  recorded: Revision,
  object: WorkloadObject,
  { workload, cluster, signal }: Acting,
): Promise<void> {
  const { current, old } = await podsOf(cluster, workload, object, signal)
  const kept = object.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  for (const pod of [...current, ...old]) {
    const { metadata } = pod
    const isBack = metadata.labels?.['controller-revision-hash'] === recorded.name
    const isKept = Number(metadata.name.split('-').at(-1)) < kept
    if (isReadyPod(pod) || isBack || isKept || metadata.uid === undefined) continue
    const ref = { apiVersion: 'v1', plural: 'pods', namespace: workload.namespace, name: metadata.name }
    await cluster.remove(ref, metadata.uid, signal)
  }
}

/** Pods come and go: one that does not answer is asked again for this long, as those that are there by then. */
const HEALTH_MS = 30_000
/** Pods that are asked at once. */
const AT_ONCE = 8

class Ill extends GateFailed {}

/** The first pod that does not answer one of its paths, in words; undefined where all do. */
async function whoIsIll(acting: Acting): Promise<string | undefined> {
  const { health } = acting.settings
  if (health === undefined) return undefined
  return retrying(() => askAll(health, acting), {
    ...{ clock: acting.ports.clock, signal: acting.signal, idempotent: true, withinMs: HEALTH_MS },
    worthwhile: (error) => error instanceof Ill || (error instanceof ProviderError && error.retryable),
  }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof Ill) return error.message
      throw error
    },
  )
}

async function askAll(
  { port, paths }: NonNullable<Options['health']>,
  { workload, cluster, signal }: Acting,
): Promise<void> {
  const object = await readWorkload(cluster, workload, signal)
  const { current } = object ? await podsOf(cluster, workload, object, signal) : { current: [] }
  await inTurns(current, AT_ONCE, async ({ metadata: { name: of } }) => {
    for (const path of paths) {
      const { status } = await cluster.askPod({ namespace: workload.namespace, name: of, port, path }, signal)
      if (status !== 200) throw new Ill(`${path} of ${of} answered ${status}`)
    }
  })
}
