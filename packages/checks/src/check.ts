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
export type ConfiguredCheck = Configured<HealthCheck>

/** Makes a check of its options and its factory. */
export const check = <S extends z.ZodType>(
  definition: ProviderDefinition<S, HealthCheck, []>,
): Provider<ConfiguredCheck> => provider(definition)
