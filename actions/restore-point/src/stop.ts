import { z } from 'zod'
import { GateFailed, InputError, ProviderError, type Ports } from '@deploy-actions/action-kit'
import type { TransactionRecord } from '@deploy-actions/ledger'
import { formatDuration, lazily } from '@deploy-actions/rollout'
import { findNamed, whereOf } from './find-record'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { runStatus } from './run-status'

const INFRASTRUCTURE = 'Apply the infrastructure'
/** Steps of our workflows that are let end: what they change has no way back from its middle, or they are the way back. */
export const LET_END = [
  ...[INFRASTRUCTURE, 'Deploy onto the canary arm', 'Deploy onto the old arm'],
  ...['Restore', 'Put the old arm back', 'Restore what is open', 'Restore the region before'],
  'Restore the region',
]

/** A job that has just been cancelled ends within seconds; one that takes its time is not asked after all the time. */
const LOOK_EVERY_MS = 5_000
const LOOK_SELDOM_MS = 30_000
/** A deploy may take its half hour, and a cancelled job has five minutes. */
const WITHIN_MS = 45 * 60_000
const MINUTE_MS = 60_000

const runJob = lazily(() =>
  z.looseObject({
    name: z.string(),
    status: z.string(),
    conclusion: z.string().nullish(),
    steps: z.array(z.looseObject({ name: z.string(), status: z.string() })).nullish(),
  }),
)
type RunJob = z.infer<ReturnType<typeof runJob>>

/**
 * Ends the run that opened a transaction, so that its workload can be put back: cancels it, unless it is in the middle of
 * what is not to be cut short, and waits for the job that writes to the target. Never for the run itself, whose guard may
 * be waiting behind whoever waits here.
 * @throws GateFailed when that job does not end
 */
export async function stop(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const { record } = await findNamed(await whereOf(inputs, ports), inputs.to)
  const { id, region, run, service, environment } = record
  ports.evidence.about({ service, region, environment, transaction: id })
  if (run.id === ports.context.runId)
    throw new InputError([
      { where: 'input `to`', message: `${id} is of this very run; \`mode: stop\` is for that of another` },
    ])
  const reason =
    inputs.ledger === 'github'
      ? await ended(record, inputs, ports)
      : `a ledger of files has no run of GitHub's beside it: nothing is to be stopped`
  ports.log.info(reason)
  return { outcome: 'stopped', reason, transaction: id }
}

async function ended(record: TransactionRecord, inputs: Inputs, ports: Ports): Promise<string> {
  const { clock, log, signal } = ports
  const { id: run } = record.run
  const status = await runStatus(run, ports.github)
  if (status === 'completed') return `run ${run} has ended`
  if (inputs['dry-run']) return `would stop run ${run}, which is ${status}`
  const began = clock.now().getTime()
  let isCancelled = !inputs.cancel
  let saidAtMs = -Infinity
  for (;;) {
    const jobs = await jobsOf(run, ports)
    const uncut = jobs.find((job) => uncutStep(job) !== undefined)
    if (!isCancelled && uncut === undefined) {
      isCancelled = true
      await cancel(run, ports)
      log.info(`run ${run} is cancelled: what of it is under way elsewhere is put back by its own jobs`)
      continue
    }
    const writers = writersOf(jobs, record.region)
    const writing = writers.filter((job) => job.status === 'in_progress')
    // A job that waits for an approval writes nothing, and none is to come that could.
    if (writing.length === 0 && isCancelled) return describe(writers, record)
    const elapsedMs = clock.now().getTime() - began
    if (elapsedMs > WITHIN_MS)
      throw notEnded(writing.length > 0 ? writing : [uncut].flatMap((job) => job ?? []), uncut, run, ports)
    if (elapsedMs - saidAtMs >= MINUTE_MS) {
      saidAtMs = elapsedMs
      log.info(
        uncut === undefined
          ? `${namesOf(writing)} of run ${run} is waited for`
          : `run ${run} is not cancelled while ${uncut.name} is at "${uncutStep(uncut)}"`,
      )
    }
    await clock.sleep(Math.min(LOOK_SELDOM_MS, LOOK_EVERY_MS + elapsedMs / 10), signal)
  }
}

const namesOf = (jobs: readonly RunJob[]): string => `job ${jobs.map(({ name }) => name).join(', ')}`

const notEnded = (
  writing: readonly RunJob[],
  uncut: RunJob | undefined,
  run: number,
  { context: { owner, repo } }: Pick<Ports, 'context'>,
): GateFailed => {
  const next =
    uncut && uncutStep(uncut) === INFRASTRUCTURE
      ? `${uncut.name} applies its infrastructure, and ended by force that would leave its lock, and what it has done may be lost: wait until it has ended, and run this job again`
      : `end the run by force (gh api -X POST /repos/${owner}/${repo}/actions/runs/${run}/force-cancel), and run this job again`
  return new GateFailed(
    `${namesOf(writing)} of run ${run} has not ended after ${formatDuration(WITHIN_MS)}: the workload is left as it is while that may write; ${next}`,
  )
}

/** Of the latest attempt. Source: REST API, "List jobs for a workflow run". */
async function jobsOf(run: number, { github }: Ports): Promise<RunJob[]> {
  const jobs = await github.list<unknown>(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs',
    { run_id: run },
    { permission: 'actions: read', pick: 'jobs' },
  )
  return jobs.map((job) => runJob().parse(job))
}

/** GitHub takes no cancel of a run that has ended meanwhile. Source: REST API, "Cancel a workflow run". */
async function cancel(run: number, { github }: Ports): Promise<void> {
  try {
    await github.request(
      'POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel',
      { run_id: run },
      { permission: 'actions: write' },
    )
  } catch (error) {
    if (!(error instanceof ProviderError && error.status === 409)) throw error
  }
}

/** Jobs that restore or report write nothing forward. */
const NOT_WRITERS = ['guard', 'guard-predecessor', 'plan', 'prepare', 'report', 'soak']

/**
 * The deploy jobs of a region by their names, `CALLER / REGION / deploy`; where the workflow is not ours, all of its jobs
 * that may write.
 */
function writersOf(jobs: readonly RunJob[], region: string): RunJob[] {
  const partsOf = ({ name }: RunJob): string[] => name.split(' / ')
  const ours = jobs.filter((job) => partsOf(job).length > 1 && partsOf(job).at(-1) === 'deploy')
  const here = ours.filter((job) => {
    const leg = partsOf(job).at(-2)
    return leg === region || leg?.endsWith(`(${region})`)
  })
  return ours.length > 0 ? here : jobs.filter((job) => !NOT_WRITERS.includes(partsOf(job).at(-1) ?? ''))
}

/** The step that a job is at, where that is one of those that are let end. */
const uncutStep = ({ status, steps }: RunJob): string | undefined =>
  status === 'in_progress'
    ? (steps ?? []).find((step) => step.status === 'in_progress' && LET_END.includes(step.name))?.name
    : undefined

const describe = (writers: readonly RunJob[], { region, run }: TransactionRecord): string =>
  writers.length === 0
    ? `no job of run ${run.id} that writes to ${region} has begun`
    : `of run ${run.id}: ${writers.map(({ name, status, conclusion }) => `job ${name} is ${conclusion ?? status}`).join(', ')}`
