import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { GateFailed, ProviderError, retrying, type ProviderPorts } from '@deploy-actions/action-kit'
import {
  ClusterRefused,
  clusterOf,
  clusterOptions,
  kubernetesObject,
  objectName,
  type Cluster,
  type ObjectRef,
  type PatchStep,
} from '@deploy-actions/kubernetes'
import { defined, formatDuration, timeLimit } from '@deploy-actions/rollout'
import { deployer, done, failed, endingOf, type Deployed } from './deployer'
import { argoPoint } from './restore-point'

const options = z
  .strictObject({
    application: objectName.describe(
      'name of the Application for ${arm}, such as api-${arm}; it must be there',
    ),
    namespace: objectName.default('argocd').describe('namespace that the Application is in'),
    'helm-parameter': z
      .string()
      .min(1)
      .optional()
      .describe('parameter of the chart that gets the digest, such as image.digest; this or kustomize-image'),
    'kustomize-image': z
      .string()
      .regex(/^[^@=\s]+$/, 'is not an image without tag and digest')
      .optional()
      .describe('image whose digest Kustomize is told; this or helm-parameter'),
    'disable-auto-sync': z
      .boolean()
      .default(false)
      .describe(
        'switch automated sync off before the first release, and leave it off: with it on, Argo CD would undo what is put back. Without this, such an Application is refused',
      ),
    timeout: timeLimit.prefault('10m').describe('how long the sync and becoming healthy may take'),
    'restore-timeout': timeLimit.prefault('5m').describe('the same, when it is put back'),
    ...clusterOptions,
  })
  .refine(
    (given) => (given['helm-parameter'] === undefined) !== (given['kustomize-image'] === undefined),
    'say where the digest goes: helm-parameter or kustomize-image, one of the two',
  )
  .describe('an Application of Argo CD for each arm, which is told the digest and synced')
type Options = z.infer<typeof options>

const MINUTE_MS = 60_000
const POLL_MS = 3_000

const source = z.looseObject({
  helm: z
    .looseObject({
      parameters: z
        .array(z.looseObject({ name: z.string().default(''), value: z.string().default('') }))
        .default([]),
    })
    .optional(),
  kustomize: z.looseObject({ images: z.array(z.string()).default([]) }).optional(),
})
type Source = z.infer<typeof source>

/** Source: Argo CD 3.2, pkg/apis/application/v1alpha1/types.go. */
const application = kubernetesObject.extend({
  spec: z.looseObject({
    source: source.optional(),
    syncPolicy: z
      .looseObject({ automated: z.looseObject({ enabled: z.boolean().optional() }).nullish() })
      .nullish(),
  }),
  /** what is to be done; the controller takes it away when it begins */
  operation: z.unknown().optional(),
  status: z
    .looseObject({
      health: z.looseObject({ status: z.string().optional(), message: z.string().optional() }).prefault({}),
      reconciledAt: z.string().optional(),
      operationState: z
        .looseObject({
          phase: z.string(),
          message: z.string().optional(),
          finishedAt: z.string().nullish(),
          operation: z.looseObject({
            info: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
          }),
        })
        .optional(),
      history: z
        .array(z.looseObject({ id: z.int(), revision: z.string().default(''), source: source.optional() }))
        .default([]),
      summary: z.looseObject({ images: z.array(z.string()).default([]) }).prefault({}),
      resources: z
        .array(
          z.looseObject({
            kind: z.string().default(''),
            name: z.string().default(''),
            health: z
              .looseObject({ status: z.string().optional(), message: z.string().optional() })
              .optional(),
          }),
        )
        .default([]),
    })
    .prefault({}),
})
type Application = z.infer<typeof application>

type SingleSource = Application & { spec: { source: Source } }

interface Acting {
  settings: Options
  cluster: Cluster
  ports: ProviderPorts
  signal: AbortSignal
}

