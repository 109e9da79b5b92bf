import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readChain, type EvidenceRecord } from '@deploy-actions/evidence'
import { readDeployment, type TransactionRecord } from '@deploy-actions/ledger'
import {
  sameWeights,
  weights,
  type Release,
  type TransactionState,
  type Weights,
} from '@deploy-actions/rollout'
import type { Deployment, GitHubEmulator, UploadedArtifact } from '@deploy-actions/github-emulator'
import type { RegionReading } from '@deploy-actions/embedded-regions'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'
import type { Releases } from './example-cluster'
import type { States } from './example-infrastructure'
import { writeSummaries } from './job-pages'
import { regionOfJob } from './region-jobs'
import type { SharesResult } from './shares'
import type { WeightChange } from './watcher'

/** What became of a region in a rehearsal. */
export interface RegionResult {
  name: string
  outcome: 'promoted' | 'restored' | 'unverified' | 'restore-failed' | 'not-started' | 'skipped'
  /** its deploy job got as far as `begin` */
  proceeded: boolean
  /** by the proxy's own reading */
  weights: { before: Weights; after: Weights }
  /** each vector that the proxy was seen to hold, oldest first */
  held: Weights[]
  /** who serves at the end: the weights among the arms that the proxy sends traffic to */
  serving: Weights
  /** what ran on each arm, and runs at the end */
  arms: { before: Record<string, Release>; after: Record<string, Release> }
  /** where it is deployed by Helm: its releases with their revisions, oldest first, as Helm has them at the end */
  releases?: Releases
  stages: { weight: number; verdict: string; reason: string; durationMs: number }[]
  rolledBack: boolean
  rollbackVerified: boolean
  /** real milliseconds from `rollbackFrom` to the verified read-back; null when nothing was rolled back */
  rollbackMs: number | null
  /** the breaching sample, or the start of the restore where no sample breached (cancel, lost runner, red gate) */
  rollbackFrom: 'breach' | 'restore' | null
  /** scaled milliseconds during which the canary arm had traffic before it was taken back; null when it kept it */
  exposureMs: number | null
  requests: number
  failed: number
  /** failed requests that were not the app's own answer: the proxy's 502-504, and connections that broke */
  failedOutsideApp: number
  /** scaled seconds of whose requests, sent by the clients, more than half failed */
  failingSeconds: number
  /** the router's commands that changed something, as the proxy got them, oldest first */
  commands: string[]
  /** calls of GitHub's REST API that the jobs of the region made */
  githubCalls: number
  /** the same by method and route, such as `POST /deployments/{id}/statuses` */
  githubRoutes: Record<string, number>
  /** what the ledger's transactions of this run were marked as, oldest first; without what was said with it */
  marks: TransactionState[]
}

export interface RehearsalResult {
  v: 1
  conclusion: string
  speed: number
  wallMs: number
  regions: RegionResult[]
  /** what the state of each region's infrastructure holds, where the example has one */
  states?: States
  /** what became of the regions' shares, where a router steers them */
  shares?: SharesResult
  /** calls of GitHub's REST API that all jobs of the run made: those of its regions, its plan and its report */
  githubCalls: number
  evidence: { complete: boolean; root: string | null }
  report: { markdown: string | null; json: string | null; summaries: string[] }
  /** what the webhook was told, in order */
  told: string[]
  /** what a person had taken back, and what the sweeper put back */
  emergencies: EmergencyResult[]
  /** how each run ended in which a person said something to the rollout */
  steers: string[]
  /** faults of the scenario whose moment never came: what was to be rehearsed did not happen */
  notStruck: string[]
}

/** A run of the emergency rollback, or of the sweeper. */
export interface EmergencyResult {
  /** its name */
  workflow: string
  conclusion: string
  /** real milliseconds from its start until the traffic of a region was verified, by region; null where it was not */
  safeMs: Record<string, number | null>
  /** the summary of its report */
  report: string
}

/** Everything the result is read from: the proxies, the emulated GitHub, and what the jobs uploaded. */
export interface Observed {
  run: RunView
  speed: number
  wallMs: number
  before: Record<string, RegionReading>
  after: Record<string, RegionReading>
  /** by region, where the example is deployed by Helm */
  releases?: Record<string, Releases> | undefined
  changes: readonly WeightChange[]
  shares: SharesResult | undefined
  /** of the regions' infrastructure, where the example has one */
  states?: States | undefined
  /** runs of the emergency rollback and of the sweeper */
  emergencies: readonly RunView[]
  /** runs in which a person said something to the rollout */
  steers: readonly RunView[]
  deployments: readonly Deployment[]
  artifacts: readonly UploadedArtifact[]
  emergencyArtifacts: readonly UploadedArtifact[]
  /** every request to the emulated GitHub */
  calls: GitHubEmulator['calls']
  webhook: readonly unknown[]
  notStruck: readonly unknown[]
  folder: string
  /** the region that a workflow without rollout.yml works on: its transactions name none of ours */
  ownWorkflowRegion: string | undefined
  /** the run is one of the emergency rollback: what it took back was rolled out by another */
  isEmergency?: true
}

