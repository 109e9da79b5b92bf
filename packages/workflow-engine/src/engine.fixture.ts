import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkout } from './runner/built-ins'
import { createEngine } from './engine'
import type { EngineOptions, RunHandle, StartRequest } from './engine-options'
import type { JobView, RunView, StepView } from './run-view'

/** Files by path. */
type Files = Record<string, string>

/** A repository, a suite and an engine in a temporary folder, for tests. */
export interface TestWorld {
  directory: string
  start(request?: Partial<StartRequest>): Promise<RunHandle>
  /** Starts the workflow and waits for its end. */
  run(inputs?: StartRequest['inputs']): Promise<RunView>
  remove(): Promise<void>
}

/** The workflow that `start` and `run` begin. */
export const entry = '.github/workflows/main.yml'

/** Makes a world; `workflow` is the entry file, `suite` the files of acme/deploy-actions. */
export async function testWorld(
  workflow: string,
  {
    repository = {},
    suite = {},
    ...overrides
  }: { repository?: Files; suite?: Files } & Partial<Omit<EngineOptions, 'repository'>> = {},
): Promise<TestWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'rehearsal-'))
  await writeFiles(join(directory, 'repository'), { [entry]: workflow, ...repository })
  await writeFiles(join(directory, 'suite'), suite)
  const engine = createEngine({
    releaseTree: join(directory, 'suite'),
    suiteRepository: 'acme/deploy-actions',
    repository: join(directory, 'repository'),
    repositoryName: 'acme/shop',
    work: join(directory, 'work'),
    node: process.execPath,
    speed: 60,
    now: () => new Date(),
    vars: { REGION: 'eu' },
    secrets: {},
    approve: async () => ({ state: 'approved' }),
    jobEnvironment: () => ({}),
    builtIns: new Map([['actions/checkout', checkout]]),
    ...overrides,
  })
  const start: TestWorld['start'] = (request) =>
    engine.start({
      workflow: entry,
      event: 'workflow_dispatch',
      ref: 'refs/heads/main',
      sha: 'a'.repeat(40),
      actor: 'ann',
      ...request,
    })
  return {
    directory,
    start,
    run: async (inputs = {}) => (await start({ inputs })).done,
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Files of a small Node action. */
export function action(
  name: string,
  main: string,
  { post, yaml = '' }: { post?: string; yaml?: string } = {},
): Files {
  const files: Files = {
    [`${name}/action.yml`]: `name: ${name}\ndescription: for a test\n${yaml}\nruns:\n  using: node24\n  main: main.mjs\n${post === undefined ? '' : '  post: post.mjs\n'}`,
    [`${name}/main.mjs`]: main,
  }
  if (post !== undefined) files[`${name}/post.mjs`] = post
  return files
}

/** The job of that name; fails if there is none */
export function jobNamed(run: RunView, name: string): JobView {
  const found = run.jobs.find((job) => job.name === name)
  if (!found) throw new Error(`no job '${name}' among ${run.jobs.map((job) => job.name).join(', ')}`)
  return found
}

/** The step of that name; fails if there is none */
export function stepNamed(job: JobView, name: string): StepView {
  const found = job.steps.find((step) => step.name === name)
  if (!found) throw new Error(`no step '${name}' among ${job.steps.map((step) => step.name).join(', ')}`)
  return found
}

/** Conclusions by job name */
export function conclusions(run: RunView): Record<string, string | null> {
  return Object.fromEntries(run.jobs.map((job) => [job.name, job.conclusion]))
}

/** Waits until something holds, for at most ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (holds()) return
    await sleep(10)
  }
  throw new Error('waited ten seconds in vain')
}

async function writeFiles(directory: string, files: Files): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    const full = join(directory, path)
    await mkdir(dirname(full), { recursive: true })
    await writeFile(full, text)
  }
}
