import { join } from 'node:path'
import { Cancelled, fenced, GateFailed, messageOf, runUrl } from '@deploy-actions/action-kit'
import {
  lastGood,
  proofOf,
  unfinished,
  whoRuns,
  withValuesFiles,
  type FailureReason,
  type Observation,
  type Rendering,
  type RenderedManifest,
  type Revision,
  type Upgrade,
} from '@deploy-actions/helm'
import type { ObjectChange } from '@deploy-actions/kubernetes'
import { defined } from '@deploy-actions/rollout'
import { changeOutputs, tellChanges } from './changes'
import {
  isUnreachable,
  putAllBack,
  rollbackVerified,
  rolledBack,
  toldOf,
  type Pinned,
  type PutBack,
} from './give-up'
import type { Outputs } from './outputs'
import { ownLabels } from './owners'
import type { ReleasePlan } from './plan'
import { report, type Brought } from './report'
import { clean, lookedAt, nameOf, openHelm, programOf, type Session } from './session'
import { saveEnded, saveUnfinished } from './state'
import { mayBeWritten, recover } from './stuck'

/** A release that is about to be brought. */
interface Job extends Pinned {
  plan: ReleasePlan
  name: string
  /** revision that ran, undefined where there was none */
  good: Revision | undefined
  /** it is pending, and in a dry run stays so */
  isStuck: boolean
}

/** Why a release was not brought. */
interface Failure {
  reason: FailureReason
  /** one line, without secrets */
  summary: string
  output: string
}

/**
 * Brings releases in their order and puts all back as one: what to go back to is pinned, and what would be written is
 * rendered and proven, for every one of them before the first is written.
 */
export async function deploy(session: Session): Promise<Outputs> {
  const jobs: Job[] = []
  for (const plan of session.plan.releases) jobs.push(await pin(session, plan))
  const manifests: Manifests = new Map()
  const changes: (ObjectChange[] | undefined)[] = []
  for (const job of jobs) {
    const rendered = job.isStuck ? undefined : await prove(session, job)
    if (rendered) manifests.set(job, rendered.manifest)
    const of = { helm: job.helm, running: job.good?.revision }
    changes.push(rendered && (await tellChanges(session, of, rendered)))
  }
  const counts = changeOutputs(changes)
  if (session.inputs['dry-run']) return wouldBring(session, jobs, manifests, counts)
  save(session, jobs)
  const observations: (Observation | undefined)[] = []
  for (const [index, job] of jobs.entries()) {
    const { failure, seen } = await bring(session, job)
    observations.push(seen)
    if (failure) throw await giveUp(session, jobs.slice(0, index + 1), failure, manifests)
  }
  // From here on it is brought: what can no longer be read is no reason to take it back.
  saveEnded(session.ports)
  const brought = await allBrought(jobs, manifests).catch((error: unknown) => {
    session.ports.log.warning(`what Helm has now could not be read: ${messageOf(error)}`)
    return []
  })
  const told = jobs.map(
    ({ name, next, plan }) => `${name} is at revision ${next}${plan.digest ? ` with ${plan.digest}` : ''}`,
  )
  const reason = `${told.join('; ')}; ${lookedAt(observations)}`
  return report(session, { outcome: 'deployed', reason, ...counts }, brought)
}

type Manifests = Map<Job, RenderedManifest>

const allBrought = (jobs: readonly Job[], manifests: Manifests): Promise<Brought[]> =>
  Promise.all(jobs.map((job) => broughtOf(job, manifests.get(job))))

/** Helm renders nothing of what is pending, not even to be looked at. */
async function wouldBring(
  session: Session,
  jobs: readonly Job[],
  manifests: Manifests,
  counts: Partial<Outputs>,
): Promise<Outputs> {
  const names = jobs.map(({ name, next, isStuck }) =>
    isStuck
      ? `${name}, once it is put back: until then Helm renders nothing of it`
      : `${name} (revision ${next})`,
  )
  const reason = `would bring ${names.join(', ')}`
  return report(session, { outcome: 'would-write', reason, ...counts }, await allBrought(jobs, manifests))
}

/** The revision that runs, before anything else can be it. */
async function pin(session: Session, plan: ReleasePlan): Promise<Job> {
  const { ports } = session
  const helm = openHelm(programOf(session), plan, ports)
  let revisions = await helm.history(ports.signal)
  if (unfinished(revisions)) {
    await mayBeWritten(session, helm, revisions)
    if (session.inputs['dry-run'])
      ports.log.info(`would put ${nameOf(plan)} back, which is ${revisions.at(-1)?.status}`)
    else {
      ports.log.info(await recover(session, helm, revisions))
      revisions = await helm.history(ports.signal)
    }
  }
  const good = lastGood(revisions)
  const name = nameOf(plan)
  ports.log.info(
    good ? `${name}: revision ${good.revision} runs, and is gone back to` : `${name} is not installed`,
  )
  return {
    ...{ plan, name, helm, good, isStuck: unfinished(revisions) !== undefined },
    pin: { revision: good?.revision ?? 0, updated: good?.updated || undefined },
    next: (revisions.at(-1)?.revision ?? 0) + 1,
  }
}

