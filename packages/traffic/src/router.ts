import type { Clock, EvidenceCollector } from '@deploy-actions/action-kit'
import { ProviderError } from '@deploy-actions/action-kit'
import { formatWeights, type Weights } from '@deploy-actions/rollout'

/** What a provider can express, in its own units. */
export interface RouterCapabilities {
  min: number
  max: number
  step: number
  /** how a member gets nothing */
  zero: 'weight' | 'disable' | 'impossible'
  only?: 'all-or-nothing'
  /** all members change in one call */
  atomic: boolean
  /** the API refuses a write when something changed since the read */
  compareAndSet: boolean
  /** how long a write takes to steer traffic, for people and for the check of the promised rollback time */
  effectWithin: string
}

export interface RouterMember {
  enabled: boolean
  /** absent when the router does not check health */
  healthy?: boolean
  /** the weight in the provider's own units */
  units: number
}

export interface RouterState {
  /** as configured, in basis points */
  weights: Weights
  /** what health and administrative states make of it */
  effective: Weights
  members: Record<string, RouterMember>
  /** for compare-and-set */
  version?: string
  /** another controller that will fight back */
  owner?: string
}

/** A thing that splits traffic between named members. */
export interface TrafficRouter {
  readonly capabilities: RouterCapabilities
  /** @throws ProviderError when the router cannot be read */
  read(signal: AbortSignal): Promise<RouterState>
  /**
   * Writes the full vector; the same call twice is one change.
   * @throws Conflict when `expected` is no longer what is there
   */
  write(wanted: Weights, expected: RouterState, signal: AbortSignal): Promise<void>
}

/** What a router may touch. */
export interface RouterPorts {
  clock: Clock
  evidence: Pick<EvidenceCollector, 'call'>
}

/** Somebody else changed the router between our read and our write; nothing was overwritten. */
export class Conflict extends ProviderError {
  constructor(provider: string, expected: Weights, found: Weights) {
    super(
      `${provider}: somebody else changed the weights: expected ${formatWeights(expected)}, found ${formatWeights(found)}; nothing was written`,
      { provider },
    )
  }
}
