import { GateFailed, redact, type Ports, type PostResult } from '@deploy-actions/action-kit'
import { removeValuesFiles, type Observer, type Revision } from '@deploy-actions/helm'
import { putAllBack, toldOf, type Pinned } from './give-up'
import { liveSeams } from './live'
import { ownerOf, type AskLabels } from './owners'
import { partsOf } from './plan'
import { nameOf, openHelm, uncancelled, type Seams } from './session'
import { unfinishedOf, type Saved } from './state'

/** A Helm of main that was not killed with it may still be rolling back; how long it is waited for. */
const PATIENCE_MS = 90_000
const LOOK_MS = 5_000
/** A post has minutes, and the traffic is not waiting for it. */
const LIMITS = { settleMs: 60_000, stabiliseMs: 0, diagnosis: { logLines: 20, events: 10 } }

/** Finishes what main has begun: a run that was cancelled, or was lost between an upgrade and its verdict. */
export async function post(ports: Ports, seams?: Seams): Promise<PostResult> {
  await removeValuesFiles(ports.context.temp)
  const saved = unfinishedOf(ports)
  if (!saved) return undefined
  const { askLabels, observer } = seams ?? liveSeams(saved, ports, LIMITS)
  const ours: Pinned[] = []
  for (const one of saved.releases) {
    const helm = openHelm(saved, one, ports)
    const pinned = { helm, next: one.next, pin: { revision: one.revision, updated: one.updated } }
    if (await isOurs(pinned, ports, askLabels)) ours.push(pinned)
  }
  if (ours.length === 0) return { outcome: 'nothing-to-do', reason: 'nothing of this step was written' }
  const names = ours.map(({ helm }) => nameOf(helm.where)).join(', ')
  if (saved.onFailure === 'keep') {
    const reason = `this step did not end by itself, and ${names} is left as it is (on-failure: keep, or a transaction puts it back)`
    ports.log.warning(reason)
    return { outcome: 'kept', reason }
  }
  ports.log.warning(`what this step has left unfinished is put back: ${names}`)
  return putOursBack(ours, saved, ports, observer)
}

async function putOursBack(
  ours: readonly Pinned[],
  saved: Saved,
  ports: Ports,
  observer: Observer | undefined,
): Promise<PostResult> {
  const { writing, firstInstallFailure } = saved
  const secrets = [...ports.secrets.values(), ...(await partsOf(saved.valuesSecrets, ports.secrets))]
  const clean = (text: string): string => redact(text, secrets)
  for (const { helm } of ours) await untilStill(helm, ports)
  const results = await putAllBack(ours, { writing, firstInstallFailure, observer, clean }, ports.log)
  const reason = clean(toldOf(results))
  ports.evidence.facts({ wentBack: results.map(({ name, state, detail }) => ({ name, state, detail })) })
  ports.summary.add(`### Helm: finished at the end of the job\n\n${reason}`)
  if (results.some(({ state }) => state === 'not-back')) throw new GateFailed(reason)
  return { outcome: results.some(({ state }) => state === 'back') ? 'rolled-back' : 'kept', reason }
}

/** That the last revision is the one that this step has written, and nobody's since but a way back to what it found. */
async function isOurs(one: Pinned, ports: Ports, askLabels: AskLabels): Promise<boolean> {
  const { helm, next } = one
  const revisions = await helm.history(uncancelled())
  if ((revisions.at(-1)?.revision ?? 0) < next) return false
  const since = revisions.find((revision) => revision.revision > next && !isWayBack(revision, one))
  if (since) {
    ports.log.warning(
      `${nameOf(helm.where)} is at revision ${since.revision} by now, which this step has not written: it is left alone`,
    )
    return false
  }
  const labels = await askLabels(helm, next, uncancelled())
  const owner = await ownerOf(labels, next, ports.context, ports.github).catch(() => ({
    known: false as const,
  }))
  const mine = !owner.known || (owner.state === 'at-work' && owner.who.endsWith('(this very run)'))
  if (!mine)
    ports.log.warning(`revision ${next} of ${nameOf(helm.where)} is of ${owner.who}: it is left alone`)
  return mine
}

/** Source: helm, pkg/action/rollback.go: what it says of a rollback, and of one that has failed. */
const isWayBack = ({ status, description }: Revision, { pin }: Pinned): boolean =>
  description === `Rollback to ${pin.revision}` ||
  (status === 'failed' && description.startsWith('Rollback "'))

async function untilStill(helm: Pinned['helm'], { clock }: Ports): Promise<void> {
  const until = clock.realMs() + PATIENCE_MS
  const isRollingBack = async (): Promise<boolean> =>
    (await helm.history(uncancelled())).at(-1)?.status === 'pending-rollback'
  while (clock.realMs() < until && (await isRollingBack())) await clock.sleep(LOOK_MS, uncancelled())
}
