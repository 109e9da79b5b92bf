import { messageOf, type Ports } from '@deploy-actions/action-kit'
import { takenBy, type Entry, type Ledger } from '@deploy-actions/ledger'
import { keptSettings } from '@deploy-actions/transaction'
import { together, type Chosen } from './choose'

/** One transaction that is to be put back, for the jobs that do it: what restore-region.yml takes. */
export interface Target {
  transaction: string
  service: string
  region: string
  environment: string
  /** empty where the rollout named none */
  'guard-environment': string
  commit: string
  config: string
  version: string
  image: string
  digest: string
  /** why, for the ledger and for people */
  reason: string
  /** people do not know yet that it could not be put back */
  'tell-failure': boolean
}

export const targetOf = ({ record, state }: Entry, reason: string): Target => ({
  transaction: record.id,
  service: record.service,
  region: record.region,
  environment: record.environment,
  'guard-environment': record.guardEnvironment ?? '',
  commit: record.commit,
  config: record.config?.path ?? '',
  version: record.release.version,
  image: record.image ?? '',
  digest: record.release.digest,
  reason,
  'tell-failure': state !== 'restore-failed',
})

/**
 * Those that the jobs which follow can put back: what their run kept is there still, and GitHub starts a job of this run in
 * their guard environment. Otherwise a target that is marked would be held for nothing.
 */
export async function restorable(ledger: Ledger, { taken, spared }: Chosen, ports: Ports): Promise<Chosen> {
  const tried = await Promise.all(
    taken.map(async (entry): Promise<Chosen> => {
      const why = (await whyUnreadable(ledger, entry)) ?? (await whyShut(entry, ports))
      return why === undefined
        ? { taken: [entry], spared: [] }
        : { taken: [], spared: [{ region: entry.record.region, why }] }
    }),
  )
  return together([{ taken: [], spared }, ...tried])
}

async function whyUnreadable(ledger: Ledger, { record }: Entry): Promise<string | undefined> {
  try {
    await keptSettings(ledger, record)
    return undefined
  } catch (error) {
    return `what ${record.id} was to be restored by cannot be read any more: ${messageOf(error)}`
  }
}

const whyShut = async ({ record: { guardEnvironment } }: Entry, ports: Ports): Promise<string | undefined> =>
  guardEnvironment === undefined ? undefined : whyNotTaken(guardEnvironment, ports)

/** Why an environment takes no job of this run, nor believes what it says. Where that cannot be told, it may all the same. */
export async function whyNotTaken(
  environment: string,
  { github, context, log }: Ports,
): Promise<string | undefined> {
  const name = context.ref.replace(/^refs\/(heads|tags)\//, '')
  try {
    const taken = await takenBy(environment, { name, commit: context.sha, event: '' }, github)
    return taken.taken === 'yes'
      ? undefined
      : `${environment} does not take ${context.ref}, from which this runs: run it from a branch that it takes`
  } catch (error) {
    log.warning(`whether ${environment} takes ${name} cannot be told: ${messageOf(error)}`)
    return undefined
  }
}
