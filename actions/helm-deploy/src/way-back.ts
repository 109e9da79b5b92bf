import { GateFailed } from '@deploy-actions/action-kit'
import {
  goBack,
  goodBefore,
  lastGood,
  readManifest,
  standsAt,
  unfinished,
  type HelmRelease,
  type Observation,
  type Revision,
} from '@deploy-actions/helm'
import { NOT_UNDONE } from './give-up'
import type { Outputs } from './outputs'
import type { ReleasePlan } from './plan'
import { report, type Brought } from './report'
import {
  clean,
  hideSecretsOf,
  lookedAt,
  nameOf,
  openHelm,
  programOf,
  uncancelled,
  type Session,
} from './session'
import { mayBeWritten, recover } from './stuck'

/** Puts releases back to a revision that is told, or found in their history, in reverse order. */
export async function rollback(session: Session): Promise<Outputs> {
  const targets = []
  for (const plan of session.plan.releases) targets.push(await targetOf(session, plan))
  if (session.inputs['dry-run']) {
    const would = targets.map(({ plan, to, why }) => `${nameOf(plan)} to revision ${to.revision} (${why})`)
    return report(session, { outcome: 'would-write', reason: `would put back ${would.join(', ')}` }, [])
  }
  const details: string[] = []
  const observations: (Observation | undefined)[] = []
  let changed = false
  for (const { helm, to, now, why } of targets.toReversed()) {
    const went = await goBack(helm, { revision: to.revision }, session.writing, uncancelled())
    if (went.ended !== 'done') throw await failed(session, helm, { to, now }, went.detail)
    const revision = went.last?.revision ?? to.revision
    const seen = await session.observer?.verify({ helm, revision, exactly: true }, uncancelled())
    observations.push(seen)
    if (seen?.ok === false)
      throw await failed(session, helm, { to, now }, `${went.detail}, but ${seen.summary}`, true)
    details.push(`${went.detail} (${why})`)
    changed ||= went.changed
  }
  const reason = [details.join('; '), lookedAt(observations), ...(changed ? [NOT_UNDONE] : [])].join('; ')
  const brought = await Promise.all(targets.map(({ plan, helm, now }) => standing(plan, helm, now, changed)))
  const verified = observations.every((one) => one?.ok === true) ? { 'rollback-verified': true } : {}
  return report(session, { outcome: changed ? 'rolled-back' : 'nothing-to-do', reason, ...verified }, brought)
}

interface Target {
  plan: ReleasePlan
  helm: HelmRelease
  /** what runs */
  now: Revision | undefined
  to: Revision
  why: string
}

async function targetOf(session: Session, plan: ReleasePlan): Promise<Target> {
  const helm = openHelm(programOf(session), plan, session.ports)
  const revisions = await helm.history(session.ports.signal)
  await mayBeWritten(session, helm, revisions)
  const { revision } = session.inputs
  const now = lastGood(revisions)
  const found =
    revision === undefined ? foundTarget(revisions) : revisions.find((one) => one.revision === revision)
  if (found)
    return {
      ...{ plan, helm, now, to: found },
      why: revision === undefined ? 'the last good one, found in its history' : 'as the step says',
    }
  const kept = revisions.map((one) => `${one.revision} (${one.status})`).join(', ') || 'none'
  throw new GateFailed(
    `no-target: ${nameOf(plan)} has no ${revision === undefined ? 'good revision before what runs' : `revision ${revision}`}; it has ${kept}; deploy what is to run, by its digest`,
    { outputs: { 'failure-reason': 'no-target' } },
  )
}

/** What ran before what runs; where something was tried since, what runs. Never by arithmetic: the one before may have failed. */
const foundTarget = (revisions: readonly Revision[]): Revision | undefined =>
  standsAt(revisions.at(-1), revisions.at(-1)?.revision ?? 0) ? goodBefore(revisions) : lastGood(revisions)

async function failed(
  session: Session,
  helm: HelmRelease,
  { to, now }: Pick<Target, 'to' | 'now'>,
  detail: string,
  unverified = false,
): Promise<GateFailed> {
  await hideSecretsOf(session, helm, [to.revision, now?.revision])
  const reason = unverified ? 'rollback-unverified' : 'rollback-failed'
  const summary = clean(session, `${nameOf(helm.where)} to revision ${to.revision}: ${detail}`)
  return new GateFailed(
    `${reason}: ${summary}; its pods say why (kubectl describe), and the same step tries again`,
    {
      outputs: {
        ...{ 'failure-reason': reason, 'failure-summary': summary, 'rolled-back': unverified },
        ...(unverified && { 'rollback-verified': false }),
      },
    },
  )
}

