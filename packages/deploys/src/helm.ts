import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GateFailed, redact, redactWithin, type Problem } from '@deploy-actions/action-kit'
import {
  goBack,
  HISTORY_MS,
  lastGood,
  observerOf,
  openRelease,
  OVERHEAD_MS,
  programName,
  proofOf,
  releaseName,
  secretsOf,
  repositoryPath,
  unfinished,
  valuePath,
  type Ended,
  type HelmRelease,
  type Observation,
  type Rendering,
  type Upgrade,
  type WentBack,
} from '@deploy-actions/helm'
import { clusterOf, clusterOptions, DEFAULT_LIMITS, kubeconfigIn } from '@deploy-actions/kubernetes'
import { defined, timeLimit } from '@deploy-actions/rollout'
import { deployer, type Deployed } from './deployer'
import { helmPoint } from './restore-point'

const options = z
  .strictObject({
    release: releaseName().describe('name of the Helm release on ${arm}, such as api-${arm}'),
    namespace: releaseName().describe('namespace that it is installed in; it must be there'),
    chart: repositoryPath().describe('folder or package of the chart in the repository'),
    values: z
      .array(repositoryPath())
      .default([])
      .describe('values files of the repository, the last one wins'),
    'digest-path': valuePath()
      .default('image.digest')
      .describe('value of the chart that gets the digest of the release'),
    timeout: timeLimit
      .prefault('10m')
      .describe('how long its workloads may take to be ready, in a deploy and when it is put back'),
    helm: programName()
      .default('helm')
      .describe('the program, Helm 3 or 4: on the PATH of the runner, or a path'),
    ...clusterOptions,
  })
  .describe('a release of Helm 3 or 4 for each arm')
type Options = z.infer<typeof options>

/** Helm has waited as long as it may; what it does not wait for gets a part of that. */
const SETTLE_MS = 180_000
/** Why a release is not ready is found out within this. */
const DIAGNOSIS_MS = 60_000

const settleOf = ({ timeout }: Pick<Options, 'timeout'>): number => Math.min(timeout, SETTLE_MS)

/** Revisions that Helm keeps: the one to go back to is among them, whatever was tried since. */
const HISTORY = 20

export default deployer({
  options,
  point: helmPoint(),
  place: ['release', 'namespace'],
  worstCase: ({ timeout }) => ({
    snapshotMs: 2 * HISTORY_MS,
    // It is rendered before, by the server, too.
    deployMs: timeout + 2 * OVERHEAD_MS + settleOf({ timeout }) + DIAGNOSIS_MS,
    // Its history is read before and after.
    restoreMs: timeout + OVERHEAD_MS + 2 * HISTORY_MS + settleOf({ timeout }) + DIAGNOSIS_MS,
  }),
  missing,
  create(settings, ports, { canary }) {
    const { context: kubeContext, 'kubeconfig-secret': secret } = settings
    const kubeconfig = kubeconfigIn(ports.secrets, secret)
    const where = { ...settings, program: settings.helm, ...defined({ kubeContext, kubeconfig }) }
    const helm = openRelease(where, ports)
    // Helm itself takes the context from this variable where nobody names one.
    const chosen = { ...settings, context: kubeContext ?? ports.ambient['HELM_KUBECONTEXT'] }
    let seen: Observation | undefined
    let hidden: readonly string[] = []
    const observer = observerOf(clusterOf(chosen, ports), ports, {
      settleMs: settleOf(settings),
      limits: { ...DEFAULT_LIMITS, clean: (text) => redact(text, [...hidden, ...ports.secrets.values()]) },
    })
    return {
      async snapshot(signal) {
        const revisions = await helm.history(signal)
        const last = unfinished(revisions)
        const good = lastGood(revisions)
        if (last)
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
        const upgrade = upgradeOf(settings, digest)
        const rendered = await helm.render(upgrade, signal)
        if (rendered.ended !== 'done') return deployed(rendered)
        hidden = rendered.secretValues
        if (proofOf(rendered.manifest.images, digest).with.length === 0)
          return {
            ended: 'failed',
            detail: `${settings.chart} renders ${whatWasRead(rendered)} with ${digest}: no template uses ${settings['digest-path']}, and something else would run; nothing was written`,
            facts: {},
            output: '',
          }
        const how = await helm.upgrade(upgrade, signal)
        const watched = { helm, digest }
        if (how.ended === 'cancelled') return withoutSecrets(deployed(how), hidden)
        seen =
          how.ended === 'done'
            ? await observer.verify(watched, signal)
            : await observer.diagnose({ ...watched, failed: how }, signal)
        const looked = afterLooking(how, seen, `${settings.release} was brought to ${digest}`)
        return withoutSecrets(looked, hidden)
      },
      async restore(point, signal) {
        const went = await restore(point, settings, helm, signal)
        const revision = went.last?.revision ?? point.revision
        const stands = went.ended === 'done' && point.revision !== 0
        const live = stands ? await observer.verify({ helm, revision, exactly: true }, signal) : undefined
        const looked = afterLooking(went, live, went.detail)
        if (looked.ended === 'done') return looked
        const secrets = await secretsOf(helm, [point.revision, went.last?.revision], signal).catch(() => [])
        return withoutSecrets(looked, [...hidden, ...secrets])
      },
      verify: async () => ({
        state: seen?.ok === false ? 'unverified' : seen?.running === true ? 'verified' : 'unknown',
        detail: seen ? redact(seen.summary, hidden) : 'nothing was brought by this step',
      }),
    }
  },
})

