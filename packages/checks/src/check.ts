import type { z } from 'zod'
import { provider, type Configured, type Provider, type ProviderDefinition } from '@deploy-actions/action-kit'

/** What one look says. `unknown` is not red: the check itself could not be made. */
export interface Reading {
  state: 'green' | 'red' | 'unknown'
  /** one line for people */
  detail: string
  value?: number
  /** a red that no waiting will turn green */
  fatal?: boolean
}

/** Something that is green or not. */
export interface HealthCheck {
  /** Never throws for what the checked system does; a cancelled run is thrown. */
  probe(signal: AbortSignal): Promise<Reading>
}

/** A check whose settings were found valid. */
export interface ConfiguredCheck extends Configured<HealthCheck> {
  /** the arms that its settings name, where they do: those of its target, or the settings are wrong */
  readonly arms?: readonly string[]
}

/** Makes a check of its options and its factory. */
export const check = <S extends z.ZodType>(
  definition: ProviderDefinition<S, HealthCheck, []>,
): Provider<ConfiguredCheck> => provider(definition)

/** What a check may leave to the target that it is of: the router that splits its traffic, and the names of its arms. */
export type TargetOption = 'router' | 'arms'

/** What the file of a check exports beside its provider. */
export interface CheckExports {
  /** options that are those of the target where a rollout.yml does not say them for the check */
  readonly ofTarget?: readonly TargetOption[]
}
