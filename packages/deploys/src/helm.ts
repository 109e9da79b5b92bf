import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GateFailed, type ChildResult, type Problem, type ProviderPorts } from '@deploy-actions/action-kit'
import { defined, timeLimit } from '@deploy-actions/rollout'
import { deployer, type Deployed } from './deployer'
import { helmPoint } from './restore-point'

/** What Helm itself takes: a name of a release is a part of the names of its objects. Source: helm, `ValidateReleaseName`. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$/
const name = z.string().regex(NAME, 'is not a name: at most 53 of a-z, 0-9 and -, and no - at its ends')
/** Helm takes addresses, too, which nobody has reviewed, and a values file with a comma for two. */
const path = z
  .string()
  .regex(
    /^(?!-)(?!\/)(?!.*(^|\/)\.\.(\/|$))(?!.*(,|:\/\/)).+/,
    'is not a path inside the repository without commas',
  )

const options = z
  .strictObject({
    release: name.describe('name of the Helm release on ${arm}, such as api-${arm}'),
    namespace: name.describe('namespace that it is installed in; it must be there'),
    chart: path.describe('folder or package of the chart in the repository'),
    values: z.array(path).default([]).describe('values files of the repository, the last one wins'),
    'digest-path': z
      .string()
      .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'is not a path of keys such as image.digest')
      .default('image.digest')
      .describe('value of the chart that gets the digest of the release'),
    timeout: timeLimit
      .prefault('10m')
      .describe('how long its workloads may take to be ready, in a deploy and when it is put back'),
    helm: z
      .string()
      .regex(/^(?!-)\S+$/, 'is not a program')
      .default('helm')
      .describe('the program, Helm 3 or 4: on the PATH of the runner, or a path'),
  })
  .describe('a release of Helm 3 or 4 for each arm')
type Options = z.infer<typeof options>

/** What Helm needs beside the time in which workloads become ready. */
const OVERHEAD_MS = 60_000
const MINUTE_MS = 60_000
/** It is asked before and after a restore, and both are a part of its longest time. */
const HISTORY_MS = 30_000

/** Revisions that Helm keeps: the one to go back to is among them, whatever was tried since. */
const HISTORY = 20

const PENDING = ['pending-install', 'pending-upgrade', 'pending-rollback', 'uninstalling']

const history = z.array(
  z.looseObject({
    revision: z.int(),
    // Helm 4 leaves out what is zero, and Helm 3 prints nothing for it.
    updated: z.string().default(''),
    status: z.string(),
    description: z.string().default(''),
  }),
)
type Revision = z.infer<typeof history>[number]

export default deployer({
  options,
  point: helmPoint(),
  place: ['release', 'namespace'],
  worstCase: ({ timeout }) => ({
    snapshotMs: MINUTE_MS,
    // It is rendered before, by the server, too.
    deployMs: timeout + 2 * OVERHEAD_MS,
    restoreMs: timeout + 2 * OVERHEAD_MS,
  }),
  missing,
  create(settings, ports, { canary }) {
    const helm = commands(settings, ports)
    return {
      async snapshot(signal) {
        const revisions = await helm.history(signal)
        const last = revisions.at(-1)
        const good = lastGood(revisions)
        if (last && PENDING.includes(last.status))
          throw new GateFailed(
            `release ${settings.release} in ${settings.namespace} is ${last.status} (revision ${last.revision}): somebody is at work on it, or was killed over it; nothing was written. If nobody is, roll it back by hand (helm rollback ${settings.release} REVISION --namespace ${settings.namespace})`,
          )
        return [
          {
            kind: 'helm' as const,
            name: settings.release,
            arm: canary,
            namespace: settings.namespace,
            revision: good?.revision ?? 0,
            ...defined({ updated: good?.updated || undefined }),
          },
        ]
      },
      async deploy({ digest }, _, signal) {
        const args = upgradeOf(settings, digest)
        const rendered = await helm.run([...args, '--dry-run=server'], signal, OVERHEAD_MS)
        if (!isDone(rendered)) return failed(rendered)
        if (!runs(rendered.stdout, digest))
          return {
            ended: 'failed',
            detail: `${settings.chart} renders ${whatWasRead(rendered.stdout)} with ${digest}: no template uses ${settings['digest-path']}, and something else would run; nothing was written`,
            facts: {},
            output: '',
          }
        return ended(await helm.run(args, signal), `${settings.release} was brought to ${digest}`)
      },
      restore: (point, signal) => restore(point, { settings, helm }, signal),
      verify: async () => ({
        state: 'unknown',
        detail: 'Helm has waited until its workloads were ready; which digest runs in them was not looked at',
      }),
    }
  },
})