export default deployer({
  options,
  point: argoPoint(),
  place: ['application', 'namespace'],
  worstCase: ({ timeout, 'restore-timeout': restore }) => ({
    snapshotMs: MINUTE_MS,
    deployMs: timeout + MINUTE_MS,
    restoreMs: restore + MINUTE_MS,
  }),
  // All that it needs is in the cluster.
  missing: async () => [],
  create(settings, ports, { canary }) {
    const open = clusterOf(settings, ports)
    const acting = async (signal: AbortSignal): Promise<Acting> => ({
      ...{ settings, ports, signal },
      cluster: await open(),
    })
    let digest: string | undefined
    return {
      snapshot: async (signal) => [{ ...(await snapshot(await acting(signal))), arm: canary }],
      async deploy(release, _, signal) {
        digest = release.digest
        return deploy(release.digest, await acting(signal)).catch(endingOf)
      },
      restore: async (point, signal) => restore(point, await acting(signal)),
      async verify(_, signal) {
        if (digest === undefined) return { state: 'unknown', detail: 'no digest was brought by this step' }
        const { status } = await mustRead(await acting(signal))
        return status.summary.images.some((image) => image.endsWith(`@${digest}`))
          ? { state: 'verified', detail: `Argo CD sees ${digest} among the images of its objects` }
          : { state: 'unverified', detail: `Argo CD sees no object with ${digest}` }
      },
    }
  },
})

const refOf = ({ application: of, namespace }: Options): ObjectRef => ({
  ...{ apiVersion: 'argoproj.io/v1alpha1', plural: 'applications', namespace, name: of },
})

/** @throws GateFailed where it is not there or is of several sources */
async function mustRead({ settings, cluster, signal }: Acting): Promise<SingleSource> {
  const found = await cluster.read(refOf(settings), application, signal)
  if (found === undefined)
    throw new GateFailed(
      `Application ${settings.namespace}/${settings.application} is not in ${cluster.where}`,
    )
  const { source: one } = found.spec
  if (one === undefined)
    throw new GateFailed(
      `Application ${settings.application} has several sources (spec.sources): which of them gets the digest cannot be told; give it one`,
    )
  return { ...found, spec: { ...found.spec, source: one } }
}

/** Since Argo CD 3.1 it can be there and switched off. */
const isAutomated = ({ spec: { syncPolicy } }: Application): boolean =>
  syncPolicy?.automated !== null &&
  syncPolicy?.automated !== undefined &&
  syncPolicy.automated.enabled !== false

async function snapshot(acting: Acting) {
  const { settings } = acting
  const found = await mustRead(acting)
  if (isAutomated(found) && !settings['disable-auto-sync'])
    throw new GateFailed(
      `Application ${settings.application} syncs by itself, so what is put back would be undone at once; nothing was written. Switch its automated sync off, or say disable-auto-sync: true in deploy.argo-cd`,
    )
  const last = found.status.history.at(-1)
  if (last === undefined)
    throw new GateFailed(
      `Application ${settings.application} was never synced, so there is nothing to go back to; sync it once`,
    )
  return {
    kind: 'argo-cd' as const,
    name: settings.application,
    namespace: settings.namespace,
    history: last.id,
    revision: last.revision,
    ...defined({ override: overrideIn(found.spec.source, settings) }),
    images: found.status.summary.images.slice(0, 20),
  }
}

/** What the Application says of the image itself, beside what is in the repository; undefined where it says nothing. */
function overrideIn({ helm, kustomize }: Source, settings: Options): string | undefined {
  const { 'helm-parameter': parameter, 'kustomize-image': image } = settings
  return parameter === undefined
    ? kustomize?.images.find((one) => isOf(one, image ?? ''))
    : helm?.parameters.find((one) => one.name === parameter)?.value
}

/** `name`, `name:tag`, `name@digest`, `name=new@digest`. Source: Argo CD, KustomizeImage. */
const isOf = (image: string, wanted: string): boolean => image.split(/[=@]|:(?=[^/]*$)/)[0] === wanted

/** The source with that override, or without one. */
function overridden(from: Source, value: string | undefined, settings: Options): Source {
  const { 'helm-parameter': parameter, 'kustomize-image': image } = settings
  if (parameter !== undefined) {
    const others = (from.helm?.parameters ?? []).filter((one) => one.name !== parameter)
    const own = value === undefined ? [] : [{ name: parameter, value, forceString: true }]
    return { ...from, helm: { ...from.helm, parameters: [...others, ...own] } }
  }
  const others = (from.kustomize?.images ?? []).filter((one) => !isOf(one, image ?? ''))
  return {
    ...from,
    kustomize: { ...from.kustomize, images: [...others, ...(value === undefined ? [] : [value])] },
  }
}

