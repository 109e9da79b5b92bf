import { GateFailed } from '@deploy-actions/action-kit'
import { goBack, lastGood, unfinished, type HelmRelease, type Revision } from '@deploy-actions/helm'
import { formatDuration } from '@deploy-actions/rollout'
import { ownerOf, type Owner } from './owners'
import { clean, hideSecretsOf, nameOf, uncancelled, type Session } from './session'

const FIVE_MINUTES_MS = 5 * 60_000

/**
 * Whether a release may be written: nobody is at work on it, or whoever was is known to be over and the step says that
 * this is enough. @throws GateFailed with whose it is and what to do
 */
export async function mayBeWritten(
  session: Session,
  helm: HelmRelease,
  revisions: readonly Revision[],
  policy = session.inputs.stuck,
): Promise<'free' | 'stuck'> {
  const last = unfinished(revisions)
  if (!last) return 'free'
  const { ports, askLabels, inputs } = session
  const labels = await askLabels(helm, last.revision, ports.signal)
  const owner = await ownerOf(labels, last.revision, ports.context, ports.github)
  const why = refusal(last, owner, {
    policy,
    afterMs: inputs['stuck-after'] ?? inputs.timeout + FIVE_MINUTES_MS,
    now: ports.clock.now(),
  })
  const name = nameOf(helm.where)
  if (why !== undefined)
    throw new GateFailed(
      `pending-operation: ${name} is ${last.status} (revision ${last.revision}): ${why}; nothing was written`,
      { outputs: { 'failure-reason': 'pending-operation', revision: last.revision, status: last.status } },
    )
  ports.log.warning(
    `${name} is ${last.status} (revision ${last.revision}) ${owner.known ? `since ${owner.who} is over` : 'of nobody that is known'}: it is put back`,
  )
  return 'stuck'
}

/** Why a pending revision is left alone; undefined when it may be put back. */
export function refusal(
  { status, updated }: Pick<Revision, 'status' | 'updated'>,
  owner: Owner,
  { policy, afterMs, now }: { policy: 'fail' | 'recover' | 'recover-own'; afterMs: number; now: Date },
): string | undefined {
  const whose = owner.known ? owner.who : 'nobody knows whose it is'
  if (status === 'uninstalling')
    return 'it is being uninstalled, or whoever did so was killed; finish that by hand (helm uninstall)'
  if (owner.known && owner.state === 'at-work') return `${whose} is still at work on it; wait for that run`
  if (policy === 'fail')
    return `${owner.known ? `it is of ${whose}` : whose}; make sure that nobody is at work on it, then let mode: recover put it back, or stuck: recover-own do so by itself`
  if (policy === 'recover-own' && !owner.known)
    return `${whose} (a rollback and other people's upgrades carry no labels of a run); make sure that nobody is at work on it, then use stuck: recover`
  if (owner.known && owner.state === 'unknown' && policy === 'recover-own')
    return `it is of ${whose}, which cannot be asked from here; make sure that it is over, then use stuck: recover`
  const since = Date.parse(updated)
  if (Number.isNaN(since))
    return 'Helm does not say since when, so how old it is cannot be told; roll it back by hand'
  const age = now.getTime() - since
  return age < afterMs
    ? `it is ${formatDuration(Math.max(0, age - (age % 1000)))} old, and ${formatDuration(afterMs)} is what stuck-after asks for; try again then`
    : undefined
}

/** Puts a stuck release back to what ran, or takes a first install away where the step says so. Gives what was done. */
export async function recover(
  session: Session,
  helm: HelmRelease,
  revisions: readonly Revision[],
): Promise<string> {
  const { inputs, writing } = session
  const good = lastGood(revisions)
  if (!good && inputs['first-install-failure'] !== 'uninstall')
    throw new GateFailed(
      `no-target: ${nameOf(helm.where)} was never installed: there is no revision to go back to; first-install-failure: uninstall takes what there is of it away`,
      { outputs: { 'failure-reason': 'no-target' } },
    )
  const pin = { revision: good?.revision ?? 0, updated: good?.updated || undefined }
  const { ended, detail, reason } = await goBack(helm, pin, writing, uncancelled())
  if (ended === 'done') return detail
  await hideSecretsOf(session, helm, [pin.revision, revisions.at(-1)?.revision])
  throw new GateFailed(
    `rollback-failed: ${nameOf(helm.where)} could not be put back: ${clean(session, detail)}; look at it with helm history, and at its pods`,
    { outputs: { 'failure-reason': reason === 'no-target' ? 'no-target' : 'rollback-failed' } },
  )
}
