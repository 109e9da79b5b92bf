import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { Refusal, tokenOf, type Door } from './http-call'
import { encodeJwt, type JobTokens } from './job-tokens'
import { timestampSeconds, type Caller, type Repository } from './repository'

/** Where jobs ask for identity tokens. */
export const OIDC_PATH = '/oidc/token'

/** From `iat` on, and how far before it `nbf` lies; source: the example token in GitHub's OIDC reference. */
const LIFETIME_SECONDS = 300
const NOT_BEFORE_SECONDS = 600

/** The endpoint behind ACTIONS_ID_TOKEN_REQUEST_URL: identity tokens that no cloud would believe, the key is random. */
export function oidcProvider(repository: Repository, tokens: JobTokens): Door {
  const key = randomBytes(32)
  return (call) => {
    const caller = tokens.holder('idRequest', tokenOf(call))
    if (caller?.job.permissions['id-token'] !== 'write')
      throw new Refusal({ status: 401, body: { message: 'Unauthorized' } })
    call.job = caller.job.id
    if (call.method !== 'GET') throw new Refusal({ status: 405, body: { message: 'Method Not Allowed' } })
    const audience = call.query.get('audience') ?? `https://github.com/${repository.owner}`
    const value = encodeJwt({ alg: 'HS256', typ: 'JWT' }, claims(repository, caller, audience), (text) =>
      createHmac('sha256', key).update(text).digest('base64url'),
    )
    return { status: 200, body: { count: value.length, value } }
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
    iss: 'https://token.actions.githubusercontent.com',
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

/** A run knows the short name only: what is no branch is a tag. */
function refOf({ options }: Repository, name: string): string {
  return name in options.branches ? `refs/heads/${name}` : `refs/tags/${name}`
}
