import { redact, type Ports } from '@deploy-actions/action-kit'
import {
  openRelease,
  secretsOf,
  type HelmRelease,
  type Major,
  type Observation,
  type Observer,
  type Writing,
} from '@deploy-actions/helm'
import { kubeconfigIn } from '@deploy-actions/kubernetes'
import { defined } from '@deploy-actions/rollout'
import type { Inputs } from './inputs'
import type { AskLabels } from './owners'
import type { Plan, ReleasePlan } from './plan'

/** What is plugged into the action. */
export interface Seams {
  /** looks at live objects; without one nothing is said to be verified */
  observer?: Observer | undefined
  askLabels: AskLabels
}

/** A step under way. */
export interface Session extends Seams {
  inputs: Inputs
  plan: Plan
  ports: Ports
  major: Major
  writing: Required<Writing>
  /** what becomes of a release whose upgrade fails */
  onFailure: 'rollback' | 'keep'
  /** why nothing is put back here, where the input does not say it */
  keptBecause?: string | undefined
}

/** What a way back needs of a step, in main and in post. */
export interface Program {
  program: string
  kubeContext?: string | undefined
  /** name of the secret with a kubeconfig */
  kubeconfigSecret?: string | undefined
  major: Major
}

export const openHelm = (
  { program, kubeContext, kubeconfigSecret, major }: Program,
  { release, namespace }: Pick<ReleasePlan, 'release' | 'namespace'>,
  ports: Ports,
): HelmRelease =>
  openRelease(
    {
      ...{ program, release, namespace, major },
      ...defined({ kubeContext, kubeconfig: kubeconfigIn(ports.secrets, kubeconfigSecret) }),
    },
    { process: ports.process, workspace: ports.context.workspace, temp: ports.context.temp },
  )

export const programOf = ({ inputs, major }: Pick<Session, 'inputs' | 'major'>): Program => ({
  program: inputs.helm,
  kubeContext: inputs['kube-context'],
  kubeconfigSecret: inputs['kubeconfig-secret'],
  major,
})

/** Helm has waited as long as it may; what it does not wait for gets a part of that. */
const SETTLE_MS = 180_000

/** @param clean takes secrets out of what pods say */
export const limitsOf = (inputs: Inputs, clean: (text: string) => string) => ({
  settleMs: Math.min(inputs.timeout, SETTLE_MS),
  stabiliseMs: inputs.stabilise,
  diagnosis: { logLines: inputs['log-lines'], events: inputs.events, clean },
})

export const writingOf = (inputs: Inputs): Required<Writing> => ({
  timeoutMs: inputs.timeout,
  wait: inputs.wait,
  waitForJobs: inputs['wait-for-jobs'],
  hooks: inputs.hooks,
  historyMax: inputs['history-max'],
  serverSide: inputs['server-side'],
  forceConflicts: inputs['force-conflicts'],
})

/** A text without any part of the secrets of the step. */
export const clean = ({ plan, ports }: Pick<Session, 'plan' | 'ports'>, text: string): string =>
  redact(text, [...plan.hidden, ...ports.secrets.values()])

/** From now on nothing that the Secrets of these revisions hold is in a text of the step. */
export async function hideSecretsOf(
  { plan }: Pick<Session, 'plan'>,
  helm: HelmRelease,
  revisions: readonly (number | undefined)[],
): Promise<void> {
  plan.hidden.push(...(await secretsOf(helm, revisions, uncancelled())))
}

/** `api in shop`. */
export const nameOf = ({ release, namespace }: Pick<ReleasePlan, 'release' | 'namespace'>): string =>
  `${release} in ${namespace}`

/** A way back is not ended by whoever cancels the run: half of one is worse than none. */
export const uncancelled = (): AbortSignal => new AbortController().signal

/** What is known of live objects, for a sentence that would otherwise rest on what Helm says of itself. */
export const lookedAt = (seen: readonly (Observation | undefined)[]): string =>
  seen.length === 0 || seen.includes(undefined)
    ? 'by the history of Helm: live objects were not looked at'
    : [...new Set(seen.map((one) => one?.summary))].join('; ')
