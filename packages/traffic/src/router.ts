import type { z } from 'zod'
import {
  messageOf,
  provider,
  ProviderError,
  type Configured,
  type Provider,
  type ProviderDefinition,
  type ProviderPorts,
} from '@deploy-actions/action-kit'
import { defined, formatWeights, type Weights } from '@deploy-actions/rollout'

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
  /** who else gets traffic beside the members, in words: no rollout begins or goes on over it, but a restore does */
  strangers?: string
}

/** A thing that splits traffic between named members, as a provider's author writes it. */
export interface TrafficRouter {
  /** what it is and where, for messages and evidence: `haproxy 10.1.0.5:9999 backend app` */
  readonly where: string
  readonly capabilities: RouterCapabilities
  /** @throws ProviderError when the router cannot be read */
  read(signal: AbortSignal): Promise<RouterState>
  /**
   * Writes the full vector; the same call twice is one change.
   * @throws Conflict when `expected` is no longer what is there
   */
  write(wanted: Weights, expected: RouterState, signal: AbortSignal): Promise<void>
}

/** What a router showed, and when. */
export interface RouterReading extends RouterState {
  /** ISO 8601, when the answer was there */
  readAt: string
}

/** A router that was opened: its readings have a time, and what it was asked and answered is in the evidence. */
export interface ObservedRouter extends TrafficRouter {
  read(signal: AbortSignal): Promise<RouterReading>
}

/** A router whose settings were found valid; it is opened for the arms that it steers. */
export type ConfiguredRouter = Configured<ObservedRouter, [arms: readonly string[]]>

/** Makes a router of its options and its factory. */
export function router<S extends z.ZodType>({
  options,
  create,
}: ProviderDefinition<S, TrafficRouter, [arms: readonly string[]]>): Provider<ConfiguredRouter> {
  return provider({
    options,
    create: (settings: z.output<S>, ports, arms: readonly string[]) =>
      observed(create(settings, ports, arms), ports),
  })
}

function observed(
  { where, capabilities, read, write }: TrafficRouter,
  { clock, evidence }: ProviderPorts,
): ObservedRouter {
  const recorded = async <T>(
    what: string,
    call: () => Promise<T>,
    answer: (result: T) => string,
  ): Promise<T> => {
    const started = clock.realMs()
    const note = (status: string, answer?: string): void =>
      evidence.call(
        defined({ system: where, what, status, answer, ms: Math.round(clock.realMs() - started) }),
      )
    try {
      const result = await call()
      note('ok', answer(result))
      return result
    } catch (error) {
      note(messageOf(error))
      throw error
    }
  }
  return {
    where,
    capabilities,
    read: (signal) =>
      recorded(
        'read',
        async () => ({ ...(await read(signal)), readAt: clock.now().toISOString() }),
        described,
      ),
    write: (wanted, expected, signal) =>
      recorded(
        `write ${formatWeights(wanted)}`,
        () => write(wanted, expected, signal),
        () => 'accepted',
      ),
  }
}

/** What a router holds, what is in effect, and who is out: in words. */
export function described({ weights, effective, members }: RouterState): string {
  const out = Object.entries(members)
    .filter(([, { enabled, healthy }]) => !enabled || healthy === false)
    .map(([name, { enabled }]) => `${name} is ${enabled ? 'down' : 'drained or in maintenance'}`)
  return [`the router holds ${formatWeights(weights)}`, `in effect ${formatWeights(effective)}`, ...out].join(
    ', ',
  )
}

/** Somebody else changed the router between our read and our write; nothing was overwritten. */
export class Conflict extends ProviderError {
  constructor(
    provider: string,
    expected: Weights,
    readonly found: Weights,
  ) {
    super(
      `${provider}: somebody else changed the weights: expected ${formatWeights(expected)}, found ${formatWeights(found)}; nothing was written`,
      { provider },
    )
  }
}
