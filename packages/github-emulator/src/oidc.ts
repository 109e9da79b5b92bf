import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { Refusal, tokenOf, type Answer, type Door, type HttpCall } from './http-call'
import type { JobTokens } from './job-tokens'
import { timestampSeconds, type Caller, type Repository } from './repository'

/** Where jobs ask for identity tokens. */
export const OIDC_PATH = '/oidc/token'

/**
 * Below this path is the issuer, as on a GitHub Enterprise Server: a token that named github.com's own issuer could be
 * checked by nobody. Source: GitHub Enterprise Server, "OIDC reference".
 */
export const ISSUER_PATH = '/_services/token'

/** From `iat` on, and how far before it `nbf` lies; source: the example token in GitHub's OIDC reference. */
const LIFETIME_SECONDS = 300
const NOT_BEFORE_SECONDS = 600

/** The one algorithm of GitHub's issuer. */
const ALGORITHM = 'RS256'

interface SigningKey {
  kid: string
  privateKey: CryptoKey
  publicKey: JWK
}

/** Identity tokens of jobs, and the issuer by which their receivers check them; each emulator signs with a key of its own. */
export class OidcProvider {
  #key: Promise<SigningKey> | undefined

  constructor(
    private readonly repository: Repository,
    private readonly tokens: JobTokens,
  ) {}

  /** The endpoint behind ACTIONS_ID_TOKEN_REQUEST_URL. */
  readonly issue: Door = async (call) => {
    const caller = this.tokens.holder('idRequest', tokenOf(call))
    if (caller?.job.permissions['id-token'] !== 'write')
      throw new Refusal({ status: 401, body: { message: 'Unauthorized' } })
    call.job = caller.job.id
    onlyGet(call)
    const audience = call.query.get('audience') ?? `https://github.com/${this.repository.owner}`
    const { kid, privateKey } = await this.#signingKey()
    const value = await new SignJWT(claims(this.repository, caller, audience))
      .setProtectedHeader({ typ: 'JWT', alg: ALGORITHM, kid })
      .sign(privateKey)
    return { status: 200, body: { count: value.length, value } }
  }

  /** What anybody may read of the issuer: its description and its public key. */
  readonly describe: Door = async (call) => {
    onlyGet(call)
    const issuer = issuerOf(this.repository)
    const page = call.path.slice(ISSUER_PATH.length)
    if (page === '/.well-known/openid-configuration') return { status: 200, body: description(issuer) }
    if (page === '/.well-known/jwks') return this.#keys()
    throw new Refusal({ status: 404, body: { message: 'Not Found' } })
  }

  async #keys(): Promise<Answer> {
    const { kid, publicKey } = await this.#signingKey()
    return { status: 200, body: { keys: [{ ...publicKey, kid, alg: ALGORITHM, use: 'sig' }] } }
  }

  /** Made for the first who asks: most rehearsals never do. */
  #signingKey(): Promise<SigningKey> {
    this.#key ??= newKey()
    return this.#key
  }
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM)
  return { kid: randomUUID(), privateKey, publicKey: await exportJWK(publicKey) }
}

function onlyGet({ method }: HttpCall): void {
  if (method !== 'GET') throw new Refusal({ status: 405, body: { message: 'Method Not Allowed' } })
}

const issuerOf = ({ apiUrl }: Repository): string => `${apiUrl}${ISSUER_PATH}`

/** Source: https://token.actions.githubusercontent.com/.well-known/openid-configuration, its list of claims left out. */
function description(issuer: string): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks`,
    subject_types_supported: ['public', 'pairwise'],
    response_types_supported: ['id_token'],
    id_token_signing_alg_values_supported: [ALGORITHM],
    scopes_supported: ['openid'],
  }
}

/** Source: GitHub's OIDC reference, "OIDC token claims". */
function claims(repository: Repository, { job, run }: Caller, audience: string): Record<string, unknown> {
  const now = timestampSeconds(repository.options.now())
  const ref = refOf(repository, run.headBranch)
  return {
    jti: randomUUID(),
    sub: subject(repository, job.environment, ref),
    aud: audience,
    iss: issuerOf(repository),
    iat: now,
    nbf: now - NOT_BEFORE_SECONDS,
    exp: now + LIFETIME_SECONDS,
    actor: run.actor,
    base_ref: '',
    ...(job.environment === null ? {} : { environment: job.environment }),
    event_name: run.event,
    head_ref: '',
    job_workflow_ref: job.workflowRef,
    job_workflow_sha: job.workflowSha,
    ref,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository: repository.fullName,
    repository_id: String(repository.id),
    repository_owner: repository.owner,
    repository_owner_id: String(repository.ownerId),
    repository_visibility: 'private',
    run_attempt: String(run.attempt),
    run_id: String(run.id),
    run_number: String(run.number),
    runner_environment: 'github-hosted',
    sha: run.headSha,
    workflow: run.name,
    workflow_ref: `${repository.fullName}/${run.path}@${ref}`,
    workflow_sha: run.headSha,
  }
}

/** The immutable form came with repositories made since 2026-07-15. A colon in a name would be taken for the next part. */
function subject(repository: Repository, environment: string | null, ref: string): string {
  const { owner, ownerId, name, id, fullName } = repository
  const whose = repository.options.oidcSubject === 'ids' ? `${owner}@${ownerId}/${name}@${id}` : fullName
  return `repo:${whose}:${environment === null ? `ref:${ref}` : `environment:${environment.replaceAll(':', '%3A')}`}`
}

/** A run knows the short name only: what is not a branch is a tag. */
function refOf({ options }: Repository, name: string): string {
  return Object.hasOwn(options.branches, name) ? `refs/heads/${name}` : `refs/tags/${name}`
}
