import { InputError, withOutputs, type Ports } from '@deploy-actions/action-kit'
import { askMajor, HistoryUnread, type Major } from '@deploy-actions/helm'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { joinTransaction, mustBeOpen } from '@deploy-actions/transaction'
import { deploy } from './deploy'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { liveSeams } from './live'
import { planOf, type Plan } from './plan'
import { clean, limitsOf, programOf, writingOf, type Seams, type Session } from './session'
import { recoverAll, rollback, status } from './way-back'

const modes = { deploy, rollback, status, recover: recoverAll } satisfies Record<
  Inputs['mode'],
  (session: Session) => Promise<Outputs>
>

/** Brings a release of Helm, or several as one, or puts it back; what ran before is what a failure goes back to. */
export async function main(inputs: Inputs, ports: Ports, seams?: Seams): Promise<Outputs> {
  const plan = await planOf(inputs, ports)
  for (const part of plan.hidden) if (part.length >= SHORTEST_MASKED) ports.log.mask(part)
  const failing = await onFailureOf(inputs, plan, ports)
  const major = await askMajor(inputs.helm, { ...ports, workspace: ports.context.workspace }, ports.signal)
  mustFit(inputs, major)
  const limits = limitsOf(inputs, (text) => clean({ plan, ports }, text))
  const given = seams ?? liveSeams(programOf({ inputs, major }), ports, limits)
  const session = { ...given, ...failing, inputs, plan, ports, major, writing: writingOf(inputs) }
  return modes[inputs.mode](session).catch((error: unknown) => {
    throw error instanceof HistoryUnread ? withOutputs(error, { 'failure-reason': error.reason }) : error
  })
}

/** As the kit has it: shorter ones would blank ordinary words. */
const SHORTEST_MASKED = 6

/** @throws InputError for what this major does not have, rather than to leave it out */
function mustFit(inputs: Inputs, major: Major): void {
  const problems = []
  if (major === 3 && inputs['server-side'] !== 'auto')
    problems.push({
      where: 'input `server-side`',
      message: 'is for Helm 4, and this is Helm 3; leave it out',
    })
  if (major === 3 && inputs['force-conflicts'])
    problems.push({
      where: 'input `force-conflicts`',
      message: 'is for Helm 4, and this is Helm 3; leave it out',
    })
  if (major === 4 && inputs['force-conflicts'] && inputs['server-side'] === 'false')
    problems.push({
      where: 'input `force-conflicts`',
      message: 'needs the server to merge; leave server-side: false out',
    })
  if (major === 4 && inputs['post-renderer']?.includes('/'))
    problems.push({
      where: 'input `post-renderer`',
      message: 'is a script, and Helm 4 takes the name of a plugin of the type postrenderer/v1',
    })
  if (problems.length > 0) throw new InputError(problems)
}

/** Within a transaction that puts the release back, after the traffic, going back is not ours. */
async function onFailureOf(
  inputs: Inputs,
  { releases }: Plan,
  ports: Ports,
): Promise<Pick<Session, 'onFailure' | 'keptBecause'>> {
  const { transaction: id, mode } = inputs
  const onFailure = inputs['on-failure'] ?? 'rollback'
  if (id === undefined) return { onFailure }
  const where = 'input `transaction`'
  if (mode !== 'deploy') throw new InputError([{ where, message: 'is for mode: deploy; leave it out' }])
  const transaction = await joinTransaction(id, ports.context)
  const { record, ledger } = transaction
  if (!inputs['dry-run'])
    await mustBeOpen(
      openLedger(ledger, record.service, ports, { patienceMs: LEDGER_PATIENCE_MS.forward }),
      transaction,
    )
  ports.evidence.about({ service: record.service, environment: record.environment, transaction: id })
  const isCovered = releases.every(({ release, namespace }) =>
    record.restore.some(
      (point) => point.kind === 'helm' && point['name'] === release && point['namespace'] === namespace,
    ),
  )
  if (!isCovered) {
    ports.log.info(`${id} has no restore point of these releases: what fails here is put back here`)
    return { onFailure }
  }
  if (inputs['on-failure'] === 'rollback')
    throw new InputError([
      {
        where: 'input `on-failure`',
        message: `${id} puts this release back, after the traffic; leave it out`,
      },
    ])
  ports.log.info(`${id} puts these releases back: what fails here is left to it`)
  return {
    onFailure: 'keep',
    keptBecause: `the restore of transaction ${id} puts it back, after the traffic`,
  }
}
