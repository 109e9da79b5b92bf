import { messageOf, redact, type Ports } from '@deploy-actions/action-kit'
import {
  goBack,
  HistoryUnread,
  type FailureReason,
  type HelmRelease,
  type Observation,
  type Observer,
  secretsOf,
  type Pin,
  type WentBack,
  type Writing,
} from '@deploy-actions/helm'
import { lookedAt, nameOf, uncancelled } from './session'

/** A release whose way back is known, since before it was written. */
export interface Pinned {
  helm: HelmRelease
  pin: Pin
  /** the number that our upgrade gets */
  next: number
}

/** What became of a release that was to be put back. */
export interface PutBack {
  name: string
  /** nothing of ours was there; it was left as it is; it went back; it did not */
  state: 'untouched' | 'kept' | 'back' | 'not-back'
  detail: string
  reason?: FailureReason | undefined
  /** by whoever looks at live objects; undefined where nobody does */
  verified?: Observation | undefined
}

export interface Going {
  writing: Writing
  firstInstallFailure: 'keep' | 'uninstall'
  observer?: Observer | undefined
  /** takes secrets out of what Helm says */
  clean: (text: string) => string
}

/** Puts releases back, the last one first. One that does not go back keeps none of the others from it. */
export async function putAllBack(
  pinned: readonly Pinned[],
  going: Going,
  log: Ports['log'],
): Promise<PutBack[]> {
  const results: PutBack[] = []
  for (const one of pinned.toReversed()) {
    const told = await putBack(one, going).catch((error: unknown) => unable(one, going, error))
    const result = { ...told, detail: going.clean(await withoutSecrets(one, told)) }
    if (result.state === 'not-back') log.warning(`${result.name} is NOT back: ${result.detail}`)
    else log.info(`${result.name}: ${result.detail}`)
    results.push(result)
  }
  return results
}

/** What Helm and pods say of a way back that failed may be of Secrets, which are known by Helm alone. */
async function withoutSecrets(
  { helm, pin, next }: Pinned,
  { state, reason, detail }: PutBack,
): Promise<string> {
  if (state !== 'not-back' && reason === undefined) return detail
  const hidden = await secretsOf(helm, [pin.revision, next], uncancelled()).catch(() => [])
  return redact(detail, hidden)
}

/** It could not be put back, and may not have been asked to be. */
async function unable(one: Pinned, { firstInstallFailure }: Going, error: unknown): Promise<PutBack> {
  const detail = messageOf(error)
  const isUnread = error instanceof HistoryUnread
  if (isUnread && one.pin.revision === 0 && firstInstallFailure === 'keep')
    return {
      ...{ name: nameOf(one.helm.where), state: 'kept' },
      detail: `there was none before, so whatever was installed is left to be looked at (${detail})`,
    }
  return notBack(one, { detail, ...(isUnread && { reason: 'cluster-unreachable' }) })
}

async function putBack({ helm, pin, next }: Pinned, going: Going): Promise<PutBack> {
  const name = nameOf(helm.where)
  const last = (await helm.history(uncancelled())).at(-1)
  if ((last?.revision ?? 0) < next)
    return { name, state: 'untouched', detail: 'nothing of this step was written' }
  if (pin.revision === 0 && going.firstInstallFailure === 'keep')
    return {
      ...{ name, state: 'kept' },
      detail: `there was none before, so what was installed (revision ${last?.revision}, ${last?.status}) is left to be looked at; first-install-failure: uninstall would take it away`,
    }
  const went = await goBack(helm, pin, going.writing, uncancelled())
  if (went.ended !== 'done') return notBack({ helm, pin }, went)
  const verified =
    pin.revision === 0 ? undefined : await look(going.observer, helm, went.last?.revision ?? pin.revision)
  if (verified?.ok === false)
    return {
      name,
      state: 'back',
      detail: `${went.detail}, but ${verified.summary}`,
      reason: 'rollback-unverified',
      verified,
    }
  return { name, state: 'back', detail: went.detail, verified }
}

const look = async (
  observer: Observer | undefined,
  helm: HelmRelease,
  revision: number,
): Promise<Observation | undefined> => observer?.verify({ helm, revision, exactly: true }, uncancelled())

/** What stands now, and what to do, so that nobody has to find it out at night. */
async function notBack(
  { helm, pin }: Pick<Pinned, 'helm' | 'pin'>,
  { detail, reason: said }: Pick<WentBack, 'detail' | 'reason'>,
): Promise<PutBack> {
  const revisions = await helm.history(uncancelled()).catch(() => undefined)
  // Helm says of a cluster that it loses while it waits that its time is over.
  const reason = revisions === undefined ? 'cluster-unreachable' : said
  const last = revisions?.at(-1)
  const stands = last
    ? `it is ${last.status} now (revision ${last.revision})`
    : revisions
      ? 'it is not installed now'
      : 'what it is now is not known'
  return {
    ...{ name: nameOf(helm.where), state: 'not-back' },
    reason: reason === 'cluster-unreachable' ? reason : 'rollback-failed',
    detail: `${detail}; ${stands}; ${nextStep(helm, pin, reason)}`,
  }
}

function nextStep(
  { where: { release, namespace } }: HelmRelease,
  { revision }: Pin,
  reason?: FailureReason,
): string {
  if (reason === 'no-target')
    return `revision ${revision} is no longer kept (see history-max): deploy what is to run, by its digest`
  if (revision === 0)
    return `nothing ran before: helm uninstall ${release} --namespace ${namespace} takes away what there is, or deploy again`
  const again = `helm rollback ${release} ${revision} --namespace ${namespace}, or mode: rollback with revision: ${revision}`
  if (reason === 'ssa-conflict')
    return `somebody else manages those fields: leave them out of the chart, or let force-conflicts: true take them; then ${again}`
  // Its Helm may have left it pending.
  if (reason === 'cluster-unreachable') return `when the cluster answers: ${again} and stuck: recover-own`
  return `when its cause is gone: ${again}`
}

/** Nobody could be asked to put it back: whoever comes later may. */
export const isUnreachable = ({ state, reason }: PutBack): boolean =>
  state === 'not-back' && reason === 'cluster-unreachable'

/** Said wherever something went back: nobody else would. */
export const NOT_UNDONE = 'what hooks and migrations have done is not undone'

/** What became of all of them, in one sentence. */
export function toldOf(results: readonly PutBack[]): string {
  const touched = results.filter(({ state }) => state !== 'untouched')
  if (touched.length === 0) return 'nothing was written'
  const parts = touched.map(
    ({ name, state, detail }) => `${state === 'not-back' ? `${name} is NOT back: ` : ''}${detail}`,
  )
  const back = touched.some(({ state }) => state === 'back')
  const wentBack = touched.filter(({ state, reason }) => state === 'back' && reason === undefined)
  return [
    parts.join('; '),
    ...(wentBack.length > 0 ? [lookedAt(wentBack.map(({ verified }) => verified))] : []),
    ...(back ? [NOT_UNDONE] : []),
  ].join('; ')
}

/** That all that was written went back; undefined where nothing had to. */
export const rolledBack = (results: readonly PutBack[]): boolean =>
  results.some(({ state }) => state === 'back') &&
  results.every(({ state }) => state === 'back' || state === 'untouched')

/** Whether live objects are what they were put back to; undefined where nobody has looked. */
export function rollbackVerified(results: readonly PutBack[]): boolean | undefined {
  const looked = results.filter(({ state }) => state === 'back').map(({ verified }) => verified?.ok)
  return looked.length === 0 || looked.includes(undefined) ? undefined : looked.every((ok) => ok === true)
}
