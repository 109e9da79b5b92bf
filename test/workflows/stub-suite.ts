import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testWorld, type TestWorld } from '../../packages/workflow-engine/src/engine.fixture'
import type { EngineOptions, RunView } from '@deploy-actions/workflow-engine'

/** What a stub answers: outputs, and whether its step fails. */
export interface Answer {
  outputs?: Record<string, string>
  fails?: boolean
}

/** Answers by `JOB ACTION [mode gate hook event]`; what is not named answers as on a healthy day. */
export type Day = Record<string, Answer>

const region = {
  name: 'eu-west',
  environment: 'production-eu-west',
  'guard-environment': 'production-eu-west-guard',
  index: 1,
  predecessor: 'us-east',
  'predecessor-environment': 'production-us-east',
  'predecessor-guard-environment': 'production-us-east-guard',
}

/** One region that comes after another, with every part there is. */
export const planned = (
  parts: Partial<
    Record<
      | 'soak'
      | 'before'
      | 'infrastructure'
      | 'outputs'
      | 'share'
      | 'after-deploy'
      | 'after-rollout'
      | 'finished',
      boolean
    >
  > = {},
): string =>
  JSON.stringify([
    {
      ...region,
      parts: {
        soak: true,
        before: true,
        infrastructure: true,
        outputs: true,
        share: true,
        'after-deploy': true,
        'after-rollout': true,
        finished: true,
        ...parts,
      },
    },
  ])

/** What is to be put back, by the answer of the fence or the sweep. */
export const targets = (change: Record<string, unknown> = {}): string =>
  JSON.stringify([
    {
      ...{ transaction: 't-1', service: 'shop', region: 'eu-west', environment: 'production-eu-west' },
      ...{ reason: 'orders are lost', 'tell-failure': true },
      ...{ 'guard-environment': 'production-eu-west-guard', commit: 'a'.repeat(40), config: 'rollout.yml' },
      ...{ version: '1.0.0', image: '', digest: `sha256:${'a'.repeat(64)}`, ...change },
    },
  ])

export const healthy: Day = {
  'plan rollout-plan plan': {
    outputs: {
      service: 'shop',
      regions: planned(),
      'max-parallel': '1',
      delay: '1m',
      plan: '{}',
      reason: 'all',
    },
  },
  'find plan-apply regions': {
    outputs: {
      service: 'shop',
      regions: JSON.stringify(
        ['us-east', 'eu-west'].map((name) => ({
          ...{ title: name, name, environment: `production-${name}` },
          ...{ path: 'infrastructure', stack: '', needs: '' },
        })),
      ),
    },
  },
  'plan plan-apply plan': {
    outputs: { outcome: 'planned', 'plan-id': '7', 'plan-sha256': `sha256:${'a'.repeat(64)}` },
  },
  'say restore-point steer': { outputs: { targets: targets() } },
  'soak rollout-plan predecessor': {
    outputs: { proceed: 'true', 'predecessor-transaction': 't-0', 'predecessor-commit': 'a'.repeat(40) },
  },
  'soak health-gate watch after-rollout': { outputs: { verdict: 'pass' } },
  'prepare rollout-plan region': { outputs: { proceed: 'true' } },
  'prepare plan-apply plan': {
    outputs: { outcome: 'planned', 'plan-id': '7', 'plan-sha256': `sha256:${'a'.repeat(64)}` },
  },
  'deploy restore-point begin': { outputs: { transaction: 't-1', outcome: 'begun' } },
  'deploy restore-point begin onto the old arm': { outputs: { transaction: 't-2', outcome: 'begun' } },
  'deploy restore-point restore': { outputs: { outcome: 'restored' } },
  'guard restore-point restore': { outputs: { outcome: 'nothing-open' } },
  'guard-predecessor restore-point restore': { outputs: { outcome: 'restored' } },
  'fence restore-point fence': { outputs: { targets: targets() } },
  'find restore-point sweep': { outputs: { targets: targets(), outcome: 'found' } },
  'workload restore-point restore': { outputs: { outcome: 'restored' } },
  'report audit-summary report': { outputs: { outcome: 'succeeded' } },
}

/** Run by a shell: starting Node for each of the thousand steps of this test would take most of its time. */
const STUB = (name: string): string => `
[ -n "$STATE_main" ] && exit 0
echo main=true >>"$GITHUB_STATE"
key="$GITHUB_JOB ${name}"
for word in "$INPUT_MODE" "$INPUT_GATE" "$INPUT_HOOK" "$INPUT_EVENT"; do
  [ -n "$word" ] && key="$key $word"
done
[ -n "$INPUT_FINISHES" ] && key="$key onto the old arm"
[ -f "$STUB_DAY/$key" ] && cat "$STUB_DAY/$key" >>"$GITHUB_OUTPUT"
[ ! -f "$STUB_DAY/$key.fails" ]
`

/** What the stubs answer on a day, a file each. */
async function writeDay(folder: string, day: Day): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  for (const [key, { outputs = {}, fails = false }] of Object.entries({ ...healthy, ...day })) {
    const lines = Object.entries(outputs).map(([name, value]) => `${name}<<END\n${value}\nEND\n`)
    await writeFile(join(folder, key), lines.join(''))
    if (fails) await writeFile(join(folder, `${key}.fails`), '')
  }
}