/** Renders what would be written and proves that the approved digest is in it. @throws GateFailed; nothing was written */
async function prove(session: Session, job: Job): Promise<Rendering> {
  const { plan, helm, name } = job
  const rendered = await withUpgrade(session, job, async (upgrade) => {
    const byServer = await helm.render(upgrade, session.ports.signal)
    const knowsItsKinds = byServer.ended === 'done' || byServer.reason !== 'crd-missing'
    // They come with it, so the server cannot know them yet.
    return knowsItsKinds || session.inputs.crds === 'refuse' || job.good
      ? byServer
      : helm.template(upgrade, session.ports.signal)
  })
  if (rendered.ended === 'cancelled') throw new Cancelled(`${name}: ${rendered.detail}; nothing was written`)
  if (rendered.ended !== 'done') {
    const reason =
      rendered.reason === undefined || rendered.reason === 'other' ? 'render-failed' : rendered.reason
    throw refused(session, job, { reason, summary: rendered.detail, output: rendered.output })
  }
  const { manifest, secretValues } = rendered
  session.plan.hidden.push(...secretValues)
  if (session.inputs.crds === 'refuse' && manifest.definitions.length > 0)
    throw refused(session, job, {
      reason: 'crds-refused',
      summary: `the chart writes custom resource definitions (${manifest.definitions.join(', ')}), which hold for the whole cluster and take their objects with them when they go; crds: apply lets it`,
      output: '',
    })
  const unproven = plan.digest === undefined ? undefined : whyUnproven(plan, plan.digest, rendered)
  if (unproven !== undefined)
    throw refused(session, job, { reason: 'digest-not-rendered', summary: unproven, output: '' })
  return rendered
}

/** Undefined when the digest is where it has to be. */
function whyUnproven(
  { chart, set, image }: ReleasePlan,
  digest: string,
  { manifest, readAll }: Rendering,
): string | undefined {
  const proof = proofOf(manifest.images, digest, image)
  const all = readAll ? '' : ' in the last MiB of what it renders, all that is read'
  const named = manifest.images.map((one) => `${whoRuns(one)}: ${one.image}`).join(', ') || 'none'
  if (proof.with.length === 0)
    return `${chart?.chart} renders no image with ${digest}${all}: no template uses ${Object.keys(set).join(' or ')}, and something else would run; its images are ${named}`
  if (proof.without.length > 0)
    return `${chart?.chart} renders ${image} also without ${digest}, in ${proof.without.map((one) => `${whoRuns(one)}: ${one.image}`).join(', ')}: two versions would run`
  return undefined
}

/** Nothing was written, so nothing is put back. */
function refused(session: Session, { name, pin }: Job, { reason, summary, output }: Failure): GateFailed {
  const text = clean(session, `${name}: ${summary}`)
  session.ports.log.foreign(`What Helm said of ${name}`, clean(session, output))
  return new GateFailed(`${reason}: ${text}; nothing was written`, {
    outputs: { 'failure-reason': reason, 'failure-summary': text, 'previous-revision': pin.revision },
  })
}

/** Upgrades, and looks at what runs where somebody can; without a failure it is brought. */
async function bring(
  session: Session,
  job: Job,
): Promise<{ failure?: Failure; seen?: Observation | undefined }> {
  const { ports, observer } = session
  const { helm, plan, name, next } = job
  ports.log.info(`${name}: upgrade to revision ${next} begins`)
  const how = await withUpgrade(session, job, (upgrade) => helm.upgrade(upgrade, ports.signal))
  if (how.ended === 'cancelled') throw cancelled(session, job)
  const watched = { helm, revision: next, digest: plan.digest }
  const look = () =>
    how.ended === 'done'
      ? observer?.verify(watched, ports.signal)
      : observer?.diagnose({ ...watched, failed: how }, ports.signal)
  const seen = await Promise.resolve(look()).catch((error: unknown) => {
    if (ports.signal.aborted) throw cancelled(session, job)
    throw error
  })
  if (seen?.facts) ports.evidence.facts({ observed: seen.facts })
  if (ports.signal.aborted) throw cancelled(session, job)
  if (how.ended === 'done' && seen?.ok !== false) return { seen }
  const summary = seen ? `${seen.summary}${how.detail === '' ? '' : ` (${how.detail})`}` : how.detail
  return {
    seen,
    failure: {
      reason: seen?.reason ?? how.reason ?? 'other',
      summary: clean(session, `${name}: ${summary}`),
      output: clean(session, [...(seen?.details ?? []), how.output].join('\n').trim()),
    },
  }
}

function cancelled({ onFailure }: Session, { name, pin }: Job): Cancelled {
  const then = onFailure === 'rollback' ? 'it is put back at the end of the job' : 'it is left as it is'
  return new Cancelled(`${name}: helm was stopped because the run was cancelled; ${then}`, {
    outputs: { 'failure-reason': 'cancelled', 'previous-revision': pin.revision, 'rolled-back': false },
  })
}

