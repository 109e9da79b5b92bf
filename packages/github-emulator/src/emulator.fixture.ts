import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClock, type Artifacts, type GitHub, type RunContext } from '@deploy-actions/action-kit'
import { readContext } from '../../action-kit/src/context'
import { createGitHub } from '../../action-kit/src/github'
import type { JobView, Permissions, RunView } from '@deploy-actions/workflow-engine'
import { startGitHub, type GitHubEmulator } from './github'
import type { GitHubOptions } from './github-options'
import { backendIds } from './job-tokens'

/** The head of main in every test. */
export const mainSha = 'a'.repeat(40)

/** An emulator with runs that a test makes up. */
export interface TestGitHub {
  github: GitHubEmulator
  /** Temporary; holds `repository/` and `artifacts/`. */
  folder: string
  /** What `runs()` gives. */
  runs: RunView[]
  /** Ids of runs that were asked to end. */
  cancelled: number[]
  /** Starts a run with one job that has these permissions. */
  begin(permissions?: Permissions, change?: Partial<RunView>): { run: RunView; job: JobView }
  /** One more job of a run, with these permissions. */
  join(run: RunView, permissions?: Permissions): JobView
  /** What the runner tells a job of its run. */
  context(run: RunView): RunContext
  /** The artifacts of a job, which are single files here: GitHub's own client would need a process of its own. */
  artifacts(job: JobView, run: RunView): Artifacts
  /** Our own REST client, with the token of a job. */
  client(job: JobView): GitHub
  /** A bare request with the token of a job. */
  send(job: JobView | undefined, route: string, body?: unknown): Promise<Response>
  close(): Promise<void>
}

