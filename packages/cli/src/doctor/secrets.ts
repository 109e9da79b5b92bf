import { z } from 'zod'
import type { GitHub, Secrets } from '@deploy-actions/action-kit'
import type { NamedSecret } from '@deploy-actions/config'
import type { InspectedCaller } from '@deploy-actions/rehearsal'
import { callsOf, type PlacedCall } from '../callers'
import type { Unchecked } from '../finding'
import { ghSecretSet, type GhRepository } from '../gh'
import { orUnchecked } from './could-not'
import type { DoctorFinding } from './report'

const DEPLOY_SECRETS = 'DEPLOY_SECRETS'

/** The workflows that need what rollout.yml names. */
const TAKERS = [
  'rollout.yml',
  'region.yml',
  'emergency-rollback.yml',
  'sweeper.yml',
  'infrastructure.yml',
  'drift.yml',
]

interface Options {
  callers: readonly InspectedCaller[]
  /** what rollout.yml names */
  named: readonly NamedSecret[]
  /** what DEPLOY_SECRETS is said to hold; undefined where nobody says it */
  entries: Secrets | undefined
  repository: GhRepository
  /** undefined where nothing can be asked of the repository */
  github: GitHub | undefined
  unchecked: Unchecked[]
}

/** The secrets that rollout.yml names are handed over by the callers, and those exist, by GitHub's list of names: two calls. */
export async function secretFindings(options: Options): Promise<DoctorFinding[]> {
  const { callers, named, entries, repository } = options
  const calls = callsOf(callers, ...TAKERS)
  const handed = calls.flatMap(handedOver)
  return [
    ...(named.length > 0
      ? calls.filter((one) => handedOver(one).length === 0).flatMap((one) => notHanded(one, named))
      : []),
    ...(await missing(named.length > 0 ? [...handed, ...fallback(calls)] : handed, options)),
    ...(entries ? named.filter(({ name }) => !entries.get(name)).map((one) => noEntry(one, repository)) : []),
    ...unseenEntries(options),
  ]
}

/** The secrets of the repository from which a caller makes DEPLOY_SECRETS; with `inherit` the one of that name. */
function handedOver({ call: { secrets } }: PlacedCall): string[] {
  if (secrets === 'inherit') return [DEPLOY_SECRETS]
  const [, text = ''] = Object.entries(secrets).find(([name]) => name.toUpperCase() === DEPLOY_SECRETS) ?? []
  return [...text.matchAll(/\bsecrets(?:\.|\[')([A-Za-z_]\w*)/g)].map(([, name = '']) => name)
}

/** Where none hands anything over, it has to be made first. */
const fallback = (calls: readonly PlacedCall[]): string[] =>
  calls.every((one) => handedOver(one).length === 0) ? [DEPLOY_SECRETS] : []

const notHanded = ({ caller, call }: PlacedCall, named: readonly NamedSecret[]): DoctorFinding[] => [
  {
    kind: 'secret-not-handed-over',
    where: call.at,
    what: `job ${call.job} hands no ${DEPLOY_SECRETS} to ${call.name}, and rollout.yml names ${namesOf(named)}`,
    why: 'its plan is refused, and what it would restore cannot be reached',
    mend: [
      {
        edit: `${caller.path}, job ${call.job}`,
        to: `secrets:\n  ${DEPLOY_SECRETS}: \${{ secrets.${DEPLOY_SECRETS} }}`,
      },
    ],
  },
]

const namesOf = (named: readonly NamedSecret[]): string =>
  [...new Set(named.map(({ name }) => name))].join(', ')

const secretNames = z.array(z.looseObject({ name: z.string() }))

async function missing(
  wanted: readonly string[],
  { github, named, repository, unchecked }: Options,
): Promise<DoctorFinding[]> {
  const names = [...new Set(wanted.map((name) => name.toUpperCase()))]
  // Without a secret that rollout.yml names, one that is handed over may be empty.
  if (!github || names.length === 0 || named.length === 0) return []
  const list = (route: string): Promise<unknown[]> =>
    github.list(route, {}, { permission: 'secrets: read', pick: 'secrets' })
  const found = await orUnchecked(`whether the secret ${names.join(', ')} exists`, unchecked, async () => {
    const own = secretNames.parse(await list('GET /repos/{owner}/{repo}/actions/secrets'))
    const shared = secretNames.parse(await list('GET /repos/{owner}/{repo}/actions/organization-secrets'))
    return [...own, ...shared].map(({ name }) => name.toUpperCase())
  })
  return names
    .filter((name) => found?.includes(name) === false)
    .map((name) => ({
      kind: 'secret-missing',
      where: name,
      what: `neither the repository nor its organisation has the secret ${name}`,
      why: `rollout.yml names ${namesOf(named)}, which would be in it`,
      mend: [{ run: ghSecretSet(repository, name) }],
    }))
}

const noEntry = ({ name, key, where }: NamedSecret, repository: GhRepository): DoctorFinding => ({
  kind: 'secret-entry-missing',
  where,
  what: `${key}: no line of ${DEPLOY_SECRETS} is ${name}=...`,
  why: 'the plan is refused',
  mend: [{ run: `${ghSecretSet(repository, DEPLOY_SECRETS)} < FILE` }],
})

function unseenEntries({ named, entries, unchecked }: Options): [] {
  if (named.length > 0 && !entries)
    unchecked.push({
      what: `whether ${DEPLOY_SECRETS} has lines for ${namesOf(named)}`,
      why: 'GitHub shows nobody the value of a secret; hand the file over that you set it from: --secrets FILE',
    })
  return []
}