/** Puts back what is to be put back, and says how it ended. */
async function giveUp(
  session: Session,
  jobs: readonly Job[],
  failure: Failure,
  manifests: Manifests,
): Promise<GateFailed> {
  const { ports, onFailure, observer, writing, inputs } = session
  const [failed] = jobs.slice(-1)
  ports.log.foreign(`What Helm said of ${failed?.name}`, failure.output)
  const results: PutBack[] =
    onFailure === 'keep'
      ? []
      : await putAllBack(
          jobs,
          {
            ...{ writing, observer, firstInstallFailure: inputs['first-install-failure'] },
            clean: (text) => clean(session, text),
          },
          ports.log,
        )
  const isLost = results.some(isUnreachable)
  if (!isLost) saveEnded(ports)
  // Helm 3 says of a cluster that was lost while it waited that its time was over.
  const cause = isLost && failure.reason === 'wait-timeout' ? 'cluster-unreachable' : failure.reason
  const done =
    onFailure === 'keep' ? (session.keptBecause ?? 'it is left as it is (on-failure: keep)') : toldOf(results)
  const notBack = results.find(({ state }) => state === 'not-back')
  const unverified = results.find(({ reason }) => reason === 'rollback-unverified')
  const reason = notBack ? 'rollback-failed' : (unverified?.reason ?? cause)
  const text = clean(
    session,
    `${cause}: ${failure.summary}; ${done}${isLost ? '; the end of the job tries once more' : ''}`,
  )
  const stands = failed && (await broughtOf(failed, manifests.get(failed)).catch(() => undefined))
  const told = { reason: text, 'failure-reason': reason, 'failure-summary': failure.summary }
  const more = { 'rolled-back': rolledBack(results), 'rollback-verified': rollbackVerified(results) }
  const outputs = report(session, { outcome: 'failed', ...told, ...defined(more) }, stands ? [stands] : [])
  ports.evidence.facts({ wentBack: results.map(({ name, state, detail }) => ({ name, state, detail })) })
  if (failure.output.trim() !== '') ports.summary.add(fenced(failure.output.slice(-4_000)))
  return new GateFailed(text, { outputs })
}

/** What the releases are now, as far as Helm tells. */
async function broughtOf(job: Job, manifest: RenderedManifest | undefined): Promise<Brought> {
  const { helm, good, plan, pin, name } = job
  const { signal } = new AbortController()
  const last = (await helm.history(signal)).at(-1)
  const kept = last && (await helm.metadataOf(last.revision, signal))
  const isNew = last !== undefined && last.revision >= job.next
  const changed = isNew ? await differs(job, last.revision, signal) : false
  return {
    ...{ name, release: plan.release, namespace: plan.namespace, previous: pin.revision, changed },
    ...{ digest: plan.digest, images: manifest?.images ?? [], before: good?.revision },
    ...{ revision: last?.revision ?? 0, status: last?.status ?? 'not-installed' },
    kept,
  }
}

/** Whether another manifest was written than ran before. Helm makes a revision of each upgrade, whatever is in it. */
async function differs({ helm, good }: Job, revision: number, signal: AbortSignal): Promise<boolean> {
  if (!good) return true
  const [was, is] = await Promise.all([
    helm.manifestOf(good.revision, signal),
    helm.manifestOf(revision, signal),
  ])
  return was === undefined || was !== is
}

function save(session: Session, jobs: readonly Job[]): void {
  const { ports, onFailure, writing, inputs, plan } = session
  saveUnfinished(ports, {
    ...defined(programOf(session)),
    ...{ writing, onFailure, firstInstallFailure: inputs['first-install-failure'] },
    valuesSecrets: plan.valuesSecrets,
    releases: jobs.map(({ plan: { release, namespace }, pin, next }) => ({
      ...{ release, namespace, next },
      ...defined({ revision: pin.revision, updated: pin.updated }),
    })),
  })
}

/** What Helm is told of an upgrade, with the values that it gets by files for as long as it runs. */
async function withUpgrade<T>(session: Session, job: Job, use: (upgrade: Upgrade) => Promise<T>): Promise<T> {
  const { ports, inputs, writing } = session
  const { context } = ports
  const { plan } = job
  const { chart, valuesFiles, valuesTexts, set } = plan
  return withValuesFiles(context.temp, valuesTexts, (files) =>
    use({
      ...writing,
      chart: chart ?? { chart: '' },
      valuesFiles: [...valuesFiles, ...files],
      set,
      createNamespace: inputs['create-namespace'],
      skipCrds: inputs.crds === 'refuse',
      takeOwnership: inputs['take-ownership'],
      labels: { ...inputs.labels, ...ownLabels(context, job.next) },
      description: inputs.description ?? `${plan.version ?? context.sha.slice(0, 7)} ${runUrl(context)}`,
      ...defined({ postRenderer: postRendererOf(session) }),
    }),
  )
}

const postRendererOf = ({
  inputs: { 'post-renderer': renderer },
  major,
  ports,
}: Session): string | undefined =>
  renderer === undefined || major === 4 ? renderer : join(ports.context.workspace, renderer)
