import { GateFailed, InputError, type Ports } from '@deploy-actions/action-kit'
import { whyArmGone, type Entry, type Ledger, type TransactionRecord } from '@deploy-actions/ledger'
import { defined, holdingStates } from '@deploy-actions/rollout'
import { findNamed, mustBeNewest, mustBeRestorable } from './find-record'
import type { Inputs } from './inputs'

/** A region of which nothing is taken back, although it was asked for. */
export interface Spared {
  region: string
  why: string
  /** another release serves there, which nobody asked to take back */
  isOther?: true
}

/** What a person wants to have taken back, as far as it can be. */
export interface Chosen {
  taken: Entry[]
  spared: Spared[]
}

/** What was found of each, as one. */
export const together = (parts: readonly Chosen[]): Chosen => ({
  taken: parts.flatMap(({ taken }) => taken),
  spared: parts.flatMap(({ spared }) => spared),
})

/** So many of a service's newest transactions are looked through: ten calls of GitHub's. */
export const LOOKED_THROUGH = 300

/** By its id. */
export const isNamed = ({ to }: Inputs): boolean => to !== 'open' && to !== 'previous'

/** The region as a tired person types it; undefined for all of them. */
const wantedRegion = ({ region = 'all' }: Inputs): string | undefined =>
  isAll(region) ? undefined : region.trim()

export const isAll = (region: string): boolean => region.trim().toLowerCase() === 'all'

/**
 * The transactions that a person wants to have taken back: the newest of a region, or that of all in which the release that
 * was brought last is the newest, or the one of an id.
 * @throws InputError when nothing goes by that name, or more than was meant does; GateFailed when it cannot be taken back
 */
export async function choose(ledger: Ledger, service: string, inputs: Inputs, ports: Ports): Promise<Chosen> {
  if (isNamed(inputs)) return chooseNamed(ledger, service, inputs)
  const region = wantedRegion(inputs)
  const newest = await ledger.find({
    ...defined({ environment: inputs.environment, region }),
    ...{ letIn: true, doubted: true, brought: true, each: true },
    ...{ depth: LOOKED_THROUGH, limit: LOOKED_THROUGH },
  })
  if (newest.length === 0) throw unknownRegion(service, region, inputs)
  if (region !== undefined && newest.length > 1) throw ambiguous(region, newest)
  const since = await askedAt(inputs, ports)
  // Neither what somebody has planted nor what came after the question is the one that is meant.
  const last = newest.find(
    ({ record, distrust }) => !record.weightsOnly && distrust === undefined && !isLater(record, since),
  )?.record.release.digest
  const judged = await Promise.all(
    newest.map(async (entry): Promise<Chosen> => {
      const { region } = entry.record
      const other = otherRelease(entry, last, inputs)
      if (other !== undefined) return { taken: [], spared: [{ region, why: other, isOther: true }] }
      const why = sparedFor(entry, since, inputs)
      if (why === undefined) return { taken: [entry], spared: servesOn(entry) }
      const below = entry.distrust === undefined ? '' : await underIt(ledger, entry.record)
      return { taken: [], spared: [{ region, why: `${why}${below}` }] }
    }),
  )
  return together(judged)
}

const unknownRegion = (service: string, region: string | undefined, { environment }: Inputs): InputError =>
  new InputError([
    {
      where: 'input `region`',
      message: `none of the newest ${LOOKED_THROUGH} transactions of ${service}${environment === undefined ? '' : ` in ${environment}`} is ${region === undefined ? 'believed' : `of ${region}`}; its regions are those of rollout.yml, and with \`environment\` those of that one alone are looked through`,
    },
  ])

const ambiguous = (region: string, newest: readonly Entry[]): InputError =>
  new InputError([
    {
      where: 'input `environment`',
      message: `is missing: ${region} is in several, and nothing was written: ${newest.map(({ record }) => `${record.environment} (${record.release.version})`).join(', ')}`,
    },
  ])

/**
 * When this was asked for, by GitHub's own time and whichever attempt this is: what was rolled out since is none of it.
 * Undefined where no GitHub is beside the ledger.
 */
async function askedAt({ ledger }: Inputs, { github, context }: Ports): Promise<string | undefined> {
  if (ledger !== 'github') return undefined
  const { created_at: createdAt } = await github.request<{ created_at: string }>(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
    { run_id: context.runId },
    { permission: 'actions: read' },
  )
  return createdAt
}

const isLater = ({ openedAt }: TransactionRecord, since: string | undefined): boolean =>
  since !== undefined && Date.parse(openedAt) > Date.parse(since)

/**
 * In all regions that is the release which was brought last, wherever it is the newest: where another one was, it has not
 * come, or something came since, and that is not to be taken back for it.
 */
const otherRelease = (
  { record: { release, weightsOnly }, note, distrust }: Entry,
  lastDigest: string | undefined,
  inputs: Inputs,
): string | undefined =>
  wantedRegion(inputs) === undefined &&
  !weightsOnly &&
  distrust === undefined &&
  release.digest !== lastDigest
    ? `it has ${release.version} (${note})`
    : undefined

/** Why the newest transaction of a target is not taken back; undefined when it is. */
function sparedFor(entry: Entry, since: string | undefined, { to }: Inputs): string | undefined {
  const { record, state, note, distrust } = entry
  const { id, release, run } = record
  if (distrust !== undefined) return `its newest transaction ${id} proves nothing: ${distrust}`
  if (isLater(record, since))
    return `${release.version} was brought there after this was asked for (${since ?? ''}); if that is to go, too, ask anew`
  const gone = whyArmGone(entry)
  if (gone !== undefined) return gone
  if (holdingStates.includes(state)) return undefined
  if (record.weightsOnly)
    return `${run.actor} has set its weights by hand since the last rollout (transaction ${id}); name what is to be taken back by its id`
  if (state === 'resolved')
    return `${id} is ${note}: a person has put it right, and what is there now is in no record`
  if (state === 'committed' && to === 'open')
    return `nothing is open there: ${id} is ${note}; \`to: previous\` takes ${release.version} back`
  return undefined
}

/** Where only the last part of a rollout is undone, the release is not. */
const servesOn = ({ record: { region, release, finishes } }: Entry): Spared[] =>
  finishes
    ? [
        {
          region,
          why: `${release.version} was being brought onto the old arm, too, and that alone is undone first: it serves on. Run this once more when that has ended, to take it back`,
        },
      ]
    : []

/** Where somebody has planted it, a person who knows that names the one below. */
async function underIt(ledger: Ledger, { environment }: TransactionRecord): Promise<string> {
  const [below] = await ledger.find({ environment, letIn: true, limit: 1 })
  return below
    ? `. If it is none of yours, take back the one under it (${below.record.release.version}) with \`to: ${below.record.id}\``
    : ''
}

/** One that is named, whatever became of it, unless something newer stands on its target. */
async function chooseNamed(ledger: Ledger, service: string, inputs: Inputs): Promise<Chosen> {
  const { to, environment } = inputs
  const entry = await findNamed({ service, environment, ledger }, to)
  const { id, region } = entry.record
  const wanted = wantedRegion(inputs)
  if (wanted !== undefined && wanted.toLowerCase() !== region.toLowerCase())
    throw new InputError([{ where: 'input `region`', message: `is ${wanted}, and ${id} is of ${region}` }])
  if (entry.distrust !== undefined)
    throw new GateFailed(`transaction ${id} proves nothing: ${entry.distrust}; nothing was written`)
  await mustBeNewest(ledger, entry)
  mustBeRestorable(entry)
  return { taken: [entry], spared: servesOn(entry) }
}
