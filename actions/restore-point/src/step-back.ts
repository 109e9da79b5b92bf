import { clockTime, escapeText, table, type Ports } from '@deploy-actions/action-kit'
import {
  defined,
  formatDuration,
  formatPercent,
  formatSteps,
  formatWeights,
  type StagedStep,
} from '@deploy-actions/rollout'
import { stepBack, type SteppedBack } from '@deploy-actions/traffic'
import {
  findJobTransaction,
  keptSteps,
  openRouter,
  restorePointsOf,
  saveJobTransaction,
  whyNotAlone,
  type RestoredPoint,
  type RestoreSettings,
} from '@deploy-actions/transaction'
import { promptLedger } from './find-record'
import type { Found } from './found'
import type { Inputs } from './inputs'

/**
 * Takes a committed release back in the steps that were kept of it, but for the last, where a person asks for that: what
 * is left, and whatever ended the steps before their time, is for the restore that follows. Until {@link stepsAreOver} the
 * posts of this job put the traffic back at once.
 * @returns what became of it, in words; undefined where nobody asked for steps
 * @throws the signal's reason once the run is cancelled: the steps that were taken are in the evidence
 */
export async function inSteps(
  found: Found,
  settings: RestoreSettings,
  inputs: Inputs,
  ports: Ports,
): Promise<string | undefined> {
  if (!inputs.staged) return undefined
  const steps = stepsFor(found, settings, ports.context.runId)
  if (typeof steps === 'string') return told({ taken: [], because: steps }, settings, ports)
  const { record, at } = found
  ports.log.info(
    `${record.id} is taken back in steps, by what ${settings.arms.canary} carries: ${formatSteps(steps)}`,
  )
  await saveJobTransaction(
    ports.context.temp,
    defined({ record, settings, ledger: inputs.ledger, at, state: 'going-back' as const }),
  )
  const ledger = promptLedger(inputs, record.service, ports)
  const taken: SteppedBack['taken'] = []
  ports.evidence.facts({ staged: { steps, taken } })
  const stepped = await stepBack(
    await openRouter(settings, ports),
    {
      ...{ arms: settings.arms, steps },
      whyNotAlone: () => whyNotAlone(ledger, record, ports),
      onTaken: (step) => void taken.push(step),
    },
    ports,
  )
  return told(stepped, settings, ports)
}

/** The steps of a release that was committed, or why it goes back at once. */
function stepsFor(
  { record, wasCommitted, state, markedBy }: Found,
  settings: RestoreSettings,
  ownRun: number,
): readonly StagedStep[] | string {
  if (record.weightsOnly) return 'its weights were set by hand, and no release is taken back'
  // Marked when this run began, and again since: by one that may have no time for steps.
  if (state === 'restoring' && markedBy !== undefined && markedBy !== ownRun)
    return `run ${markedBy} has ${record.id} put back meanwhile`
  if (!wasCommitted) return 'it was never committed, and what is open goes back at once'
  const [traffic, ...more] = restorePointsOf(record).filter(({ kind }) => kind === 'traffic')
  if (traffic?.kind !== 'traffic' || more.length > 0 || (traffic.weights[settings.arms.canary] ?? 0) > 0)
    return `its restore point leaves traffic with ${settings.arms.canary}, and steps that end without any do not lead there`
  return keptSteps(settings)
}

/** What became of the steps: said, put before people, and kept as evidence. */
function told({ taken, because }: SteppedBack, { arms: { canary } }: RestoreSettings, ports: Ports): string {
  const past = taken.map(({ weight, readAt }) => `${formatPercent(weight)} at ${clockTime(readAt)}`)
  const went = taken.length === 0 ? '' : `${canary} stepped back to ${past.join(', ')}`
  const rest = because === undefined ? '' : `${went ? 'then it goes' : 'it goes'} back at once: ${because}`
  const said = [went, rest].filter(Boolean).join('; ')
  if (because === undefined) ports.log.info(said)
  else ports.log.warning(`asked for in steps, and ${said}`)
  ports.evidence.facts({ staged: defined({ taken, because }) })
  ports.summary.add(
    [
      `### In steps${because === undefined ? '' : ', as far as they went'}`,
      '',
      `${escapeText(said)}.`,
      ...(taken.length > 0
        ? [
            '',
            table(
              [`${canary} is left with`, 'Read back', 'At', 'Watched'],
              taken.map(({ weight, weights, readAt, watchedMs }) => [
                formatPercent(weight),
                formatWeights(weights),
                clockTime(readAt),
                formatDuration(watchedMs - (watchedMs % 1_000)),
              ]),
            ),
          ]
        : []),
    ].join('\n'),
  )
  return said
}

/** Once the traffic is back, or somebody else's, nothing of it is left for the posts. */
export async function stepsAreOver(
  id: string,
  traffic: readonly RestoredPoint[],
  { context: { temp } }: Pick<Ports, 'context'>,
): Promise<void> {
  const kept = await findJobTransaction(temp, id)
  if (kept?.state === 'going-back' && traffic.every(({ kind, ok }) => kind !== 'traffic' || ok))
    await saveJobTransaction(temp, { ...kept, state: 'traffic-restored' })
}
