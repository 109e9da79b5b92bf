import { z } from 'zod'
import { ArtifactError, type Artifact, type Artifacts } from './artifacts'
import type { Blobs } from './blobs'
import { Refusal, tokenOf, type Answer, type Door, type HttpCall } from './http-call'
import { backendIds, type JobTokens } from './job-tokens'
import type { Caller } from './repository'

/** HTTP statuses of error codes; source: Twirp specification v7, "Error Codes". */
const TWIRP_STATUS = {
  already_exists: 409,
  bad_route: 404,
  failed_precondition: 412,
  invalid_argument: 400,
  malformed: 400,
  not_found: 404,
  permission_denied: 403,
  unauthenticated: 401,
}

const scope = { workflow_run_backend_id: z.string(), workflow_job_run_backend_id: z.string() }
const name = z.string().min(1, 'name is empty')

/** Messages in their JSON form, where a value equal to its type's default is left out; source: @actions/artifact, generated client. */
const messages = {
  CreateArtifact: z.strictObject({
    ...scope,
    name,
    version: z.int(),
    mime_type: z.string().optional(),
    expires_at: z.iso.datetime().optional(),
  }),
  FinalizeArtifact: z.strictObject({
    ...scope,
    name,
    size: z.string().regex(/^\d+$/).default('0'),
    hash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
  }),
  ListArtifacts: z.strictObject({
    ...scope,
    name_filter: z.string().optional(),
    id_filter: z.string().optional(),
  }),
  GetSignedArtifactURL: z.strictObject({ ...scope, name }),
  DeleteArtifact: z.strictObject({ ...scope, name }),
}

/** Below this path are the methods of the service. */
export const ARTIFACT_SERVICE_PATH = '/twirp/github.actions.results.api.v1.ArtifactService/'

/** The Results service as @actions/artifact uses it: Twirp with JSON, authorised by ACTIONS_RUNTIME_TOKEN. */
export function artifactService(artifacts: Artifacts, blobs: Blobs, tokens: JobTokens): Door {
  return async (call) => {
    try {
      return await answer(call)
    } catch (error) {
      throw error instanceof ArtifactError ? twirpError(error.code, error.message) : error
    }
  }

  async function answer(call: HttpCall): Promise<Answer> {
    const caller = tokens.holder('runtime', tokenOf(call))
    if (!caller) throw twirpError('unauthenticated', 'the runtime token is not that of a running job')
    call.job = caller.job.id
    const method = call.path.slice(ARTIFACT_SERVICE_PATH.length)
    if (call.method !== 'POST' || !Object.hasOwn(messages, method))
      throw twirpError('bad_route', `no handler for ${call.method} ${call.path}`)
    if (!call.headers['content-type']?.startsWith('application/json'))
      throw twirpError('bad_route', 'only application/json is spoken here')
    return { status: 200, body: await run(method as keyof typeof messages, call, caller) }
  }

  /** The runtime token knows the artifacts of its own attempt; REST knows those of all. */
  function here({ run }: Caller): Artifact[] {
    return artifacts.ofRun(run.id).filter(({ attempt }) => attempt === run.attempt)
  }

  async function run(method: keyof typeof messages, call: HttpCall, caller: Caller): Promise<unknown> {
    if (method === 'CreateArtifact') {
      const {
        name,
        mime_type: mimeType = 'application/zip',
        expires_at: expiresAt,
      } = read(call, messages[method], caller, 'own')
      const reservation = artifacts.reserve(caller, { name, mimeType, expiresAt })
      return { ok: true, signed_upload_url: blobs.uploadUrl(reservation) }
    }
    if (method === 'FinalizeArtifact') {
      const { name, size, hash } = read(call, messages[method], caller, 'own')
      const reservation = artifacts.reservation(caller.run.id, name)
      if (reservation?.job !== caller.job.id)
        throw twirpError('not_found', `this job has begun no artifact ${name}`)
      const { id } = await artifacts.finish(reservation, blobs.take(reservation.id), {
        size: Number(size),
        digest: hash,
      })
      return { ok: true, artifact_id: String(id) }
    }
    if (method === 'ListArtifacts') {
      const { name_filter, id_filter } = read(call, messages[method], caller, 'any')
      const fits = ({ id, name }: Artifact): boolean =>
        (name_filter ?? name) === name && (id_filter ?? String(id)) === String(id)
      return { artifacts: here(caller).filter(fits).map(listed) }
    }
    const { name } = read(call, messages[method], caller, 'any')
    const found = here(caller).find((artifact) => artifact.name === name)
    if (!found) throw twirpError('not_found', `the run has no artifact ${name}`)
    if (method === 'GetSignedArtifactURL') return { signed_url: blobs.downloadUrl(found) }
    await artifacts.remove(found)
    return { ok: true, artifact_id: String(found.id) }
  }
}

/** @param job `own`: the message must speak for the caller's job; `any`: for any job of its run */
function read<T extends { workflow_run_backend_id: string; workflow_job_run_backend_id: string }>(
  { body }: HttpCall,
  schema: z.ZodType<T>,
  { run, job }: Caller,
  whose: 'own' | 'any',
): T {
  const message = schema.safeParse(parse(body))
  if (!message.success)
    throw twirpError('malformed', `the json request could not be decoded: ${z.prettifyError(message.error)}`)
  const ids = backendIds(run, job.id)
  const { workflow_run_backend_id, workflow_job_run_backend_id } = message.data
  if (workflow_run_backend_id !== ids.run || (whose === 'own' && workflow_job_run_backend_id !== ids.job))
    throw twirpError('permission_denied', 'the runtime token is that of another run or job')
  return message.data
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function listed({ id, run, attempt, job, name, size, createdAt, digest }: Artifact): Record<string, unknown> {
  const ids = backendIds({ id: run, attempt }, job)
  return {
    workflow_run_backend_id: ids.run,
    workflow_job_run_backend_id: ids.job,
    database_id: String(id),
    name,
    size: String(size),
    created_at: createdAt,
    digest,
  }
}

function twirpError(code: keyof typeof TWIRP_STATUS, msg: string): Refusal {
  return new Refusal({ status: TWIRP_STATUS[code], body: { code, msg } })
}
