import type { RunContext } from '@deploy-actions/action-kit'
import type { Release } from '@deploy-actions/rollout'
import { serving, type Entry, type Ledger, type LedgerQuery } from './ledger'
import { LOOKED_THROUGH } from './taken-back'

/** Ten pages of GitHub's. */
const FAR_ENOUGH = 300

/**
 * Why a release must not replace the one that serves in an environment unless somebody says so: another run has committed
 * it, in whatever region, before that one was first rolled out; or a run would bring it that began before the run which
 * brought that one: one that has waited, or is run again. Of the newest transactions alone, and nothing is guessed.
 * @returns undefined where it is not known to be older
 */
export async function whyOlder(
  ledger: Ledger,
  { version, digest }: Release,
  environment: string,
  { runId }: Pick<RunContext, 'runId'>,
): Promise<string | undefined> {
  const now = await serving(ledger, environment)
  if (!now || now.release.digest === digest) return undefined
  // Mostly the newest of all: it is looked for behind what somebody may have planted.
  const [brought] = await committed(ledger, {
    ...{ environment, digest: now.release.digest },
    ...{ depth: FAR_ENOUGH, limit: 1 },
  })
  if (!brought) return undefined
  const { region, run } = brought.record
  const instead = `${now.release.version}, which serves in ${region} since run ${run.id}, would be replaced by an older release`
  const again = 'start a new run with allow-older: true'
  if (run.id > runId)
    return `${instead}: run ${runId} began before it; to bring ${version} all the same, ${again}`
  const [last] = await committed(ledger, { digest, limit: 1 })
  // What this very run has brought to other regions it brings to this one, unless a later run was faster.
  if (!last || last.record.run.id === runId) return undefined
  const [own, other] = await Promise.all(
    [digest, now.release.digest].map(async (one) => (await committed(ledger, { digest: one })).at(-1)),
  )
  return own && Number(own.at) < Number(other?.at)
    ? `${instead}: ${version} was committed in ${own.record.region} before (transaction ${own.record.id}); to bring it all the same, ${again}`
    : undefined
}

/** The rollouts that are still committed, newest first. */
const committed = (
  ledger: Ledger,
  where: Pick<LedgerQuery, 'environment' | 'digest' | 'limit' | 'depth'>,
): Promise<Entry[]> =>
  ledger.find({
    ...{ limit: LOOKED_THROUGH, depth: LOOKED_THROUGH, ...where },
    ...{ state: ['committed'], rollouts: true },
  })