/** Pods, hooks and Helm may say what Secrets of the chart hold. */
function withoutSecrets({ detail, output, facts, ...told }: Deployed, values: readonly string[]): Deployed {
  const clean = (text: string): string => redact(text, values)
  const cleaned = Object.entries(facts).map(([key, fact]) => [key, redactWithin(fact, values)] as const)
  return { ...told, detail: clean(detail), output: clean(output), facts: Object.fromEntries(cleaned) }
}

/** What Helm says, and what live objects say of it; the worse one counts. */
function afterLooking(how: Ended, seen: Observation | undefined, done: string): Deployed {
  if (how.ended === 'done' && seen?.ok !== false)
    return { ...deployed(how), detail: `${done}${seen ? `: ${seen.summary}` : ''}` }
  if (seen === undefined) return deployed(how)
  const said = how.ended === 'done' ? `${done}, but ${seen.summary}` : `${seen.summary} (${how.detail})`
  return {
    ended: 'failed',
    detail: said,
    facts: { ...how.facts, ...defined({ failure: seen.reason }), ...seen.facts },
    output: [...(seen.details ?? []), how.output].join('\n').trim(),
  }
}

const whatWasRead = ({ readAll }: Rendering): string =>
  readAll ? 'no image' : 'more than 1 MiB, and in the end of it, all that is read, no image'

const writingOf = ({ timeout }: Options) => ({
  timeoutMs: timeout,
  wait: 'watcher' as const,
  historyMax: HISTORY,
})

const upgradeOf = (settings: Options, digest: string): Upgrade => ({
  ...writingOf(settings),
  chart: { chart: settings.chart },
  valuesFiles: settings.values,
  set: { [settings['digest-path']]: digest },
})

async function restore(
  { name: release, namespace, revision, updated }: z.infer<ReturnType<typeof helmPoint>>,
  settings: Options,
  helm: HelmRelease,
  signal: AbortSignal,
): Promise<WentBack> {
  if (release !== settings.release || namespace !== settings.namespace)
    throw new GateFailed(
      `it is of ${release} in ${namespace}, and rollout.yml names ${settings.release} in ${settings.namespace}`,
    )
  return goBack(helm, { revision, updated }, writingOf(settings), signal)
}

const deployed = ({ ended, detail, facts, output }: Ended): Deployed => ({ ended, detail, facts, output })

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
