import { messageOf } from '@deploy-actions/action-kit'
import type { Unchecked } from '../finding'

/** What a check asks for; where it cannot be had, that is said, and nothing is concluded. */
export async function orUnchecked<T>(
  what: string,
  unchecked: Unchecked[],
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    unchecked.push({ what, why: messageOf(error) })
    return undefined
  }
}