const reportFile = z.looseObject({
  complete: z.boolean(),
  root: z.string(),
  plan: z.looseObject({ skipped: z.array(z.looseObject({ name: z.string() })) }).nullable(),
})

export async function resultOf(observed: Observed): Promise<RehearsalResult> {
  const { run, speed, wallMs, artifacts, after } = observed
  const reports = artifacts.filter(({ name }) => name.startsWith('rollout-report-'))
  const reportFolder = reports.at(-1)?.folder
  const read = await Promise.all(
    reports.map(async ({ folder }) =>
      reportFile.parse(JSON.parse(await readFile(join(folder, 'evidence.json'), 'utf8'))),
    ),
  )
  const report = read.at(-1)
  const records = await readRecords([...artifacts, ...observed.emergencyArtifacts])
  const skipped = new Set(report?.plan?.skipped.map(({ name }) => name))
  return {
    v: 1,
    conclusion: run.conclusion ?? 'none',
    speed,
    wallMs,
    regions: Object.keys(after).map((name) => regionResult(name, observed, records, skipped.has(name))),
    ...(observed.shares && { shares: observed.shares }),
    ...(observed.states && { states: observed.states }),
    githubCalls: callsOf(run.jobs, observed.calls).length,
    evidence: {
      complete: report !== undefined && read.every(({ complete }) => complete),
      root: report?.root ?? null,
    },
    report: {
      markdown: reportFolder === undefined ? null : join(reportFolder, 'report.md'),
      json: reportFolder === undefined ? null : join(reportFolder, 'evidence.json'),
      summaries: await writeSummaries(run, observed.folder),
    },
    emergencies: observed.emergencies.map((one) => emergencyResult(one, Object.keys(after), speed)),
    steers: observed.steers.map(({ conclusion }) => conclusion ?? 'none'),
    notStruck: observed.notStruck.map((fault) => JSON.stringify(fault)),
    told: observed.webhook.flatMap((body) => {
      const { event } = body as { event?: { kind: string; region?: string } }
      return event ? [event.region === undefined ? event.kind : `${event.kind} ${event.region}`] : []
    }),
  }
}

/** The step of restore-region.yml that makes a region safe. */
const SAFE_STEP = 'Put the traffic back'

function emergencyResult(run: RunView, regions: readonly string[], speed: number): EmergencyResult {
  const safe = run.jobs.flatMap((job) => {
    const region = regionOfJob(job, regions)
    const step = job.key === 'traffic' ? job.steps.find(({ name }) => name === SAFE_STEP) : undefined
    if (region === undefined || step === undefined) return []
    const scaledMs = Date.parse(step.completedAt ?? '') - Date.parse(run.createdAt)
    return [[region, step.conclusion === 'success' ? Math.round(scaledMs / speed) : null] as const]
  })
  const report = run.jobs.find(({ key }) => key === 'report')?.steps.map(({ summary }) => summary) ?? []
  return {
    workflow: run.name,
    conclusion: run.conclusion ?? 'none',
    safeMs: Object.fromEntries(safe),
    report: report.filter(Boolean).join('\n'),
  }
}

const restoreFacts = z.looseObject({
  stages: z
    .array(
      z.looseObject({ weight: z.number(), verdict: z.string(), reason: z.string(), durationMs: z.number() }),
    )
    .optional(),
  restored: z
    .array(z.looseObject({ kind: z.string(), ok: z.boolean(), weights: weights.optional() }))
    .optional(),
  rollbackMs: z.number().optional(),
  restoreMs: z.number().optional(),
})

const trafficIsBack = ({ restored = [] }: z.infer<typeof restoreFacts>): boolean =>
  restored.every(({ kind, ok }) => kind !== 'traffic' || ok)