async function deploy(digest: string, acting: Acting): Promise<Deployed> {
  const { settings } = acting
  const { 'kustomize-image': image, 'helm-parameter': parameter } = settings
  const override = image === undefined ? digest : `${image}@${digest}`
  const { id, off } = await begin(
    (found) => ({
      source: overridden(found.spec.source, override, settings),
      sync: {},
      off: isAutomated(found) && settings['disable-auto-sync'],
    }),
    acting,
  )
  const { failure, now } = await ended(id, settings.timeout, acting)
  if (failure !== undefined) return failed(failure)
  if (!now.status.summary.images.some((one) => one.endsWith(`@${digest}`)))
    return failed(
      `Application ${settings.application} was synced and is healthy, but no object of it has ${digest}: ${parameter === undefined ? 'its manifests have no image' : 'its chart does not use the parameter'} ${parameter ?? image}`,
    )
  const note = off ? '; its automated sync was switched off and stays off' : ''
  return done(`Application ${settings.application} was brought to ${digest}, synced and healthy${note}`)
}

type Point = z.infer<ReturnType<typeof argoPoint>>

/**
 * By its history, as `argocd app rollback` does it, and with the override that it had. What somebody has begun, such as a
 * run that was lost, and an API server that is away are waited for.
 */
async function restore(point: Point, acting: Acting): Promise<Deployed> {
  const { settings, ports, signal } = acting
  const { application: of, namespace, 'restore-timeout': withinMs } = settings
  if (point.name !== of || point.namespace !== namespace)
    throw new GateFailed(
      `it is of Application ${point.namespace}/${point.name}, and rollout.yml names ${namespace}/${of}`,
    )
  const until = ports.clock.now().getTime() + withinMs
  const id = await retrying(() => beginBack(point, acting), {
    ...{ clock: ports.clock, signal, idempotent: true, withinMs, longestWaitMs: POLL_MS },
    worthwhile: (error) => error instanceof Busy || (error instanceof ProviderError && error.retryable),
  })
  if (id === undefined)
    return done(`Application ${of} stands at deployment ${point.history}, as it was found`)
  const { failure, now } = await ended(id, Math.max(0, until - ports.clock.now().getTime()), acting)
  if (failure !== undefined) return failed(failure)
  const missing = point.images.filter((image) => !now.status.summary.images.includes(image))
  return missing.length === 0
    ? done(
        `Application ${of} is back at deployment ${point.history} (${point.revision.slice(0, 12)}), synced and healthy`,
      )
    : failed(
        `Application ${of} was rolled back to deployment ${point.history}, but runs without ${missing.join(', ')}`,
      )
}

/** @returns undefined where it stands as it was found; @throws GateFailed where it cannot be put back */
async function beginBack(point: Point, acting: Acting): Promise<string | undefined> {
  const { settings } = acting
  const { application: of } = settings
  const found = await mustRead(acting)
  if (isAutomated(found))
    throw new GateFailed(
      `Application ${of} syncs by itself, and would undo what is put back: switch its automated sync off, then restore again`,
    )
  const recorded = found.status.history.find(({ id }) => id === point.history)
  if (recorded?.source === undefined)
    throw new GateFailed(
      `Application ${of} no longer has deployment ${point.history} in its history (revisionHistoryLimit); sync it by hand to ${point.revision} with ${point.images.join(', ')}`,
    )
  if (stands(recorded, point, found, settings)) return undefined
  const sync = { revision: recorded.revision, source: recorded.source }
  const { id } = await begin(
    (now) => ({ source: overridden(now.spec.source, point.override, settings), sync, off: false }),
    acting,
  )
  return id
}

/**
 * What was synced last is what was found, be it that itself or what brought it back, and the override is as it was. A sync
 * that has failed is not in the history, and may have applied a part.
 */
function stands(
  recorded: Application['status']['history'][number],
  point: Point,
  now: SingleSource,
  settings: Options,
): boolean {
  const last = now.status.history.at(-1)
  return (
    now.operation === undefined &&
    (now.status.operationState?.phase ?? 'Succeeded') === 'Succeeded' &&
    last?.revision === recorded.revision &&
    isDeepStrictEqual(last.source, recorded.source) &&
    overrideIn(now.spec.source, settings) === point.override
  )
}

/** One operation at a time. */
class Busy extends GateFailed {}

interface Begun {
  source: Source
  sync: { revision?: string; source?: Source }
  /** automated sync is switched off with it */
  off: boolean
}

/**
 * Starts an operation, as Argo CD's own server does: by writing it into the Application. Whoever changed that meanwhile
 * is read first, since its controller writes into it, too.
 * Source: Argo CD 3.2, server/application/application.go, `Rollback`, and util/argo/argo.go, `SetAppOperation`.
 * @returns by what its outcome is told from that of any other, and whether automated sync was switched off
 * @throws GateFailed where another one is under way
 */
