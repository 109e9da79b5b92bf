import type { GitHub } from '@deploy-actions/action-kit'
import { defined, holdingStates } from '@deploy-actions/rollout'
import { marksIn } from './deployment'
import { dueTargets, type DueTarget } from './due-targets'
import { latestStatuses, type LatestStatus } from './latest-statuses'
import { readOldArm } from './old-arm'

/** A service in an environment. */
export type UnclosedTarget = Pick<LatestStatus, 'service' | 'environment' | 'movedTo'>

/** So far back is looked: what was left open for longer is known to people by then. */
const LOOK_BACK_MS = 7 * 24 * 3_600_000

/**
 * The targets of all services with a transaction of the last week that does not say to be closed: one query of GraphQL,
 * mostly. What a status says proves nothing, in either direction: whoever acts on it asks the ledger first.
 * Also those whose old arm is due to go, `due`: by the same query.
 * @param closely targets that got a transaction since then are among them whatever it says: somebody may have planted it
 * @throws ProviderError when GitHub cannot be asked
 */
export async function unclosedTargets(
  github: GitHub,
  { owner, repo, now, closely }: { owner: string; repo: string; now: Date; closely?: Date | undefined },
): Promise<{ targets: UnclosedTarget[]; due: DueTarget[]; isWhole: boolean }> {
  const since = new Date(Math.min(now.getTime() - LOOK_BACK_MS, closely?.getTime() ?? Infinity))
  const { found, isWhole } = await latestStatuses(github, { owner, repo }, since)
  const unclosed = found.filter(
    ({ said, createdAt, movedTo }) =>
      movedTo !== undefined || !saysClosed(said) || (closely !== undefined && createdAt >= closely),
  )
  // One that was moved is told of, whatever stands there now.
  const targets = new Map(
    unclosed.map((one) => [`${one.service} ${one.environment} ${one.movedTo ?? ''}`, targetOf(one)]),
  )
  return { targets: [...targets.values()], due: dueTargets(found, now), isWhole }
}

const targetOf = ({ service, environment, movedTo }: LatestStatus): UnclosedTarget =>
  defined({ service, environment, movedTo })

/** A status of somebody else's, or none, leaves it to the ledger. */
function saysClosed(said: string | null): boolean {
  // Only of what is committed anything is said of its old arm.
  if (readOldArm(said ?? '') !== undefined) return true
  const [mark] = marksIn([{ description: said }])
  return mark !== undefined && !holdingStates.includes(mark.state)
}
