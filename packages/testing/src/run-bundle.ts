import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The assembled tree whose bundles run. */
const releaseTree = resolve(import.meta.dirname, '../../../.release')

/** A bundle may not hang a test run. */
const LIMIT_MS = 60_000
/** From one look whether it is to be ended to the next. */
const LOOK_MS = 20

/** What the runner gives one step. */
export interface BundleRun {
  /** keys as in action.yml; defaults of action.yml are not filled in */
  inputs?: Record<string, string>
  env?: Record<string, string>
  /** arguments of Node that run something else than what is shipped */
  node?: readonly string[]
  /** state that main saved: post runs instead of main */
  state?: Record<string, string>
  /** ends the step early */
  end?: { signal: 'SIGINT' | 'SIGKILL'; when: (stdout: string) => boolean | Promise<boolean> }
  /** given the means to signal its process, for whoever ends it at a moment of his own */
  onStart?: (kill: (signal: NodeJS.Signals) => void) => void
}

/** What a step left behind. */
export interface BundleResult {
  /** null when it was killed */
  exitCode: number | null
  outputs: Record<string, string>
  state: Record<string, string>
  summary: string
  stdout: string
  stderr: string
}

/** A job: its steps share the workspace and RUNNER_TEMP. */
export interface BundleJob {
  workspace: string
  temp: string
  run(action: string, step?: BundleRun): Promise<BundleResult>
  close(): Promise<void>
}

/** Runs one shipped action as the runner does, in a job of its own. `files` are put into the workspace. */
export async function runBundle(
  action: string,
  { files, ...step }: BundleRun & { files?: Record<string, string> } = {},
): Promise<BundleResult> {
  const job = await openBundleJob(files)
  try {
    return await job.run(action, step)
  } finally {
    await job.close()
  }
}

/** Opens a job whose workspace holds `files` (path -> text; what begins with `#!` is executable). */
export async function openBundleJob(files: Record<string, string> = {}): Promise<BundleJob> {
  const root = await mkdtemp(join(tmpdir(), 'bundle-job-'))
  const [workspace, temp] = [join(root, 'workspace'), join(root, 'temp')]
  for (const folder of [workspace, temp]) await mkdir(folder)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, path)), { recursive: true })
    await writeFile(join(workspace, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
  }
  return {
    workspace,
    temp,
    run: (action, step = {}) => runStep(action, step, { root, workspace, temp }),
    close: () => rm(root, { recursive: true }),
  }
}

async function runStep(
  action: string,
  step: BundleRun,
  { root, workspace, temp }: { root: string; workspace: string; temp: string },
): Promise<BundleResult> {
  const folder = await mkdtemp(join(root, 'step-'))
  const file = async (name: string): Promise<string> => {
    await writeFile(join(folder, name), '')
    return join(folder, name)
  }
  const [output, state, summary] = [await file('output'), await file('state'), await file('summary')]
  const env = {
    PATH: process.env['PATH'],
    RUNNER_TEMP: temp,
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_RUN_ID: '42',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_SHA: 'c0ffee0000000000000000000000000000000000',
    GITHUB_JOB: 'deploy',
    GITHUB_ACTOR: 'octocat',
    GITHUB_OUTPUT: output,
    GITHUB_STATE: state,
    GITHUB_STEP_SUMMARY: summary,
    ...Object.fromEntries(
      Object.entries(step.inputs ?? {}).map(([key, value]) => [`INPUT_${key.toUpperCase()}`, value]),
    ),
    ...Object.fromEntries(Object.entries(step.state ?? {}).map(([key, value]) => [`STATE_${key}`, value])),
    ...step.env,
  }
  const ended = await runChild(
    step.node ?? [join(releaseTree, action, 'dist/index.js')],
    { cwd: workspace, env },
    step,
  )
  const [outputs, states] = [
    parseFile(await readFile(output, 'utf8')),
    parseFile(await readFile(state, 'utf8')),
  ]
  return { ...ended, outputs, state: states, summary: await readFile(summary, 'utf8') }
}

function runChild(
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
  { end, onStart }: Pick<BundleRun, 'end' | 'onStart'>,
): Promise<Pick<BundleResult, 'exitCode' | 'stdout' | 'stderr'>> {
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    onStart?.((signal) => void child.kill(signal))
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    let hasEnded = false
    const endWhen = async ({ signal, when }: NonNullable<BundleRun['end']>): Promise<void> => {
      // One question after the other: each may start a program, and many at once would take the machine from the step.
      while (!hasEnded && !(await when(stdout))) await sleep(LOOK_MS)
      child.kill(signal)
    }
    if (end) void endWhen(end).catch(reject)
    child.on('error', reject)
    child.on('close', (exitCode) => {
      clearTimeout(limit)
      hasEnded = true
      settle({ exitCode, stdout, stderr })
    })
  })
}

/** `name<<DELIMITER`, the value, `DELIMITER`: as the runner reads them. */
function parseFile(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(.+?)<<(.+)\n([^]*?)\n\2\n/gm)].map(([, name = '', , value = '']) => [name, value]),
  )
}