function begin(what: (found: SingleSource) => Begun, acting: Acting): Promise<{ id: string; off: boolean }> {
  const { settings, cluster, ports, signal } = acting
  const id = `${ports.variables['DEPLOY_CORRELATION_ID'] ?? 'deploy-actions'} ${ports.clock.now().toISOString()}`
  const attempt = async () => {
    const found = await mustRead(acting)
    if (found.operation !== undefined || found.status.operationState?.phase === 'Running')
      throw new Busy(
        `Application ${settings.application} is being synced by somebody else; nothing was written. Wait for that, or end it (argocd app terminate-op ${settings.application})`,
      )
    const { source: wanted, sync, off } = what(found)
    const operation = {
      initiatedBy: { username: 'deploy-actions' },
      info: [{ name: 'deploy-actions', value: id }],
      sync: { ...sync, syncStrategy: { apply: {} } },
    }
    const steps: PatchStep[] = [
      { op: 'test', path: '/metadata/resourceVersion', value: found.metadata.resourceVersion },
      { op: 'replace', path: '/spec/source', value: wanted },
      ...(off ? [{ op: 'remove' as const, path: '/spec/syncPolicy/automated' }] : []),
      { op: 'add', path: '/operation', value: operation },
    ]
    await cluster.patch(refOf(settings), steps, application, signal)
    return { id, off }
  }
  return retrying(attempt, {
    ...{ clock: ports.clock, signal, idempotent: true, attempts: 5, firstWaitMs: 500 },
    worthwhile: (error) => error instanceof ClusterRefused && error.reason === 'Invalid',
  })
}

interface Ended {
  /** undefined when it succeeded and the Application is healthy */
  failure?: string
  now: Application
}

/** Each change is told as it happens. */
async function ended(id: string, timeoutMs: number, acting: Acting): Promise<Ended> {
  const { settings, ports, signal } = acting
  const deadline = ports.clock.now().getTime() + timeoutMs
  let told = ''
  for (;;) {
    const left = Math.max(0, deadline - ports.clock.now().getTime())
    const now = await retrying(() => mustRead(acting), {
      ...{ clock: ports.clock, signal, idempotent: true, withinMs: left, longestWaitMs: POLL_MS },
    })
    const { state, detail } = judged(id, now)
    const line = `Application ${settings.application}: ${detail}`
    if (line !== told) ports.log.info(line)
    told = line
    if (state === 'done') return { now }
    if (state === 'failed') return { now, failure: line }
    if (ports.clock.now().getTime() >= deadline)
      return { now, failure: `${line}, after ${formatDuration(timeoutMs)}` }
    await ports.clock.sleep(POLL_MS, signal)
  }
}

function judged(
  id: string,
  { operation, status }: Application,
): { state: 'done' | 'going' | 'failed'; detail: string } {
  const { operationState: is, health, reconciledAt } = status
  const isOurs = is?.operation.info?.some(({ value }) => value === id) ?? false
  if (operation !== undefined || !isOurs)
    return { state: 'going', detail: 'Argo CD has not begun to sync it' }
  if (is?.phase === 'Running' || is?.phase === 'Terminating')
    return { state: 'going', detail: `its sync is ${is.phase}` }
  if (is?.phase !== 'Succeeded')
    return { state: 'failed', detail: `its sync ended with ${is?.phase}: ${oneLine(is?.message)}` }
  // What it says of health may be of before the sync.
  const isFresh = Date.parse(reconciledAt ?? '') >= Date.parse(is.finishedAt ?? '')
  if (!isFresh) return { state: 'going', detail: 'it is synced, and its health is not known yet' }
  if (health.status === 'Healthy') return { state: 'done', detail: 'it is synced and healthy' }
  const ill = status.resources.filter(
    (one) => one.health?.status !== undefined && one.health.status !== 'Healthy',
  )
  const why = ill
    .slice(0, 3)
    .map((one) => `${one.kind} ${one.name} ${one.health?.status}: ${oneLine(one.health?.message)}`)
  return {
    state: 'going',
    detail: `it is synced and ${health.status ?? 'of unknown health'}${why.length === 0 ? '' : ` (${why.join('; ')})`}`,
  }
}

const oneLine = (text = 'no more is said'): string => text.replace(/\s+/g, ' ').slice(0, 300)
