import { ProviderError } from './errors'

/**
 * What GitHub answered to a call; undefined where it says that there is no such thing.
 * @param absent the statuses that say so
 * @throws whatever else the call ended with
 */
export async function foundOrUndefined<T>(
  call: Promise<T>,
  absent: readonly number[] = [404],
): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ProviderError && error.status !== undefined && absent.includes(error.status))
      return undefined
    throw error
  }
}
