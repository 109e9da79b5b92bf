import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Artifacts, RunContext } from '@deploy-actions/action-kit'
import { createArtifacts } from '../../action-kit/src/artifacts'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'
import { callArtifactService, testGitHub, type TestGitHub } from './emulator.fixture'
import { backendIds } from './job-tokens'

// One emulator for the file: the client reads GITHUB_API_URL when it is loaded.
let world: TestGitHub
let run: RunView
let job: JobView
const before = { ...process.env }

beforeAll(async () => {
  world = await testGitHub()
  await mkdir(join(world.folder, 'out', 'deep'), { recursive: true })
  await writeFile(join(world.folder, 'out', 'deep', 'a.json'), '{"a":1}')
  await writeFile(join(world.folder, 'out', 'b.txt'), 'b'.repeat(100_000))
  // The client tells what it does on the log of the step.
  jest.spyOn(process.stdout, 'write').mockReturnValue(true)
})
beforeEach(() => {
  ;({ run, job } = world.begin({ actions: 'read' }))
  Object.assign(process.env, world.github.environmentFor(job, run))
})
afterAll(async () => {
  jest.restoreAllMocks()
  process.env = before
  await world.close()
})

const clientOf = (job: JobView, run: RunView): Artifacts =>
  createArtifacts(job.token, { owner: 'acme', repo: 'shop', runId: run.id } as RunContext)
const upload = (name = 'evidence') =>
  clientOf(job, run).upload(name, join(world.folder, 'out'), ['deep/a.json', 'b.txt'])

const twirp = async (
  method: string,
  message: Record<string, unknown>,
  token = process.env['ACTIONS_RUNTIME_TOKEN'],
) => {
  const response = await callArtifactService({ github: world.github, job, run, token }, method, message)
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}
const begin = async (name: string) =>
  (await twirp('CreateArtifact', { name, version: 7, mime_type: 'text/plain' })).body['signed_upload_url'] ??
  ''
const put = (url: string, body: string) =>
  fetch(url, { method: 'PUT', body, headers: { 'x-ms-blob-type': 'BlockBlob' } })

describe("GitHub's own client", () => {
  it('uploads, lists and downloads within the run, and the digests agree', async () => {
    const uploaded = await upload()
    expect(uploaded).toMatchObject({
      name: 'evidence',
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    })
    expect(await clientOf(job, run).list()).toEqual([uploaded])
    await clientOf(job, run).download(uploaded, join(world.folder, 'in'))
    expect(await readFile(join(world.folder, 'in', 'deep', 'a.json'), 'utf8')).toBe('{"a":1}')
  })

  it('reaches artifacts of another run with its token', async () => {
    const uploaded = await upload('restore-point-1')
    const later = world.begin({ actions: 'read' })
    Object.assign(process.env, world.github.environmentFor(later.job, later.run))
    const client = clientOf(later.job, later.run)
    expect(await client.list()).toEqual([])
    expect(await client.list(run.id)).toEqual([uploaded])
    await client.download(uploaded, join(world.folder, 'other'), run.id)
    expect(await readFile(join(world.folder, 'other', 'b.txt'), 'utf8')).toHaveLength(100_000)
  })

  it('notices bytes that changed after the upload', async () => {
    const uploaded = await upload()
    const client = clientOf(job, run)
    await expect(
      client.download({ ...uploaded, digest: `sha256:${'0'.repeat(64)}` }, join(world.folder, 'bad')),
    ).rejects.toThrow('is not what was uploaded')
  })

  it('may use a name once per run', async () => {
    await upload()
    await expect(upload()).rejects.toThrow(
      '(409) Conflict: an artifact with this name already exists on the workflow run',
    )
    ;({ run, job } = world.begin({}, { id: run.id, attempt: 2 }))
    Object.assign(process.env, world.github.environmentFor(job, run))
    await expect(upload()).rejects.toThrow('already exists')
  })

  it('leaves its files where they can be read', async () => {
    const { id, digest } = await upload()
    const [kept] = world.github.artifacts(run.id)
    expect(kept).toMatchObject({ id, name: 'evidence', digest })
    expect(await readFile(kept?.file ?? '')).toHaveLength(kept?.size ?? 0)
    expect(await readFile(join(kept?.folder ?? '', 'deep', 'a.json'), 'utf8')).toBe('{"a":1}')
    expect(await readFile(join(kept?.folder ?? '', 'b.txt'), 'utf8')).toBe('b'.repeat(100_000))
  })
})

