import { hostname, userInfo } from 'node:os'
import { messageOf } from '@deploy-actions/action-kit'
import { isOurs, type Applied, type LockInfo, type WorkingFolder } from '@deploy-actions/terraform'

/** As the tool names who holds a lock. */
const us = (): string => `${userInfo().username}@${hostname()}`

/**
 * Frees the lock that an apply of ours has left behind, where the lock itself proves that it is that one.
 * @param began when the tool was started, ISO 8601
 * @returns what came of it; it begins with `NOT` where somebody has to look
 */
export async function freeLock(
  { began, varFiles }: { began: string; varFiles: readonly string[] },
  tool: Pick<WorkingFolder, 'lockHolder' | 'unlock'>,
  { lockedBy }: Pick<Applied, 'lockedBy'>,
): Promise<string> {
  let holder: LockInfo | undefined
  try {
    holder = await tool.lockHolder(varFiles)
    if (!holder) return 'the state is not locked'
    if (!isOurs(holder, { began, lockedBy, us: us() }))
      return `NOT freed: the state is locked by ${holder.id}${holder.who === undefined ? '' : ` of ${holder.who}`}, which is not ours for certain; when nobody is at work: force-unlock ${holder.id}`
    await tool.unlock(holder.id)
    return `the lock that the tool left was freed (${holder.id})`
  } catch (error) {
    return `NOT known whether the state is locked${holder ? ` by ${holder.id}` : ''}: ${messageOf(error)}`
  }
}
