import type { Clock } from './clock'
import { InputError } from './errors'
import { createGitHub } from './github'
import { onceGitHub } from './once-github'
import { patientGitHub } from './patient-github'
import { pagesOf } from './pages-of'
import type { GitHub, Log } from './ports'

/** A person waits before a terminal: what GitHub asks for more than that is told instead. */
const PATIENCE_MS = 20_000

/** Where GitHub is, and who asks. */
export interface GitHubAccess {
  owner: string
  repo: string
  token: string
  /** `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server */
  apiUrl: string
}

/**
 * GitHub as a person's token shows it, for looking alone: nothing but a GET leaves this machine, and what was asked once is
 * not asked again.
 * @param onCall hears of each request that was made
 */
export function lookingGitHub(
  { token, apiUrl, owner, repo }: GitHubAccess,
  { clock, signal, log }: { clock: Clock; signal: AbortSignal; log: Pick<Log, 'warning'> },
  onCall: () => void,
): GitHub {
  const whole = createGitHub({
    ...{ token, apiUrl, clock, signal, log },
    context: { owner, repo },
    evidence: { call: onCall },
    whenDenied: 'use a token that has it',
  })
  const request: GitHub['request'] = (route, parameters, options) =>
    route.startsWith('GET ')
      ? whole.request(route, parameters, options)
      : Promise.reject(new InputError(`${route} is not sent: this only looks, and changes nothing`))
  return onceGitHub(patientGitHub({ request, list: pagesOf(request) }, PATIENCE_MS))
}
