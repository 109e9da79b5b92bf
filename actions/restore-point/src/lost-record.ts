import { messageOf, retrying, type Ports } from '@deploy-actions/action-kit'
import { Flooded, type Ledger, type Upload } from '@deploy-actions/ledger'
import { defined, holdingStates } from '@deploy-actions/rollout'
import type { Found } from './found'

const LEDGER_UNPROVEN = 'whether the ledger holds all that it has opened is not known'

/**
 * What this run had opened in a region, and the ledger does not tell of: whoever may write deployments may delete one,
 * move it to another environment, or put so many others before it that it is not found. Then what the run uploaded is the
 * record.
 * @returns undefined where nothing is to be restored of it
 */
export async function lostRecord(ledger: Ledger, region: string, ports: Ports): Promise<Found | undefined> {
  const upload = newestOf(await uploadsUnlessDown(ledger, region, LEDGER_UNPROVEN, ports))
  if (!upload) return undefined
  const { id, environment } = upload.record
  const query = { id, environment, run: ports.context.runId, limit: 1 }
  const known = await ledger.find(query).catch(unlessFlooded)
  // Among many of its own run it may not have been found but by its id.
  if (known !== FLOODED && known[0]) return holdingStates.includes(known[0].state) ? known[0] : undefined
  const over = await whyOver(ledger, upload)
  if (over !== undefined) {
    ports.log.info(over)
    return undefined
  }
  if (known !== FLOODED) tellLost(upload, ports)
  const because = known === FLOODED ? 'flooded' : 'gone'
  return {
    record: upload.record,
    ...defined({ unread: upload.unread }),
    kept: { settings: upload.settings, because },
  }
}

const FLOODED = 'flooded'

/** @throws any other error again */
function unlessFlooded(error: unknown): typeof FLOODED {
  if (error instanceof Flooded) return FLOODED
  throw error
}

/** One lost answer is not to decide over a target. */
const UPLOADS_WITHIN_MS = 60_000

/**
 * None where they cannot be read for a minute, which is said: a target that is back needs none of them, and bad traffic
 * waits for nobody.
 * @param so what is not known then
 */
export async function uploadsUnlessDown(
  ledger: Ledger,
  region: string,
  so: string,
  { log, clock, signal }: Pick<Ports, 'log' | 'clock' | 'signal'>,
): Promise<Upload[]> {
  try {
    return await retrying(() => ledger.uploadedHere(region), {
      clock,
      signal,
      idempotent: true,
      withinMs: UPLOADS_WITHIN_MS,
    })
  } catch (error) {
    log.warning(`what this run has uploaded cannot be read, so ${so}: ${messageOf(error)}`)
    return []
  }
}

/** The one that was opened last. */
export const newestOf = (uploads: readonly Upload[]): Upload | undefined =>
  uploads.toSorted((a, b) => b.record.openedAt.localeCompare(a.record.openedAt))[0]

/** Why a transaction that the ledger does not know needs no restore; undefined where it does. */
export async function whyOver(ledger: Ledger, { record, states }: Upload): Promise<string | undefined> {
  const { id, environment, openedAt } = record
  const ended = states.find((one) => !holdingStates.includes(one))
  if (ended !== undefined) return `${id} is ${ended} by what its run uploaded`
  // A job that died before it could open what it had uploaded has written nothing, and others may have since.
  if (!states.includes('open')) return `${id} was never opened`
  // Whoever may delete a record may plant one, too; that was never let in by us.
  const latest = await ledger.find({ environment, letIn: true, limit: 1 }).catch(unlessFlooded)
  if (latest !== FLOODED && latest[0] && latest[0].record.openedAt > openedAt)
    return `${id} is not in the ledger any more, and ${latest[0].record.id} came after it`
  return undefined
}

/** As what it ended by the uploads of its run, where nothing is left to be done; a commit is proven by the router, too. */
export const endedAs = (states: Upload['states']): Upload['states'][number] | undefined =>
  states.find((one) => one !== 'committed' && !holdingStates.includes(one))

/** Says it as loudly as it can be said without failing the restore. */
export function tellLost(upload: Upload, { log, evidence }: Pick<Ports, 'log' | 'evidence'>): Upload {
  const { id, environment } = upload.record
  log.error(
    `this run opened ${id}, and the ledger does not hold it any more: somebody deleted its deployment, or moved it out of ${environment}. It is restored from what the run uploaded, and holds its target no more`,
  )
  evidence.facts({ recordLost: id })
  return upload
}
