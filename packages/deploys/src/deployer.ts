import type { z } from 'zod'
import {
  Cancelled,
  messageOf,
  providerOf,
  withOwnSecrets,
  type Configured,
  type Problem,
  type Provider,
  type ProviderPorts,
} from '@deploy-actions/action-kit'
import type { Arms, Release } from '@deploy-actions/rollout'
import type { DeployPoint } from './restore-point'

/** A release as a deployer gets it. */
export interface DeployableRelease extends Release {
  /** image without tag or digest, where it was given */
  image?: string | undefined
}

/** How a deploy, or putting one back, ended. */
export interface Deployed {
  ended: 'done' | 'failed' | 'cancelled'
  /** one line for people: what was done, or why not */
  detail: string
  /** for the evidence; secrets left out */
  facts: Record<string, unknown>
  /** what the tool printed, for the log */
  output: string
}

export const done = (detail: string): Deployed => ({ ended: 'done', detail, facts: {}, output: '' })

export const failed = (detail: string): Deployed => ({ ended: 'failed', detail, facts: {}, output: detail })

/** A cancelled run is an ending of its own, and not an error of the platform. */
export const orCancelled = (act: () => Promise<Deployed>): Promise<Deployed> =>
  act().catch((error: unknown) => {
    if (!(error instanceof Cancelled)) throw error
    return { ended: 'cancelled', detail: messageOf(error), facts: {}, output: '' }
  })

/** What runs on an arm, read back from the platform; `unknown` where the deployer has no way to tell. */
export interface Verified {
  state: 'verified' | 'unverified' | 'unknown'
  detail: string
}

/** How long each part may take at worst, in milliseconds. */
export interface DeployWorstCase {
  snapshotMs: number
  deployMs: number
  restoreMs: number
}

/** Brings releases onto an arm and back, as a provider's author writes it. `P` are its own restore points. */
export interface Deployer<P = DeployPoint> {
  /** What the canary arm is now; taken before anything is written. @throws GateFailed when it cannot be told */
  snapshot(signal: AbortSignal): Promise<P[]>
  /** Never throws for what the platform did; a tool that cannot be started is thrown. */
  deploy(release: DeployableRelease, arm: string, signal: AbortSignal): Promise<Deployed>
  /** Puts the arm that the point was taken from back; the same call twice is one change. Throws as deploy does. */
  restore(point: P, signal: AbortSignal): Promise<Deployed>
  /** What runs on the arm now. Never throws for what the platform says. */
  verify(arm: string, signal: AbortSignal): Promise<Verified>
}

/** A deployer whose settings were found valid; it is opened once it is known which arm is which. */
export interface ConfiguredDeployer extends Configured<Deployer, [arms: Arms]> {
  /** The options that say what it writes on an arm: one of them has to name `${arm}`. Empty where it is told by other means. */
  place: readonly string[]
  worstCase(): DeployWorstCase
  /** What is seen to be missing before anything is written, such as a script that is not in the checkout. */
  missing(workspace: string): Promise<Problem[]>
}

interface DeployerDefinition<S extends z.ZodType, P extends z.ZodType<DeployPoint>> {
  /** its options; a name that ends in `-secret` names a secret */
  options: S
  /** what its restore points look like: a kind of its own */
  point: P
  /** {@link ConfiguredDeployer.place}; default none */
  place?: readonly (keyof z.output<S> & string)[]
  worstCase(settings: z.output<S>): DeployWorstCase
  missing(settings: z.output<S>, workspace: string): Promise<Problem[]>
  create(settings: z.output<S>, ports: ProviderPorts, arms: Arms): Deployer<z.output<P>>
}

/** Makes a deployer of its options, the form of its restore points and its factory. */
export function deployer<S extends z.ZodType, P extends z.ZodType<DeployPoint>>({
  options,
  point,
  place = [],
  worstCase,
  missing,
  create,
}: DeployerDefinition<S, P>): Provider<ConfiguredDeployer> {
  return providerOf(options, (settings, written) => ({
    written,
    place,
    worstCase: () => worstCase(settings),
    missing: (workspace) => missing(settings, workspace),
    open(ports, arms) {
      const { snapshot, deploy, restore, verify } = create(
        settings,
        withOwnSecrets(options, written, ports),
        arms,
      )
      return { snapshot, deploy, verify, restore: async (one, signal) => restore(point.parse(one), signal) }
    },
  }))
}
