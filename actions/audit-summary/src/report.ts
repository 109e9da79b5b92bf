import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GateFailed, listApprovals, type Ports } from '@deploy-actions/action-kit'
import { rootOf } from '@deploy-actions/evidence'
import { defined } from '@deploy-actions/rollout'
import { gatherChains } from './chains'
import type { Inputs } from './inputs'
import { infrastructureResults } from './infrastructure'
import { listJobs, ofSameRollout } from './jobs'
import { reportMarkdown } from './markdown'
import type { Outputs } from './outputs'
import { regionResults } from './regions'
import type { RunEvidence } from './run-evidence'
import { isSafe, safeNow, takenBackResults } from './taken-back'

/** Gathers and verifies the evidence of the run, and says whether every planned region is where it should be. */
export async function report(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const service = inputs.plan?.service ?? inputs.service
  if (service !== undefined) ports.evidence.about({ service })
  const evidence = await gather(service, inputs, ports)
  const markdown = reportMarkdown(evidence)
  const artifact = await upload(evidence, markdown, ports)
  ports.summary.add(markdown)
  const { complete, root, regions, problems } = evidence
  ports.evidence.facts({ complete, root, problems, regions })
  for (const problem of problems) ports.log.warning(problem)
  const outputs = {
    'artifact-id': artifact.id,
    ...defined({ 'artifact-digest': artifact.digest }),
    'chain-head': root,
    complete,
    regions,
  }
  if (evidence.takenBack) return { ...takenBackOutcome(evidence.takenBack, outputs), ...outputs }
  const undone = regions.filter(({ outcome }) => outcome !== 'promoted' && outcome !== 'skipped')
  if (undone.length > 0)
    throw new GateFailed(
      `the rollout did not reach all its regions: ${undone.map(({ name, outcome, reason }) => `${name} ${outcome} (${reason})`).join('; ')}`,
      { outputs },
    )
  const reason = inputs.plan
    ? `every region is promoted or skipped: ${regions.map(({ name, outcome }) => `${name} ${outcome}`).join(', ')}`
    : `${evidence.chains.length} evidence chains gathered`
  ports.log.info(reason)
  return { outcome: inputs.plan ? 'succeeded' : 'reported', reason, ...outputs }
}

/** @throws GateFailed unless all of it is back, the traffic and the rest */
function takenBackOutcome(
  { targets: results, spared }: NonNullable<RunEvidence['takenBack']>,
  outputs: Partial<Outputs>,
): Pick<Outputs, 'outcome' | 'reason'> {
  if (results.length === 0) return { outcome: 'reported', reason: 'nothing was taken back' }
  const unfinished = results.filter((one) => !isSafe(one) || one.state !== 'restored')
  const reason = safeNow(results, spared)
  const isWhole = unfinished.length === 0 && spared.every(({ isOther }) => isOther)
  if (isWhole) return { outcome: 'succeeded', reason }
  throw new GateFailed(
    unfinished.length === 0
      ? reason
      : `${reason}. Not finished: ${unfinished.map(({ region, note }) => `${region} (${note})`).join('; ')}`,
    { outputs },
  )
}

async function gather(service: string | undefined, inputs: Inputs, ports: Ports): Promise<RunEvidence> {
  const { runId, attempt, workflowRef, actor, sha } = ports.context
  const [gathered, all, approvals] = await Promise.all([
    gatherChains(ports),
    listJobs(ports),
    listApprovals(ports),
  ])
  const jobs = ofSameRollout(all, inputs['job-id'])
  const elsewhere = new Set(all.filter((job) => !jobs.includes(job)).map(({ id }) => id))
  const chains = gathered.filter(({ jobId }) => jobId === null || !elsewhere.has(jobId))
  const regions = inputs.plan
    ? await regionResults(
        inputs.plan,
        inputs.ledger,
        { approvals, records: chains.flatMap(({ records }) => records) },
        ports,
      )
    : []
  const takenBack = inputs.targets
    ? {
        service: service ?? null,
        spared: inputs.spared ?? [],
        targets: await takenBackResults(
          inputs.targets,
          { ledgerSpec: inputs.ledger, records: chains.flatMap(({ records }) => records) },
          ports,
        ),
      }
    : null
  const ofJob = new Map(chains.map((chain) => [chain.jobId, chain]))
  // The report itself still runs: its own chain is uploaded after it.
  const others = jobs.filter(({ id }) => id !== inputs['job-id'])
  const problems = [
    ...chains.flatMap(({ artifact, problems }) => problems.map((problem) => `${artifact}: ${problem}`)),
    ...others
      .filter((job) => job.ours && job.ran && !ofJob.has(job.id))
      .map(({ name, conclusion }) => `job ${name} (${conclusion ?? 'no conclusion'}) left no evidence`),
  ]
  return {
    v: 1,
    run: { id: runId, attempt, workflowRef, actor, commit: sha },
    plan: inputs.plan ?? null,
    regions,
    infrastructure: infrastructureResults(chains.flatMap(({ records }) => records)),
    takenBack,
    jobs: others.map((job) => ({
      ...job,
      head: ofJob.get(job.id)?.head ?? null,
      records: ofJob.get(job.id)?.records.length ?? 0,
    })),
    approvals,
    chains,
    complete: problems.length === 0,
    problems,
    root: rootOf(chains.flatMap(({ head }) => head ?? [])),
  }
}

async function upload(evidence: RunEvidence, markdown: string, { artifacts, context }: Ports) {
  const folder = join(context.temp, 'deploy-actions', 'report')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'evidence.json'), `${JSON.stringify(evidence, null, 2)}\n`)
  await writeFile(join(folder, 'report.md'), `${markdown}\n`)
  return artifacts.upload(
    ['rollout-report', ...(evidence.plan ? [evidence.plan.service] : []), context.attempt].join('-'),
    folder,
    ['evidence.json', 'report.md'],
  )
}