function regionResult(
  name: string,
  { before, after, changes, deployments, run, ownWorkflowRegion, calls, isEmergency, releases }: Observed,
  records: readonly EvidenceRecord[],
  skipped: boolean,
): RegionResult {
  const [first, last] = [before[name] as RegionReading, after[name] as RegionReading]
  const here = records.filter((record) => record.region === name)
  const takenBack = new Set(here.map(({ transaction }) => transaction))
  const own = transactionsOf(deployments, ({ id, region, run: by }) =>
    isEmergency
      ? takenBack.has(id)
      : by.id === run.id &&
        (region === name || (name === ownWorkflowRegion && !Object.hasOwn(after, region))),
  )
  const facts = here.map((record) => restoreFacts.parse(record.facts ?? {}))
  const rolledBack = facts.some(({ restored = [] }) => restored.length > 0)
  // Whoever came first may have failed, and a later one not.
  const restores = facts.filter(({ restored = [] }) => restored.some(({ kind }) => kind === 'traffic'))
  const verified = restores.find(
    (restore) => trafficIsBack(restore) && (restore.rollbackMs ?? restore.restoreMs) !== undefined,
  )
  // What a rollout has found is where it goes back to; what another one had found, its restore says.
  const found = isEmergency
    ? restores.at(-1)?.restored?.find((point) => point.weights)?.weights
    : first.weights
  const back = found !== undefined && sameArms(found, last.weights)
  const jobs = run.jobs.filter((job) => regionOfJob(job, Object.keys(after)) === name)
  const asked = callsOf(jobs, calls)
  return {
    name,
    outcome: skipped ? 'skipped' : own[0] === undefined ? 'not-started' : OUTCOMES[own[0].at(-1) ?? 'open'],
    proceeded: own.length > 0,
    weights: { before: first.weights, after: last.weights },
    held: heldIn(name, changes),
    serving: last.effective,
    arms: { before: releasesOn(first), after: releasesOn(last) },
    ...(releases?.[name] && { releases: releases[name] }),
    stages: facts.flatMap(({ stages = [] }) =>
      stages.map(({ weight, verdict, reason, durationMs }) => ({ weight, verdict, reason, durationMs })),
    ),
    rolledBack,
    // The action's word and the proxy's own reading must agree.
    rollbackVerified: back && restores.slice(-1).some(trafficIsBack),
    rollbackMs: verified?.rollbackMs ?? verified?.restoreMs ?? null,
    rollbackFrom: rolledBack ? (verified?.rollbackMs === undefined ? 'restore' : 'breach') : null,
    exposureMs: rolledBack && found ? exposure(name, found, changes) : null,
    requests: last.requests - first.requests,
    failed: sum(last.failed) - sum(first.failed),
    failedOutsideApp:
      last.failed.proxy + last.failed.connection - first.failed.proxy - first.failed.connection,
    failingSeconds: last.failingSeconds - first.failingSeconds,
    commands: last.commands,
    githubCalls: asked.length,
    githubRoutes: byRoute(asked),
    marks: own.toReversed().flat(),
  }
}

const releasesOn = ({ arms }: RegionReading): Record<string, Release> =>
  Object.fromEntries(Object.entries(arms).map(([arm, { version, digest }]) => [arm, { version, digest }]))

const OUTCOMES: Record<TransactionState, RegionResult['outcome']> = {
  committed: 'promoted',
  restored: 'restored',
  unverified: 'unverified',
  'restore-failed': 'restore-failed',
  open: 'restore-failed',
  restoring: 'restore-failed',
  resolved: 'restore-failed',
  superseded: 'not-started',
}

/** The marks of each transaction that is meant: newest transaction first, its oldest mark first. */
function transactionsOf(
  deployments: readonly Deployment[],
  isMeant: (record: TransactionRecord) => boolean,
): TransactionState[][] {
  return deployments.flatMap(({ payload, statuses }) => {
    const transaction = readDeployment(payload, statuses)
    if (!transaction || !isMeant(transaction.record)) return []
    const states = transaction.marks.map(({ state }) => state)
    // What only followed a commit, and was undone, leaves that as it is.
    return transaction.record.finishes && states.at(-1) === 'restored' ? [] : [states]
  })
}

/** What the quota of the repository is spent on: not on artifacts, nor on what has not changed since it was asked last. */
function callsOf(jobs: readonly JobView[], calls: Observed['calls']): Observed['calls'] {
  const ids = new Set(jobs.map(({ id }) => id))
  return calls.filter(
    ({ job, path, status }) =>
      job !== undefined && ids.has(job) && path.startsWith('/repos/') && status !== 304,
  )
}

function byRoute(calls: Observed['calls']): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { method, path } of calls) {
    const route = path
      .replace(/^\/repos\/[^/]+\/[^/]+/, '')
      .replace(/\/\d+/g, '/{id}')
      .replace(/^\/environments\/[^/]+/, '/environments/{name}')
    counts[`${method} ${route}`] = (counts[`${method} ${route}`] ?? 0) + 1
  }
  return counts
}

/** Each run was watched by itself, and the next begins with what the one before has ended with. */
const heldIn = (region: string, changes: readonly WeightChange[]): Weights[] =>
  changes
    .filter((change) => change.region === region)
    .map(({ weights }) => weights)
    .filter((weights, index, all) => !sameWeights(weights, all[index - 1] ?? {}))

/** From the first moment that the weights differed until they were back. */
function exposure(region: string, baseline: Weights, changes: readonly WeightChange[]): number {
  const own = changes.filter((change) => change.region === region)
  const began = own.find(({ weights }) => !sameArms(weights, baseline))
  const ended = began && own.find(({ at, weights }) => at > began.at && sameArms(weights, baseline))
  return began && ended ? Math.round(ended.at - began.at) : 0
}

const sameArms = (a: Weights, b: Weights): boolean => Object.keys(a).every((arm) => a[arm] === b[arm])

const sum = (failed: RegionReading['failed']): number => failed.app + failed.proxy + failed.connection

/** What the jobs left, in the order in which it began; whether the chains hold is for the report to say. */
async function readRecords(artifacts: readonly UploadedArtifact[]): Promise<EvidenceRecord[]> {
  const folders = artifacts.filter(({ name }) => name.startsWith('evidence-'))
  const chains = await Promise.all(folders.map(({ folder }) => readChain(folder)))
  return chains.flatMap(({ records }) => records).sort((a, b) => a.startedAt.localeCompare(b.startedAt))
}