/** What runs now: the newest revision that was deployed, whatever was tried after it. */
const lastGood = (revisions: readonly Revision[]): Revision | undefined =>
  isUninstalled(revisions)
    ? undefined
    : (revisions.findLast(({ status }) => status === 'deployed') ??
      revisions.findLast(({ status }) => status === 'superseded'))

/** Its history may have been kept (`helm uninstall --keep-history`). */
const isUninstalled = (revisions: readonly Revision[]): boolean =>
  (revisions.at(-1)?.status ?? 'uninstalled') === 'uninstalled'

/** Keys whose values are images or parts of them, in a line of YAML or JSON. */
const IMAGES = /(?:image|tag|digest)["']?\s*:\s*["']?([^\s"',}]+)/gi
const NOTHING_RUNS = /(?:annotations|labels)["']?\s*:\s*\{[^}]*\}/g

/** Whether what Helm rendered has an image of that digest. Hooks, notes, comments, labels and annotations are none. */
function runs(rendered: string, digest: string): boolean {
  const [manifest = ''] = rendered.slice(Math.max(0, rendered.search(/^MANIFEST:$/m))).split(/^NOTES:$/m)
  let within = Infinity
  return manifest.split('\n').some((line) => {
    const indent = line.search(/[^\s-]/)
    if (indent === -1 || indent > within || line[indent] === '#') return false
    within = /^[\s-]*(annotations|labels):\s*$/.test(line) ? indent : Infinity
    return [...line.replace(NOTHING_RUNS, '').matchAll(IMAGES)].some(([, image]) => image?.includes(digest))
  })
}

/** What a child printed is cut at the front. */
const whatWasRead = ({ length }: string): string =>
  length < 2 ** 20 ? 'no image' : 'more than 1 MiB, and in the end of it, all that is read, no image'

const upgradeOf = (
  { release, namespace, chart, values, timeout, 'digest-path': digestPath }: Options,
  digest: string,
): string[] => [
  ...['upgrade', release, chart, '--install', '--wait', '--namespace', namespace],
  ...['--timeout', seconds(timeout), '--history-max', String(HISTORY)],
  ...values.flatMap((file) => ['--values', file]),
  ...['--set-string', `${digestPath}=${digest}`],
]

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)}s`

/** Source: helm, `driver.ErrReleaseNotFound`; both majors print it so. */
const NOT_FOUND = 'release: not found'

interface Commands {
  /** Helm never prints values of ours: they come from files, and what it renders is not shown. */
  run(args: readonly string[], signal: AbortSignal, timeoutMs?: number): Promise<ChildResult>
  /** Oldest first; empty where there is no such release. @throws GateFailed when Helm does not tell */
  history(signal: AbortSignal): Promise<Revision[]>
}

function commands({ helm, release, namespace, timeout }: Options, ports: ProviderPorts): Commands {
  const run: Commands['run'] = (args, signal, timeoutMs = timeout + OVERHEAD_MS) =>
    ports.process.run({
      command: [helm, ...args],
      cwd: ports.workspace,
      env: {},
      timeoutMs,
      signal,
    })
  return {
    run,
    async history(signal) {
      const told = await run(
        ['history', release, '--namespace', namespace, '--max', '256', '--output', 'json'],
        signal,
        HISTORY_MS,
      )
      if (told.exitCode === 1 && told.stderr.includes(NOT_FOUND)) return []
      if (!isDone(told)) throw new GateFailed(`the history of ${release} cannot be read: ${saidBy(told)}`)
      return history.parse(jsonOf(told.stdout, release))
    },
  }
}

/** A wrapper of Helm may have said something before. @throws GateFailed without what it says */
function jsonOf(stdout: string, release: string): unknown {
  try {
    return JSON.parse(stdout.slice(stdout.search(/^\[[{\]]/m)))
  } catch {
    throw new GateFailed(`the history of ${release} cannot be read: what Helm printed is no JSON`)
  }
}

interface Acting {
  settings: Options
  helm: Commands
}

/** By the revision that was recorded, never by "the one before", which may be one that failed. */
async function restore(
  { name: release, namespace, revision, updated }: z.infer<ReturnType<typeof helmPoint>>,
  { settings, helm }: Acting,
  signal: AbortSignal,
): Promise<Deployed> {
  if (release !== settings.release || namespace !== settings.namespace)
    throw new GateFailed(
      `it is of ${release} in ${namespace}, and rollout.yml names ${settings.release} in ${settings.namespace}`,
    )
  const before = await helm.history(signal)
  const where = ['--namespace', namespace]
  const inTime = ['--wait', '--timeout', seconds(settings.timeout)]
  if (revision === 0) {
    if (isUninstalled(before)) return done(`${release} is not installed, as it was found`)
    const gone = await helm.run(['uninstall', release, ...where, ...inTime], signal)
    // Somebody else may have been first.
    if (!isDone(gone) && !gone.stderr.includes(NOT_FOUND)) return failed(gone)
    const left = await helm.history(signal)
    return isUninstalled(left)
      ? done(`${release} was uninstalled: there was none`)
      : notDone(`after it was uninstalled ${release} is ${told(left.at(-1))}`, gone)
  }
  const recorded = before.find((one) => one.revision === revision)
  if (recorded?.updated && updated && Date.parse(recorded.updated) !== Date.parse(updated))
    throw new GateFailed(
      `revision ${revision} of ${release} is not the one that was found, but of ${recorded.updated}: it was uninstalled meanwhile, and what ran is gone`,
    )
  if (standsAt(before.at(-1), revision))
    return done(`${release} stands at revision ${revision}, as it was found`)
  const back = await helm.run(
    ['rollback', release, String(revision), ...where, ...inTime, '--history-max', String(HISTORY)],
    signal,
  )
  if (!isDone(back)) return failed(back)
  const last = (await helm.history(signal)).at(-1)
  return standsAt(last, revision)
    ? done(`${release} is back at revision ${revision} (now ${last?.revision}, ${last?.status})`)
    : notDone(`after the rollback to revision ${revision} ${release} is ${told(last)}`, back)
}

const told = (last: Revision | undefined): string =>
  last
    ? `at ${last.revision} (${last.status}: ${withoutManifests(last.description)})`
    : 'not installed: somebody else is at work on it'

const notDone = (detail: string, { stderr }: ChildResult): Deployed => ({
  ended: 'failed',
  detail,
  facts: {},
  output: withoutManifests(stderr),
})

/** That the last revision is the recorded one, or one that brought it back. */
const standsAt = (last: Revision | undefined, revision: number): boolean =>
  last?.status === 'deployed' &&
  (last.revision === revision || last.description === `Rollback to ${revision}`)

const isDone = ({ ended, exitCode }: ChildResult): boolean => ended === 'exit' && exitCode === 0

const done = (detail: string): Deployed => ({ ended: 'done', detail, facts: {}, output: '' })

/** What Helm prints of success holds notes and values of others: it is not shown. */
const ended = (result: ChildResult, detail: string): Deployed =>
  isDone(result) ? { ended: 'done', detail, facts: factsOf(result), output: '' } : failed(result)

const failed = (result: ChildResult): Deployed => ({
  ended: result.ended === 'cancelled' ? 'cancelled' : 'failed',
  detail: saidBy(result),
  facts: factsOf(result),
  output: withoutManifests(result.stderr),
})

const factsOf = ({ exitCode, ms }: ChildResult): Deployed['facts'] => ({ exitCode, ms })

/**
 * What an error repeats of what was sent: all of a field that cannot be changed, be it the variables of a container, a
 * value of the wrong type (server-side apply), and one that the schema of the chart refuses.
 */
const withoutManifests = (text: string): string =>
  text
    .replace(/Invalid value: [^\n]*[{[][^\n]*[}\]]/g, 'Invalid value: {...}')
    .replace(/valueUnstructured\{[^\n]*\}/g, 'valueUnstructured{...}')
    .replace(/: '[^\n]*' (?=does not match |is not valid )/g, ": '...' ")

function saidBy({ ended, exitCode, stderr }: ChildResult): string {
  if (ended === 'cancelled') return 'helm was stopped because the run was cancelled'
  if (ended === 'timeout') return 'helm did not end in time and was stopped'
  // Helm 4 logs before it; the error is the last thing that it says.
  const error = stderr
    .trim()
    .split('\n')
    .findLast((line) => line.startsWith('Error:'))
  return withoutManifests(error ?? '') || `helm ended with exit code ${exitCode ?? 'none (killed)'}`
}

async function missing({ chart, values }: Options, workspace: string): Promise<Problem[]> {
  const files = [['chart', chart], ...values.map((file, index) => [`values[${index}]`, file])] as const
  const problems = await Promise.all(
    files.map(async ([key, file]): Promise<Problem[]> => {
      const isThere = await access(join(workspace, file)).then(
        () => true,
        () => false,
      )
      return isThere ? [] : [{ where: `deploy.helm.${key}`, message: `${file} is not in the repository` }]
    }),
  )
  return problems.flat()
}