describe('the service', () => {
  // printf hello | sha256sum
  const hello = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

  it('takes a plain upload and gives it back', async () => {
    expect((await put(await begin('note.txt'), 'hello')).status).toBe(201)
    expect(await twirp('FinalizeArtifact', { name: 'note.txt', size: '5', hash: hello })).toMatchObject({
      status: 200,
      body: { ok: true },
    })
    const { body } = await twirp('GetSignedArtifactURL', { name: 'note.txt' })
    const response = await fetch(body['signed_url'] ?? '')
    expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/plain', 'hello'])
  })

  it('refuses to finish what was not uploaded, or is not what is said', async () => {
    const url = await begin('late')
    expect(await twirp('FinalizeArtifact', { name: 'late', size: '5', hash: hello })).toMatchObject({
      status: 412,
      body: { code: 'failed_precondition' },
    })
    await put(url, 'hullo')
    expect(await twirp('FinalizeArtifact', { name: 'late', size: '5', hash: hello })).toMatchObject({
      status: 400,
      body: { msg: expect.stringContaining('digest') },
    })
    expect(await twirp('FinalizeArtifact', { name: 'never', size: '5' })).toMatchObject({ status: 404 })
  })

  it('keeps the name of an upload that failed, and lists none', async () => {
    await begin('half')
    expect((await twirp('ListArtifacts', {})).body).toEqual({ artifacts: [] })
    expect(await twirp('CreateArtifact', { name: 'half', version: 7 })).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    })
  })

  it.each(['a/b', 'a:b', 'a\nb', '..'])('refuses the name %j', async (name) => {
    expect(await twirp('CreateArtifact', { name, version: 7 })).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument' },
    })
  })

  it('refuses unknown fields, methods, tokens and the scope of others', async () => {
    expect(await twirp('CreateArtifact', { name: 'x', version: 7, colour: 'red' })).toMatchObject({
      status: 400,
      body: { code: 'malformed' },
    })
    expect(await twirp('MigrateArtifact', { name: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'bad_route' },
    })
    expect(await twirp('ListArtifacts', {}, 'made.up.token')).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    })
    const other = backendIds({ id: run.id + 1, attempt: 1 }, job.id)
    expect(await twirp('ListArtifacts', { workflow_run_backend_id: other.run })).toMatchObject({
      status: 403,
      body: { code: 'permission_denied' },
    })
  })

  it('gives a job 500 artifacts', async () => {
    await Promise.all(Array.from({ length: 500 }, (_, number) => begin(`n${number}`)))
    expect(await twirp('CreateArtifact', { name: 'one-more', version: 7 })).toMatchObject({ status: 412 })
  })

  it('deletes, which frees the name', async () => {
    await upload()
    expect((await twirp('DeleteArtifact', { name: 'evidence' })).body).toMatchObject({ ok: true })
    expect(world.github.artifacts(run.id)).toEqual([])
    await expect(upload()).resolves.toMatchObject({ name: 'evidence' })
  })

  it('signs addresses for one purpose and one blob', async () => {
    const url = await begin('signed')
    expect((await fetch(url)).status).toBe(403)
    expect((await fetch(url.replace(/sig=[^&]+/, 'sig=x'), { method: 'PUT', body: 'x' })).status).toBe(403)
    expect(
      (
        await fetch(`${url}&comp=blocklist`, {
          method: 'PUT',
          body: '<BlockList><Latest>AA==</Latest></BlockList>',
        })
      ).status,
    ).toBe(400)
  })
})

describe('artifacts over REST', () => {
  it('are found by name and downloaded by a signed address', async () => {
    const { id, digest } = await upload()
    await upload('second')
    const listed = await world.send(job, `GET /actions/runs/${run.id}/artifacts?name=evidence`)
    expect(await listed.json()).toMatchObject({
      total_count: 1,
      artifacts: [{ id, name: 'evidence', digest, expired: false, workflow_run: { id: run.id } }],
    })
    expect(await (await world.send(job, `GET /actions/artifacts/${id}`)).json()).toMatchObject({
      id,
      expires_at: '2027-02-18T10:00:00Z',
    })
    const { status, headers } = await world.send(job, `GET /actions/artifacts/${id}/zip`)
    expect([status, headers.get('location')]).toEqual([302, expect.stringContaining('/blobs/')])
    expect((await world.send(job, 'GET /actions/artifacts/1/zip')).status).toBe(404)
  })
})
