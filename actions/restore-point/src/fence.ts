import { escapeText, GateFailed, InputError, table, type Ports } from '@deploy-actions/action-kit'
import {
  drillNote,
  LEDGER_PATIENCE_MS,
  openLedger,
  takenBackNote,
  whyArmGone,
  type Entry,
  type Ledger,
} from '@deploy-actions/ledger'
import { defined, formatWeights, holdingStates, type TransactionState } from '@deploy-actions/rollout'
import { weightsFound } from '@deploy-actions/transaction'
import { freeze } from './freeze'
import { choose, isNamed, together, type Chosen, type Spared } from './choose'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { restorable, targetOf } from './target'
import { markUnlessDown, mayFollow } from './tell-ledger'

/**
 * What a person at three in the morning begins with: finds what is to be taken back, in one region or in all, and marks
 * it, so that from now on nothing is written forward in it. The traffic is for the jobs that follow, each in the guard
 * environment of its region; what is back already they only prove.
 * @throws InputError when nothing goes by that name, GateFailed when nothing of what was asked for can be taken back
 */
export async function fence(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const { service, reason } = required(inputs)
  ports.evidence.about(defined({ service, environment: inputs.environment }))
  const ledger = openLedger(inputs.ledger, service, ports, {
    trustedWorkflows: inputs['trusted-workflows'],
    patienceMs: LEDGER_PATIENCE_MS.plan,
  })
  const chosen = await restorable(ledger, await choose(ledger, service, inputs, ports), ports)
  const dry = inputs['dry-run']
  const note = noteOf(reason, inputs, ports)
  const { taken, spared } = dry ? chosen : await mark(ledger, chosen, note, inputs, ports)
  for (const { region, why, isOther } of spared)
    if (isOther) ports.log.info(`${region} is left alone: ${why}`)
    else ports.log.error(`${region} is NOT taken back: ${why}`)
  const frozen = dry || inputs.freeze === undefined ? [] : await freeze(ledger, chosen, note, inputs, ports)
  const said = [sentence(taken, spared, service), ...frozen].join('; ')
  const targets = taken.map((entry) => targetOf(entry, note))
  ports.evidence.facts({ targets, spared })
  const outputs = { reason: said, targets, spared }
  if (taken.length === 0) throw new GateFailed(said, { outputs: { outcome: 'failed', ...outputs } })
  ports.log.info(dry ? `would do this: ${said}` : said)
  ports.summary.add(summary(taken, said, reason, inputs))
  return { outcome: dry ? 'would-fence' : 'fenced', ...outputs }
}

/** @throws InputError with everything that is missing */
function required(inputs: Inputs): { service: string; reason: string } {
  const { service, region, reason } = inputs
  const missing = Object.entries({ service, reason, ...(isNamed(inputs) ? {} : { region }) })
    .filter(([, value]) => value === undefined || value.trim() === '')
    .map(([key]) => ({ where: `input \`${key}\``, message: 'is missing; `mode: fence` needs it' }))
  if (missing.length > 0 || service === undefined || reason === undefined) throw new InputError(missing)
  return { service, reason }
}

const noteOf = (reason: string, { drill }: Inputs, { context: { actor } }: Ports): string =>
  drill ? drillNote(actor, reason) : takenBackNote(actor, reason)

/**
 * Each on its own: one that cannot be marked keeps no other from it, and its traffic is put back all the same. What is back
 * already is not opened again. What was committed between the look and the mark is marked from there, unless only what is
 * open was asked for.
 */
async function mark(
  ledger: Ledger,
  { taken, spared }: Chosen,
  note: string,
  { to }: Inputs,
  ports: Ports,
): Promise<Chosen> {
  const set = ({ record }: Entry, state: TransactionState): Promise<boolean> =>
    markUnlessDown(ledger, record, 'restoring', note, ports, mayFollow(state)).catch(() => false)
  const marked = await Promise.all(
    taken.map(async (entry): Promise<Chosen> => {
      const { record, state } = entry
      if (state === 'restored' || (await set(entry, state))) return { taken: [entry], spared: [] }
      const [now] = await ledger
        .find({ id: record.id, environment: record.environment, limit: 1 })
        .catch(() => [])
      if (now && to === 'open' && !holdingStates.includes(now.state))
        return { taken: [], spared: [{ region: record.region, why: `${record.id} is ${now.note} by now` }] }
      const gone = now && whyArmGone(now)
      if (gone !== undefined) return { taken: [], spared: [{ region: record.region, why: gone }] }
      if (!now || now.state === state || !(await set(entry, now.state)))
        ports.log.error(
          `${record.id} could not be marked: its rollout may go on writing until its run is stopped`,
        )
      return { taken: [now ?? entry], spared: [] }
    }),
  )
  return together([{ taken: [], spared }, ...marked])
}

/** What is given back, as far as the ledger tells. */
function backTo({ record }: Pick<Entry, 'record'>): string {
  const weights = weightsFound(record)
  const release = record.previous?.version ?? 'what was there before'
  return weights ? `${release} (${formatWeights(weights)})` : release
}

function sentence(taken: readonly Entry[], spared: readonly Spared[], service: string): string {
  const left = spared.map(
    ({ region, why, isOther }) => `${region} is ${isOther ? 'left alone' : 'NOT taken back'}: ${why}`,
  )
  const undone = taken.map(({ record, state, note }) =>
    record.finishes
      ? `that ${record.release.version} is brought onto the old arm of ${record.region}, too, is undone`
      : state === 'restored'
        ? `${record.release.version} is taken back already in ${record.region} (${note}), and its router is read again`
        : `${record.release.version} is taken back in ${record.region}, to ${backTo({ record })}`,
  )
  return `${service}: ${[...undone, ...left].join('; ')}`
}

/** The only summary of the run until its regions are done. */
const IN_STEPS =
  '**Not safe yet: it goes back in steps, where such were kept, and serves a part of its users until the job `traffic` of a region has ended. When it gets worse, run it again without `staged`: that wins at once.**'

function summary(
  taken: readonly Entry[],
  said: string,
  reason: string,
  { drill, staged, 'dry-run': dry }: Inputs,
): string {
  return [
    `### ${dry ? 'Would be taken back' : drill ? 'A drill: taken back' : 'Being taken back'}`,
    '',
    ...(staged ? [IN_STEPS, ''] : []),
    `${escapeText(said)}. Why: ${escapeText(reason)}.`,
    '',
    table(
      ['Region', 'Environment', 'Takes back', 'Gives the traffic to', 'It was', 'Transaction'],
      taken.map((entry) => [
        entry.record.region,
        entry.record.environment,
        entry.record.release.version,
        backTo(entry),
        entry.note || entry.state,
        entry.record.id,
      ]),
    ),
  ].join('\n')
}
