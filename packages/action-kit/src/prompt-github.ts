import { formatDuration } from '@deploy-actions/rollout'
import type { Clock } from './clock'
import { ProviderError } from './errors'
import { pagesOf } from './pages-of'
import type { GitHub } from './ports'

/**
 * The same GitHub, with a caller who waits for the answer to each call no longer than that, tries and waits between them
 * included. What was asked may have been carried out all the same.
 * @param withinMs the action's milliseconds for one call; each page of a list is one
 */
export function promptGitHub(
  github: GitHub,
  withinMs: number,
  { clock, signal: ended }: { clock: Clock; signal: AbortSignal },
): GitHub {
  const request: GitHub['request'] = async (route, parameters, options = {}) => {
    const over = AbortSignal.timeout(clock.ioTimeout(withinMs))
    const silence = new Promise<never>((_, reject) =>
      over.addEventListener('abort', () => reject(over.reason as Error)),
    )
    const signal = AbortSignal.any([options.signal ?? ended, over])
    try {
      return await Promise.race([github.request<never>(route, parameters, { ...options, signal }), silence])
    } catch (cause) {
      if (!over.aborted || ended.aborted) throw cause
      throw new ProviderError(`GitHub gave no answer to ${route} within ${formatDuration(withinMs)}`, {
        provider: 'GitHub',
        cause,
      })
    }
  }
  return { request, list: pagesOf(request) }
}