/** Puts back what is pending since its Helm was killed; whoever is at work is left alone. */
export async function recoverAll(session: Session): Promise<Outputs> {
  const policy = session.inputs.stuck === 'recover' ? 'recover' : 'recover-own'
  const stuck = []
  const bad: string[] = []
  for (const plan of session.plan.releases) {
    const helm = openHelm(programOf(session), plan, session.ports)
    const revisions = await helm.history(session.ports.signal)
    if (unfinished(revisions)) {
      await mayBeWritten(session, helm, revisions, policy)
      stuck.push({ plan, helm, revisions })
    } else bad.push(...failedNow(plan, revisions))
  }
  const names = stuck.map(({ plan }) => nameOf(plan)).join(', ')
  if (stuck.length === 0 && bad.length > 0)
    throw new GateFailed(`nothing is pending, but ${bad.join('; ')}`, {
      outputs: { 'failure-reason': 'other' },
    })
  if (stuck.length === 0)
    return report(
      session,
      { outcome: 'nothing-to-do', reason: 'nothing is pending' },
      await standingAll(session),
    )
  if (session.inputs['dry-run'])
    return report(
      session,
      { outcome: 'would-write', reason: `would put back ${names}` },
      await standingAll(session),
    )
  const details: string[] = []
  const observations: (Observation | undefined)[] = []
  for (const { helm, revisions } of stuck.toReversed()) {
    details.push(await recover(session, helm, revisions))
    const last = (await helm.history(uncancelled())).at(-1)
    if (last)
      observations.push(
        await session.observer?.verify({ helm, revision: last.revision, exactly: true }, uncancelled()),
      )
  }
  const wrong = observations.find((one) => one?.ok === false)
  const reason = [
    ...details,
    wrong ? `but ${wrong.summary}` : lookedAt(observations),
    ...bad,
    NOT_UNDONE,
  ].join('; ')
  if (wrong) {
    for (const { helm, revisions } of stuck)
      await hideSecretsOf(session, helm, [lastGood(revisions)?.revision, revisions.at(-1)?.revision])
    throw new GateFailed(`rollback-unverified: ${clean(session, reason)}`, {
      outputs: { 'failure-reason': 'rollback-unverified' },
    })
  }
  return report(session, { outcome: 'recovered', reason }, await standingAll(session))
}

/** A release whose last revision failed is not pending, and may run parts of it: whoever asks for a recovery is told. */
function failedNow(plan: ReleasePlan, revisions: readonly Revision[]): string[] {
  const last = revisions.at(-1)
  if (last?.status !== 'failed') return []
  const good = lastGood(revisions)
  const next = good
    ? `mode: rollback with revision: ${good.revision} puts back what ran`
    : 'nothing ran before it: deploy again, or uninstall it'
  return [`${nameOf(plan)} failed at revision ${last.revision}, and parts of it may run: ${next}`]
}

/** What Helm has, without a write. */
export async function status(session: Session): Promise<Outputs> {
  const brought = await standingAll(session)
  const reason = brought.map(({ name, revision, status: is }) => `${name} is at revision ${revision} (${is})`)
  return report(session, { outcome: 'read', reason: reason.join('; ') }, brought)
}

const standingAll = (session: Session): Promise<Brought[]> =>
  Promise.all(
    session.plan.releases.map(async (plan) => {
      const helm = openHelm(programOf(session), plan, session.ports)
      const revisions = await helm.history(session.ports.signal)
      return standing(plan, helm, foundTarget(revisions), false)
    }),
  )

/** @param previous what is gone back to from here */
async function standing(
  plan: ReleasePlan,
  helm: HelmRelease,
  previous: Revision | undefined,
  changed: boolean,
): Promise<Brought> {
  const { signal } = new AbortController()
  const last = (await helm.history(signal)).at(-1)
  const [manifest, kept] = last
    ? await Promise.all([helm.manifestOf(last.revision, signal), helm.metadataOf(last.revision, signal)])
    : []
  return {
    ...{ name: nameOf(plan), release: plan.release, namespace: plan.namespace, changed },
    ...{ revision: last?.revision ?? 0, status: last?.status ?? 'not-installed' },
    ...{ previous: previous?.revision ?? 0, images: (await readManifest(manifest ?? '')).images },
    kept,
  }
}
