import { GateFailed, InputError, messageOf, table, type Ports } from '@deploy-actions/action-kit'
import {
  holder,
  LEDGER_PATIENCE_MS,
  openLedger,
  unclosedTargets,
  type DueTarget,
  type Entry,
  type UnclosedTarget,
} from '@deploy-actions/ledger'
import { together, type Chosen } from './choose'
import { dueIn } from './due'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { isRestoring, runStatus } from './run-status'
import { restorable, targetOf, type Target } from './target'

const NOTHING: Chosen = { taken: [], spared: [] }
const spare = (region: string, why: string): Chosen => ({ taken: [], spared: [{ region, why }] })

/** Whoever plants more than that keeps the quota of the hour for the newest ones, and the sweeper is red. */
const LOOKED_AT = 100
/** So many are looked at side by side. */
const AT_ONCE = 8
const UNSEEN = spare(
  'what else was deployed',
  `there are more deployments of the last week (5,000), or more unclosed targets (${LOOKED_AT}), than are looked through: where somebody has planted them, delete them`,
)

async function inTurn<T, R>(all: readonly T[], one: (each: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let from = 0; from < all.length; from += AT_ONCE)
    done.push(...(await Promise.all(all.slice(from, from + AT_ONCE).map(one))))
  return done
}

/**
 * Finds what runs have left behind that are over: targets of any service which are not closed, and which nobody is at work
 * on any more. They are put back by the jobs that follow, each in the guard environment of its region. Where nothing is
 * left it is one query of GitHub's GraphQL.
 * @throws InputError without GitHub's ledger; GateFailed when something is left that no job can put back
 */
export async function sweep(inputs: Inputs, ports: Ports): Promise<Outputs> {
  if (inputs.ledger !== 'github')
    throw new InputError([
      { where: 'input `ledger`', message: 'is github for `mode: sweep`: runs end there' },
    ])
  const { owner, repo } = ports.context
  const unclosed = await unclosedTargets(ports.github, {
    ...{ owner, repo, now: ports.clock.now() },
    closely: inputs.since === undefined ? undefined : new Date(inputs.since),
  })
  const wanted = unclosed.targets.filter(
    ({ service }) => inputs.service === undefined || service === inputs.service,
  )
  const { taken, spared } = together([
    ...(unclosed.isWhole && wanted.length <= LOOKED_AT ? [] : [UNSEEN]),
    ...(await inTurn(wanted.slice(0, LOOKED_AT), (target) => leftBehind(target, inputs, ports))),
  ])
  for (const { region, why } of spared)
    ports.log.error(`${region} was left behind and is NOT put back: ${why}`)
  const old = await oldArms(unclosed.due, inputs, ports)
  const targets = taken.map((entry) => targetOf(entry, whyLeft(entry)))
  ports.evidence.facts({ targets, spared, ...old })
  const reason = [sentence(taken, spared), ...saidOf(old)].join('; ')
  if (taken.length === 0 && spared.length > 0)
    throw new GateFailed(reason, { outputs: { outcome: 'failed', reason, spared, ...old } })
  ports.log.info(reason)
  if (taken.length === 0) return { outcome: isEmpty(old) ? 'nothing-open' : 'found', reason, ...old }
  ports.summary.add(summary(taken))
  return { outcome: 'found', reason, targets, spared, ...old }
}

interface OldArms {
  'old-arms'?: Target[]
}
const isEmpty = ({ 'old-arms': old }: OldArms): boolean => old === undefined
const saidOf = ({ 'old-arms': old = [] }: OldArms): string[] =>
  old.map(({ service, region }) => `the old arm of ${service} in ${region} is due to go`)

/** What waits for nobody comes first: one that cannot be looked at is tried an hour later, and the log says why. */
async function oldArms(due: readonly DueTarget[], inputs: Inputs, ports: Ports): Promise<OldArms> {
  const wanted = due.filter(({ service }) => inputs.service === undefined || service === inputs.service)
  const { taken, spared } = together(
    await inTurn(wanted.slice(0, LOOKED_AT), (one) => dueIn(one, inputs, ports)),
  )
  for (const { region, why } of spared) ports.log.error(`the old arm of ${region} stays: ${why}`)
  return taken.length === 0
    ? {}
    : { 'old-arms': taken.map((entry) => targetOf(entry, 'its old arm is due to go')) }
}

/** What holds a target although nobody is at work on it. One that cannot be looked at keeps no other from it. */
async function leftBehind(
  { service, environment, movedTo }: UnclosedTarget,
  inputs: Inputs,
  ports: Ports,
): Promise<Chosen> {
  if (movedTo !== undefined)
    return spare(
      `${environment} of ${service}`,
      `somebody has moved a transaction of it to ${movedTo}, where it proves nothing; its run's guard restores it from what the run uploaded: run that again`,
    )
  try {
    const ledger = openLedger(inputs.ledger, service, ports, {
      trustedWorkflows: inputs['trusted-workflows'],
      patienceMs: LEDGER_PATIENCE_MS.plan,
    })
    const entry = await holder(ledger, environment)
    if (!entry) return NOTHING
    const { id, region } = entry.record
    const here = `${region} of ${service}`
    const live = await runAtWork(entry, ports)
    if (live !== undefined) {
      ports.log.info(`${here}: run ${live} is at work on ${id}`)
      return NOTHING
    }
    if (entry.distrust !== undefined)
      return spare(
        here,
        `its transaction ${id} holds it and proves nothing: ${entry.distrust}. Where it is none of yours, delete its deployment`,
      )
    // Anybody can post a mark that holds: what was closed before is opened again by a person alone.
    if (entry.wasClosed && entry.state !== 'open')
      return spare(
        here,
        `${id} was closed before, and is ${entry.note || entry.state}: if it is to go, run the emergency rollback; if not, resolve it (mode: resolve)`,
      )
    return await restorable(ledger, { taken: [entry], spared: [] }, ports)
  } catch (error) {
    return spare(`${environment} of ${service}`, messageOf(error))
  }
}

/**
 * The run that opened it, or one of ours that says to restore it, while that goes on. Whoever posts a mark names any run;
 * an earlier attempt of this very one is over.
 */
async function runAtWork(
  { record, markedBy }: Entry,
  { github, context }: Ports,
): Promise<number | undefined> {
  const { id } = record.run
  if ((await runStatus(id, github)) !== 'completed') return id
  if (markedBy === undefined || markedBy === id || markedBy === context.runId) return undefined
  return (await isRestoring(markedBy, context, github)) ? markedBy : undefined
}

const whyLeft = ({ record, state }: Entry): string =>
  state === 'restore-failed'
    ? `run ${record.run.id} could not put it back`
    : `run ${record.run.id} has ended and left it ${state}`

function sentence(taken: readonly Entry[], spared: Chosen['spared']): string {
  if (taken.length === 0 && spared.length === 0) return 'no run that is over has left anything behind'
  return [
    ...spared.map(({ region, why }) => `${region} is NOT put back: ${why}`),
    ...taken.map(
      (entry) => `${entry.record.service} in ${entry.record.region} is put back: ${whyLeft(entry)}`,
    ),
  ].join('; ')
}

const summary = (taken: readonly Entry[]): string =>
  [
    '### Left behind, and being put back',
    '',
    table(
      ['Service', 'Region', 'Release', 'It was', 'Why', 'Transaction'],
      taken.map((entry) => [
        entry.record.service,
        entry.record.region,
        entry.record.release.version,
        entry.note || entry.state,
        whyLeft(entry),
        entry.record.id,
      ]),
    ),
  ].join('\n')
