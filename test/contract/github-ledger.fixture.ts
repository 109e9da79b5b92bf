import type { Ledger, TransactionRecord } from '@deploy-actions/ledger'
import { defined } from '@deploy-actions/rollout'
import { createFakeClock, createFakePorts, type FakeClock, type FakePorts } from '@deploy-actions/testing'
import type { Permissions, RunView } from '@deploy-actions/workflow-engine'
import { inputs as schema } from '../../actions/restore-point/src/inputs'
import { main } from '../../actions/restore-point/src/main'
import type { Outputs } from '../../actions/restore-point/src/outputs'
import { mainSha, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { createGitHubLedger, type LedgerPorts } from '../../packages/ledger/src/github-ledger'

export const writing: Permissions = { deployments: 'write', actions: 'read', contents: 'read' }

/** A job of a run that rolls out. */
export interface OurJob {
  /** the id of its run, which is begun with the first job of it */
  run: number
  attempt?: number
  service?: string
  permissions?: Permissions
  now?: string
  /** how its run differs from one of deploy.yml on main, which calls our rollout.yml */
  change?: Partial<RunView>
  warnings?: string[]
  rememberMs?: number
  answerWithinMs?: number
  clock?: FakeClock
  proven?: readonly string[]
}

/** Our ledger in a job of its own. */
export function githubLedger(
  world: TestGitHub,
  {
    run: id,
    attempt = 1,
    service = 'shop',
    permissions = writing,
    now = '2026-11-20T12:00:00.000Z',
    change = {},
    warnings = [],
    rememberMs = 0,
    answerWithinMs,
    clock = createFakeClock(),
    proven = [],
  }: OurJob,
): Ledger {
  const known = world.runs.find((run) => run.id === id && run.attempt === attempt)
  const run =
    known ?? world.begin({}, { id, attempt, path: deployYml, referencedWorkflows: [ours], ...change }).run
  const job = world.join(run, permissions)
  const { log, signal } = createFakePorts()
  const began = clock.now().getTime()
  const ports: LedgerPorts = {
    github: world.client(job),
    artifacts: world.artifacts(job, run),
    context: world.context(run),
    clock: { ...clock, now: () => new Date(Date.parse(now) + clock.now().getTime() - began) },
    signal,
    log: { ...log, warning: (line) => void warnings.push(line) },
  }
  return createGitHubLedger(service, ports, defined({ rememberMs, answerWithinMs, proven }))
}

export const deployYml = '.github/workflows/deploy.yml'
export const ours = {
  path: 'acme/deploy-actions/.github/workflows/rollout.yml@refs/tags/v1',
  sha: 'b'.repeat(40),
  ref: 'refs/tags/v1',
}

/** What a run opens in eu-west, unless changed. */
export function record(run: number, change: Partial<TransactionRecord> = {}): TransactionRecord {
  const { service = 'shop', region = 'eu-west' } = change
  return {
    v: 1,
    id: `${run}-1-${service}-${region}-1`,
    service,
    region,
    environment: `production-${region}`,
    release: { version: '1.3.0', digest: `sha256:${'1'.repeat(64)}` },
    commit: mainSha,
    run: {
      id: run,
      attempt: 1,
      workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
      actor: 'ann',
    },
    correlationId: 'c-1',
    openedAt: '2026-11-20T10:00:00.000Z',
    restore: [{ kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } }],
    ...change,
  }
}

/** The time of {@link jobOf}. */
const JOB_BEGAN = '2026-11-20T10:05:00.000Z'

/** A job of that run of deploy.yml, which has begun with the first of them; its steps share RUNNER_TEMP. */
export function jobOf(world: TestGitHub, id: number, permissions = writing): FakePorts {
  const begun =
    world.runs.find((one) => one.id === id) ??
    world.begin({}, { id, path: deployYml, referencedWorkflows: [ours], createdAt: JOB_BEGAN }).run
  const token = world.join(begun, permissions)
  const ports = createFakePorts({ clock: createFakeClock(JOB_BEGAN) })
  return {
    ...ports,
    github: world.client(token),
    artifacts: world.artifacts(token, begun),
    context: { ...ports.context, ...world.context(begun), temp: ports.context.temp },
  }
}

/** restore-point with these inputs, over the ledger at GitHub. */
export const restorePoint = (ports: FakePorts, inputs: Record<string, string>): Promise<Outputs | Error> =>
  main(schema.parse({ ledger: 'github', ...inputs }), ports).catch((error: Error) => error)
