import type { GitHub } from './ports'

/** The same GitHub, with a caller who waits so long for it, in the action's milliseconds. */
export const patientGitHub = (github: GitHub, patienceMs: number): GitHub => ({
  request: (route, parameters, options) => github.request(route, parameters, { patienceMs, ...options }),
  list: (route, parameters, options) => github.list(route, parameters, { patienceMs, ...options }),
})