export const CALLER = `
name: Deploy
on: workflow_dispatch
permissions: {}
jobs:
  rollout:
    permissions: { contents: read, actions: read, deployments: write, id-token: write }
    uses: acme/deploy-actions/.github/workflows/rollout.yml@v1
    with: { version: 1.0.0, digest: 'sha256:${'a'.repeat(64)}' }
`

/** What a person runs. */
export const EMERGENCY_CALLER = `
name: Emergency rollback
on: workflow_dispatch
permissions: {}
jobs:
  rollback:
    permissions: { contents: read, actions: write, deployments: write, id-token: write }
    uses: acme/deploy-actions/.github/workflows/emergency-rollback.yml@v1
    with: { service: shop, region: all, reason: orders are lost }
`

/** What GitHub starts when a run has ended. */
export const SWEEP_CALLER = `
name: Sweeper
on: workflow_dispatch
permissions: {}
jobs:
  sweep:
    permissions: { contents: read, actions: write, deployments: write, id-token: write }
    uses: acme/deploy-actions/.github/workflows/sweeper.yml@v1
`

/** What GitHub starts once a day. */
export const DRIFT_CALLER = `
name: Drift
on: workflow_dispatch
permissions: {}
jobs:
  drift:
    permissions: { contents: read, id-token: write, issues: write }
    uses: acme/deploy-actions/.github/workflows/drift.yml@v1
`

/** What a person runs, or a push starts. */
export const INFRASTRUCTURE_CALLER = `
name: Infrastructure
on: workflow_dispatch
permissions: {}
jobs:
  infrastructure:
    permissions: { contents: read, actions: read, id-token: write }
    uses: acme/deploy-actions/.github/workflows/infrastructure.yml@v1
`

/** What a person says to a rollout that is under way. */
export const steerCaller = (say: string): string => `
name: Steer
on: workflow_dispatch
permissions: {}
jobs:
  steer:
    permissions: { contents: read, actions: read, deployments: write }
    uses: acme/deploy-actions/.github/workflows/steer.yml@v1
    with: { service: shop, region: all, say: ${say}, reason: a hotfix }
`

interface StubbedWorld extends TestWorld {
  /** What the stubs answer from now on. */
  become(day: Day): Promise<void>
}

/** The real templates (or changed copies of them) over stub actions. */
export async function stubbedWorld(
  templates: Record<string, string>,
  caller = CALLER,
  options: Partial<Pick<EngineOptions, 'approve' | 'onEvent'>> = {},
): Promise<StubbedWorld> {
  const actions = await readActions()
  const folder = await mkdtemp(join(tmpdir(), 'day-'))
  const today = join(folder, 'day')
  const world = await testWorld(caller, {
    suite: {
      ...actions,
      ...Object.fromEntries(
        Object.entries(templates).map(([name, text]) => [`.github/workflows/${name}`, text]),
      ),
    },
    jobEnvironment: () => ({ STUB_DAY: today }),
    node: '/bin/sh',
    ...options,
  })
  return {
    ...world,
    become: (day) => writeDay(today, day),
    async remove() {
      await Promise.all([world.remove(), rm(folder, { recursive: true })])
    },
  }
}

/** What a run meets. */
export interface Played {
  day: Day
  /** environments whose reviewers say no */
  reject?: readonly string[]
  /** the day on which all its jobs are run again */
  again?: Day
}

/** Plays a run. Gives its last attempt. */
export async function playDay(
  templates: Record<string, string>,
  { day, reject = [], again }: Played,
  caller = CALLER,
): Promise<RunView> {
  const world = await stubbedWorld(templates, caller, {
    approve: ({ environment }) =>
      Promise.resolve(
        reject.includes(environment) ? { state: 'rejected', comment: 'no' } : { state: 'approved' },
      ),
  })
  try {
    await world.become(day)
    const first = await world.run()
    if (again === undefined) return first
    await world.become(again)
    return await (
      await world.start({ rerunOf: first })
    ).done
  } finally {
    await world.remove()
  }
}

/** What a run did: every job with its conclusion, and every step of the template that ran or was skipped. */
export function trace(run: RunView): string[] {
  return run.jobs
    .flatMap(({ name, conclusion, steps }) => [
      `${name}: ${conclusion}`,
      ...steps
        .filter((step) => !/^(Post |Set up job$|Complete job$)/.test(step.name))
        .map((step) => `${name} / ${step.name}: ${step.conclusion}`),
    ])
    .sort()
}

/** The templates by file name. */
export async function readTemplates(): Promise<Record<string, string>> {
  const folder = join(process.cwd(), 'workflows-templates')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yml'))
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  )
}

async function readActions(): Promise<Record<string, string>> {
  const folder = join(process.cwd(), 'actions')
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  const files = await Promise.all(
    names.map(async (name) => [
      [`${name}/action.yml`, await readFile(join(folder, name, 'action.yml'), 'utf8')],
      [`${name}/dist/index.js`, STUB(name)],
    ]),
  )
  return Object.fromEntries(files.flat())
}
