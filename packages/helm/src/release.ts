import { access, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { GateFailed, type ChildResult, type ProviderPorts } from '@deploy-actions/action-kit'
import { lazily } from '@deploy-actions/rollout'
import { endedAs, isDone, reasonOf, saidBy, type Ended, type FailureReason } from './failure'
import {
  rollbackFlags,
  templateFlags,
  uninstallFlags,
  upgradeFlags,
  type Upgrade,
  type Writing,
} from './flags'
import { historyOf, type Revision } from './history'
import { hooksIn, manifestIn, readManifest, secretValuesIn, type RenderedManifest } from './manifest'
import { withPrivateFile } from './values-files'
import { majorOf, type Major } from './version'

/** Which release, and which Helm asks for it. */
export interface Where {
  program: string
  release: string
  namespace: string
  /** of the kubeconfig; default its current one */
  kubeContext?: string
  /** text of a kubeconfig, instead of what the job's environment names */
  kubeconfig?: string
  /** known where something is asked for in which the majors differ */
  major?: Major
}

/** What Helm needs beside the time in which workloads become ready. */
export const OVERHEAD_MS = 60_000
/** It is asked before and after a restore, and both are a part of its longest time. */
export const HISTORY_MS = 30_000
/** Revisions of a history that are read. */
const READ = 256

/** Source: helm, `driver.ErrReleaseNotFound`; both majors print it so. */
const NOT_FOUND = 'release: not found'

/** Source: helm, `kube.ClientUpdateOption`. */
const NOTHING_TO_FORCE = 'forceConflicts enabled when serverSideApply disabled'

/** What a render gave. */
export interface Rendering {
  ended: 'done'
  manifest: RenderedManifest
  /** false where it was longer than what is kept of it, which is its end */
  readAll: boolean
  /** what its Secrets hold, of those that are hooks, too */
  secretValues: string[]
}

/** What a render gave, or how it failed. */
export type Rendered = Rendering | (Ended & { ended: 'failed' | 'cancelled' })

/** What Helm keeps of a revision beside its manifest and values. */
const metadata = lazily(() =>
  z.looseObject({
    version: z.string().default(''),
    appVersion: z.string().default(''),
    revision: z.int(),
    status: z.string(),
    /** Helm 4 only */
    labels: z.record(z.string(), z.string()).optional(),
    /** Helm 4 only: who merged what it wrote, the API server or Helm; empty of what Helm 3 wrote */
    applyMethod: z.string().optional(),
  }),
)
export type Metadata = z.infer<ReturnType<typeof metadata>>

/** A release of Helm, 3 or 4. Nothing of a manifest or of values leaves it but names of images. */
export interface HelmRelease {
  readonly where: Where
  /** Oldest first; empty where there is no such release. @throws GateFailed when Helm does not tell */
  history(signal: AbortSignal): Promise<Revision[]>
  /** What would be written, by the API server's answer; nothing is. */
  render(upgrade: Upgrade, signal: AbortSignal): Promise<Rendered>
  /** As {@link render}, without the API server: for a chart whose kinds it does not know yet. */
  template(upgrade: Upgrade, signal: AbortSignal): Promise<Rendered>
  upgrade(upgrade: Upgrade, signal: AbortSignal): Promise<Ended>
  /** To this revision, never to "the one before", which may be one that failed. */
  rollback(revision: number, writing: Writing, signal: AbortSignal): Promise<Ended>
  /** Done also when somebody else was first. */
  uninstall(writing: Writing, signal: AbortSignal): Promise<Ended>
  /** The manifest of a revision, or of the last one; undefined when Helm does not tell. It may hold secrets: it is compared and read, not shown. */
  manifestOf(revision: number | undefined, signal: AbortSignal): Promise<string | undefined>
  /** The hooks of a revision, as {@link HelmRelease.manifestOf} its manifest. */
  hooksOf(revision: number | undefined, signal: AbortSignal): Promise<string | undefined>
  /** Undefined when Helm does not tell. */
  metadataOf(revision: number, signal: AbortSignal): Promise<Metadata | undefined>
}

/** Helm does not tell what there is: nothing can be put back, and nobody knows what stands. */
export class HistoryUnread extends GateFailed {
  constructor(
    message: string,
    readonly reason: FailureReason,
  ) {
    super(message)
  }
}

const revisionFlags = (revision: number | undefined): string[] =>
  revision === undefined ? [] : ['--revision', String(revision)]

type RunPorts = Pick<ProviderPorts, 'process' | 'workspace' | 'temp'>

export function openRelease(where: Where, ports: RunPorts): HelmRelease {
  const { program, release, namespace, kubeContext, kubeconfig, major } = where
  const place = [
    '--namespace',
    namespace,
    ...(kubeContext === undefined ? [] : ['--kube-context', kubeContext]),
  ]
  const start = (args: readonly string[], signal: AbortSignal, timeoutMs: number, cwd: string) =>
    ports.process.run({
      ...{ command: [program, ...args], cwd, env: {}, timeoutMs, signal },
      // The kubeconfig may name a program that asks a cloud for a token.
      cloudLogin: true,
    })
  const run = (
    args: readonly string[],
    signal: AbortSignal,
    timeoutMs = HISTORY_MS,
    cwd = ports.workspace,
  ): Promise<ChildResult> =>
    kubeconfig === undefined
      ? start(args, signal, timeoutMs, cwd)
      : withPrivateFile(ports.temp, kubeconfig, (file) =>
          start([...args, '--kubeconfig', file], signal, timeoutMs, cwd),
        )
  const upgradeArgs = (upgrade: Upgrade): string[] => [
    ...['upgrade', release, upgrade.chart.chart, ...place],
    ...upgradeFlags(upgrade, major),
  ]
  const templateArgs = (upgrade: Upgrade): string[] => [
    ...['template', release, upgrade.chart.chart, ...place],
    ...templateFlags(upgrade),
  ]
  /** Runs what takes a chart. */
  const withChart = (
    argsOf: (upgrade: Upgrade) => readonly string[],
    asked: Upgrade,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<ChildResult> =>
    withChartAsNamed(ports, asked, (upgrade, cwd) => run(argsOf(upgrade), signal, timeoutMs, cwd))
  const rendered = async (...chart: Parameters<typeof withChart>): Promise<Rendered> => {
    const result = await withChart(...chart)
    const how = endedAs(result)
    if (how.ended !== 'done') return { ...how, ended: how.ended }
    const manifest = await readManifest(manifestIn(result.stdout))
    const hooks = await readManifest(hooksIn(result.stdout))
    const names = [release, namespace]
    const secretValues = [manifest, hooks].flatMap((one) => secretValuesIn(one, names))
    return { ended: 'done', manifest, readAll: result.stdout.length < CUT, secretValues }
  }
  const told = async (args: readonly string[], signal: AbortSignal): Promise<string | undefined> => {
    const result = await run(args, signal)
    return isDone(result) ? result.stdout : undefined
  }
  /** A revision keeps its manifest, and each question to Helm costs a start of it. */
  const manifests = new Map<number, string>()
  return {
    where,
    async history(signal) {
      const result = await run(
        ['history', release, ...place, '--max', String(READ), '--output', 'json'],
        signal,
      )
      if (result.exitCode === 1 && result.stderr.includes(NOT_FOUND)) return []
      if (!isDone(result))
        throw new HistoryUnread(
          `the history of ${release} cannot be read: ${saidBy(result)}`,
          reasonOf(result.stderr),
        )
      return historyOf(result.stdout, release)
    },
    // Helm prints the manifest of an upgrade only where nobody describes it.
    render: ({ description: _, ...asked }, signal) =>
      rendered((upgrade) => [...upgradeArgs(upgrade), '--dry-run=server'], asked, signal, OVERHEAD_MS),
    template: (asked, signal) => rendered(templateArgs, asked, signal, OVERHEAD_MS),
    upgrade: async (asked, signal) =>
      endedAs(await withChart(upgradeArgs, asked, signal, asked.timeoutMs + OVERHEAD_MS)),
    async rollback(revision, writing, signal) {
      const go = async (how: Writing): Promise<Ended> => {
        const args = ['rollback', release, String(revision), ...place, ...rollbackFlags(how, major)]
        return endedAs(await run(args, signal, writing.timeoutMs + OVERHEAD_MS))
      }
      const ended = await go(writing)
      // What Helm 3 has written is merged by Helm, and then there is nothing to force.
      return ended.output.includes(NOTHING_TO_FORCE) ? go({ ...writing, forceConflicts: false }) : ended
    },
    async uninstall(writing, signal) {
      // Helm counts from 1 again.
      manifests.clear()
      const args = ['uninstall', release, ...place, ...uninstallFlags(writing, major)]
      const result = await run(args, signal, writing.timeoutMs + OVERHEAD_MS)
      const wasGone = result.ended === 'exit' && result.stderr.includes(NOT_FOUND)
      return endedAs(wasGone ? { ...result, exitCode: 0 } : result)
    },
    async manifestOf(revision, signal) {
      const before = revision === undefined ? undefined : manifests.get(revision)
      if (before !== undefined) return before
      const manifest = await told(['get', 'manifest', release, ...place, ...revisionFlags(revision)], signal)
      if (revision !== undefined && manifest !== undefined) manifests.set(revision, manifest)
      return manifest
    },
    hooksOf: (revision, signal) =>
      told(['get', 'hooks', release, ...place, ...revisionFlags(revision)], signal),
    async metadataOf(revision, signal) {
      const of = ['--revision', String(revision), '--output', 'json']
      const printed = await told(['get', 'metadata', release, ...place, ...of], signal)
      return printed === undefined ? undefined : metadata().safeParse(jsonOr(printed)).data
    },
  }
}

/**
 * Helm 3 takes a folder or file of the place where it runs for the chart of a repository, if it only has its name, and
 * logs that it ignores the repository. Where there is one, Helm runs in an empty folder, and finds its files by their paths.
 */
async function withChartAsNamed<T>(
  { workspace, temp }: Pick<RunPorts, 'workspace' | 'temp'>,
  upgrade: Upgrade,
  work: (upgrade: Upgrade, cwd: string) => Promise<T>,
): Promise<T> {
  const { chart, valuesFiles, postRenderer } = upgrade
  const isTaken =
    chart.repository !== undefined &&
    (await access(join(workspace, chart.chart)).then(
      () => true,
      () => false,
    ))
  if (!isTaken) return work(upgrade, workspace)
  const absolute = (path: string): string => resolve(workspace, path)
  const elsewhere: Upgrade = {
    ...upgrade,
    chart: { ...chart, ...(chart.keyring !== undefined && { keyring: absolute(chart.keyring) }) },
    valuesFiles: valuesFiles.map(absolute),
    // One without a slash is a plugin.
    ...(postRenderer?.includes('/') && { postRenderer: absolute(postRenderer) }),
  }
  const empty = await mkdtemp(join(temp, 'helm-'))
  try {
    return await work(elsewhere, empty)
  } finally {
    await rm(empty, { recursive: true, force: true })
  }
}

/** What a child printed is cut at the front from here on. */
const CUT = 2 ** 20

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Which major a program is. @throws InputError for one that is not spoken here; ProviderError when it cannot be started */
export async function askMajor(
  program: string,
  ports: Omit<RunPorts, 'temp'>,
  signal: AbortSignal,
): Promise<Major> {
  const { stdout } = await ports.process.run({
    command: [program, 'version', '--template', '{{.Version}}'],
    ...{ cwd: ports.workspace, env: {}, timeoutMs: HISTORY_MS, signal },
  })
  return majorOf(stdout, program)
}

/** What the Secrets of some revisions hold, to be taken out of texts; of what Helm does not tell nothing is known. */
export async function secretsOf(
  helm: HelmRelease,
  revisions: readonly (number | undefined)[],
  signal: AbortSignal,
): Promise<string[]> {
  const { release, namespace } = helm.where
  const values: string[] = []
  for (const revision of new Set(revisions.filter((one) => one !== undefined && one > 0))) {
    const manifest = await helm.manifestOf(revision, signal)
    // A cluster that is away is not asked again: each question may take half a minute.
    if (manifest === undefined) break
    const hooks = (await helm.hooksOf(revision, signal)) ?? ''
    for (const text of [manifest, hooks])
      values.push(...secretValuesIn(await readManifest(text), [release, namespace]))
  }
  return [...new Set(values)]
}
