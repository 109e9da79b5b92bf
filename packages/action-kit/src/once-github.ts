import type { GitHub } from './ports'
import { remembered } from './remembered'

/**
 * The same GitHub for who takes one look at it and writes nothing: what was asked once is not asked again. Whoever goes
 * on for longer must not have it.
 */
export function onceGitHub(github: GitHub): GitHub {
  const answers = new Map<string, Promise<unknown>>()
  const once = async <T>(ask: () => Promise<T>, ...asked: unknown[]): Promise<T> =>
    (await remembered(answers, JSON.stringify(asked), ask)) as T
  return {
    request: (route, parameters, options) =>
      once(() => github.request(route, parameters, options), route, parameters),
    list: (route, parameters, options) =>
      once(() => github.list(route, parameters, options), 'all', route, parameters, options?.limit),
  }
}