/** Starts an emulator of acme/shop at a fixed time. */
export async function testGitHub(options: Partial<GitHubOptions> = {}): Promise<TestGitHub> {
  const folder = await mkdtemp(join(tmpdir(), 'github-'))
  await mkdir(join(folder, 'repository', 'deploy'), { recursive: true })
  await writeFile(join(folder, 'repository', 'deploy', 'rollout.yml'), 'service: shop\n')
  const runs: RunView[] = []
  const cancelled: number[] = []
  const github = await startGitHub({
    repository: 'acme/shop',
    repositoryFolder: join(folder, 'repository'),
    branches: { main: mainSha },
    environments: [],
    artifactFolder: join(folder, 'artifacts'),
    now: () => new Date('2026-11-20T10:00:00.123Z'),
    runs: () => runs,
    onCancel: (id) => void cancelled.push(id),
    ...options,
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  return {
    github,
    folder,
    runs,
    cancelled,
    begin(permissions = {}, change = {}) {
      const run = { ...runView(1001 + runs.length), ...change }
      const job = jobView(run.id * 1000 + run.attempt, permissions)
      run.jobs.push(job)
      runs.push(run)
      return { run, job }
    },
    join(run, permissions = {}) {
      const job = jobView(run.id * 1000 + run.attempt + 10 * run.jobs.length, permissions)
      run.jobs.push(job)
      return job
    },
    context: ({ id, attempt, path, headBranch, headSha, actor }) => ({
      ...readContext({
        GITHUB_REPOSITORY: 'acme/shop',
        GITHUB_RUN_ID: String(id),
        GITHUB_RUN_ATTEMPT: String(attempt),
        GITHUB_SHA: headSha,
        GITHUB_REF: `refs/heads/${headBranch}`,
        GITHUB_ACTOR: actor,
        GITHUB_WORKFLOW_REF: `acme/shop/${path}@refs/heads/${headBranch}`,
        GITHUB_ACTION_REPOSITORY: 'acme/deploy-actions',
      }),
      temp: folder,
    }),
    artifacts: (job, run) => singleFiles(github, job, run),
    client: (job) =>
      createGitHub({
        token: job.token,
        apiUrl: github.url,
        context: { owner: 'acme', repo: 'shop' },
        clock: createClock({ speed: 100, epoch: Date.now() }),
        signal: new AbortController().signal,
        evidence: { call: () => {} },
      }),
    send(job, route, body) {
      const [method = '', path = ''] = route.split(' ')
      return fetch(`${github.url}/repos/acme/shop${path}`, {
        method,
        headers: job ? { authorization: `Bearer ${job.token}` } : {},
        redirect: 'manual',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    },
    async close() {
      await github.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface ArtifactCaller {
  github: GitHubEmulator
  job: JobView
  run: RunView
  token: string | undefined
}

/** A request as a client of the artifact service makes it for a job. */
export function callArtifactService(
  { github, job, run, token }: ArtifactCaller,
  method: string,
  message: Record<string, unknown>,
): Promise<Response> {
  const ids = backendIds(run, job.id)
  return fetch(`${github.url}/twirp/github.actions.results.api.v1.ArtifactService/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      workflow_run_backend_id: ids.run,
      workflow_job_run_backend_id: ids.job,
      ...message,
    }),
  })
}

/** Artifacts of one file each, by the same requests as GitHub's own client makes. */
function singleFiles(github: GitHubEmulator, job: JobView, run: RunView): Artifacts {
  const { ACTIONS_RUNTIME_TOKEN: token } = github.environmentFor(job, run)
  const twirp = async <T>(method: string, message: Record<string, unknown>): Promise<T> => {
    const response = await callArtifactService({ github, job, run, token }, method, message)
    if (!response.ok)
      throw new Error(`${method} of the artifact service: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const rest = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${github.url}/repos/acme/shop${path}`, {
      headers: { authorization: `Bearer ${job.token}` },
    })
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`)
    return (await response.json()) as T
  }
  return {
    async upload(name, folder, [file = '']) {
      const content = await readFile(join(folder, file))
      const { signed_upload_url: url } = await twirp<{ signed_upload_url: string }>('CreateArtifact', {
        name,
        version: 7,
        mime_type: 'text/plain',
      })
      await fetch(url, { method: 'PUT', body: content, headers: { 'x-ms-blob-type': 'BlockBlob' } })
      const { artifact_id } = await twirp<{ artifact_id: string }>('FinalizeArtifact', {
        name,
        size: String(content.length),
      })
      return { id: Number(artifact_id), name }
    },
    async list(runId) {
      if (runId === undefined) {
        const { artifacts } = await twirp<{ artifacts?: { database_id: string; name: string }[] }>(
          'ListArtifacts',
          {},
        )
        return (artifacts ?? []).map(({ database_id, name }) => ({ id: Number(database_id), name }))
      }
      const { artifacts } = await rest<{ artifacts: { id: number; name: string }[] }>(
        `/actions/runs/${runId}/artifacts?per_page=100`,
      )
      return artifacts.map(({ id, name }) => ({ id, name }))
    },
    async download({ id }, folder) {
      const content = await rest<unknown>(`/actions/artifacts/${id}/zip`)
      await writeFile(join(folder, 'restore-point.json'), JSON.stringify(content))
    },
  }
}

function runView(id: number): RunView {
  return {
    id,
    number: id - 1000,
    attempt: 1,
    event: 'workflow_dispatch',
    name: 'Rollout',
    displayTitle: 'Rollout of 1.3.0',
    path: '.github/workflows/rollout.yml',
    headBranch: 'main',
    headSha: mainSha,
    actor: 'ann',
    repository: 'acme/shop',
    status: 'in_progress',
    conclusion: null,
    referencedWorkflows: [],
    createdAt: '2026-11-20T09:59:00.500Z',
    startedAt: '2026-11-20T09:59:01.500Z',
    jobs: [],
    annotations: [],
  }
}

function jobView(id: number, permissions: Permissions): JobView {
  return {
    id,
    key: 'deploy',
    name: 'rollout / regions (eu-west) / deploy',
    status: 'in_progress',
    conclusion: null,
    runnerName: 'runner-1',
    createdAt: '2026-11-20T09:59:02.500Z',
    startedAt: '2026-11-20T09:59:03.500Z',
    completedAt: null,
    environment: null,
    deployment: false,
    permissions,
    token: `ghs_rehearsal${id}`,
    steps: [],
    annotations: [],
    workflowFile: '.github/workflows/region.yml',
    workflowRepository: 'acme/deploy-actions',
    workflowRef: 'acme/deploy-actions/.github/workflows/region.yml@refs/tags/v1',
    workflowSha: 'b'.repeat(40),
  }
}
