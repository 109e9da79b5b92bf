import type { Major } from './version'

/**
 * What Helm waits for: `watcher` until everything is ready, as Helm 4 sees it; `legacy` as Helm 3 does; `off` for hooks
 * alone. Helm 3 has one way of waiting, for both.
 */
export type Wait = 'watcher' | 'legacy' | 'off'

/** How anything is written, forward or back. */
export interface Writing {
  timeoutMs: number
  wait: Wait
  waitForJobs?: boolean
  /** false: the hooks of the chart are not run */
  hooks?: boolean
  /** revisions that Helm keeps */
  historyMax: number
  /** Helm 4 only: who merges, the server or Helm */
  serverSide?: 'auto' | 'true' | 'false'
  /** Helm 4 only: fields that somebody else manages are taken from him */
  forceConflicts?: boolean
}

/** A chart as Helm is told of it. */
export interface Chart {
  /** a folder, a package, `oci://...@sha256:...`, or its name in `repository` */
  chart: string
  repository?: string
  version?: string
  /** public keys by which its signature is proven; without them it is not looked at */
  keyring?: string
}

/** What is rendered, and written by an upgrade. */
export interface Upgrade extends Writing {
  chart: Chart
  /** the last one wins */
  valuesFiles: readonly string[]
  /** values by their paths. They are seen by everybody on the machine: never a secret */
  set: Readonly<Record<string, string>>
  createNamespace?: boolean
  skipCrds?: boolean
  takeOwnership?: boolean
  /** kept with the release, beside Helm's own */
  labels?: Readonly<Record<string, string>>
  description?: string
  /** an executable for Helm 3, the name of a plugin for Helm 4 */
  postRenderer?: string
}

/**
 * The flags of `upgrade RELEASE CHART`. Never `--atomic` (`--rollback-on-failure`): it destroys what would say why, waits
 * for the same time once more, and removes a first install. Never `--reuse-values`, and never Helm's own choice, which
 * reuses them where none are given: what runs is what was handed over.
 * @param major may be left out where nothing is asked for in which they differ
 */
export const upgradeFlags = (upgrade: Upgrade, major?: Major): string[] => [
  '--install',
  ...writingFlags(upgrade, major),
  '--history-max',
  String(upgrade.historyMax),
  '--reset-values',
  ...flag('--create-namespace', upgrade.createNamespace),
  ...flag('--skip-crds', upgrade.skipCrds),
  ...flag('--take-ownership', upgrade.takeOwnership),
  ...option('--labels', pairs(upgrade.labels)),
  ...option('--description', upgrade.description),
  ...renderFlags(upgrade),
]

/** What says what is rendered: for `upgrade`, and all that `template` takes of one. */
const renderFlags = ({ chart, postRenderer, valuesFiles, set }: Upgrade): string[] => [
  ...option('--repo', chart.repository),
  ...option('--version', chart.version),
  ...(chart.keyring === undefined ? [] : ['--verify', '--keyring', chart.keyring]),
  ...option('--post-renderer', postRenderer),
  ...valuesFiles.flatMap((file) => ['--values', file]),
  ...Object.entries(set).flatMap(([path, value]) => ['--set-string', `${path}=${value}`]),
]

/** The flags of `template RELEASE CHART`: nothing is written, so nothing is waited for. */
export const templateFlags = (upgrade: Upgrade): string[] => [
  ...flag('--no-hooks', upgrade.hooks === false),
  ...renderFlags(upgrade),
]

export const rollbackFlags = (writing: Writing, major?: Major): string[] => [
  ...writingFlags(writing, major),
  '--history-max',
  String(writing.historyMax),
]

/** Helm 3 waits for what is gone as for what is ready; Helm 4 has the same words for both. */
export const uninstallFlags = ({ wait, hooks, timeoutMs }: Writing, major?: Major): string[] => [
  ...waitFlag(wait, major),
  ...['--timeout', seconds(timeoutMs)],
  ...flag('--no-hooks', hooks === false),
]

const writingFlags = (writing: Writing, major: Major | undefined): string[] => [
  ...waitFlag(writing.wait, major),
  ...flag('--wait-for-jobs', writing.waitForJobs),
  ...['--timeout', seconds(writing.timeoutMs)],
  ...flag('--no-hooks', writing.hooks === false),
  ...(major === 4 ? option('--server-side', writing.serverSide) : []),
  ...(major === 4 ? flag('--force-conflicts', writing.forceConflicts) : []),
]

/** Alone it means `watcher` to Helm 4; left out it means hooks alone to both. */
const waitFlag = (wait: Wait, major: Major | undefined): string[] =>
  wait === 'off' ? [] : [wait === 'legacy' && major === 4 ? '--wait=legacy' : '--wait']

const flag = (name: string, given: boolean | undefined): string[] => (given === true ? [name] : [])

const option = (name: string, value: string | undefined): string[] =>
  value === undefined || value === '' ? [] : [name, value]

const pairs = (labels: Upgrade['labels'] = {}): string =>
  Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(',')

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)}s`
