import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClock, type GitHub } from '@deploy-actions/action-kit'
import { createGitHub } from '../../action-kit/src/github'
import type { JobView, Permissions, RunView } from '@deploy-actions/workflow-engine'
import { startGitHub, type GitHubEmulator } from './github'
import type { GitHubOptions } from './github-options'

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
