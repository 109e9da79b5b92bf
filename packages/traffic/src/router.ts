import type { z } from 'zod'
import {
  messageOf,
  providerOf,
  ProviderError,
  withOwnSecrets,
  type Configured,
  type Provider,
  type ProviderDefinition,
  type ProviderPorts,
} from '@deploy-actions/action-kit'
import { defined, formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'

/** What a provider can express, in its own units. */
export interface RouterCapabilities {
  min: number
  max: number
  step: number
  /** what it splits by the weights: each request, or clients and their connections, of whom one may send most of them */
  splits: 'requests' | 'clients'
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

/** What an operator wants of a server. */
export const adminStates = ['ready', 'drain', 'maint'] as const
export type AdminState = (typeof adminStates)[number]

/** By the router's own names; who is not in it is `ready`. */
export type AdminStates = Record<string, AdminState>

export interface RouterMember {
  enabled: boolean
  /** absent when the router does not check health */
  healthy?: boolean
  /** the weight in the provider's own units */
  units: number
  /** without traffic, and out of service for no other reason: it is made ready before it gets any */
  parked?: true
  /** its share is nothing, and clients that are bound to it reach it all the same */
  lingers?: true
  /** its servers that are to get traffic and are out of service, by name: others of them serve */
  out?: readonly string[]
}

export interface RouterState {
  /** as configured, in basis points */
  weights: Weights
  /** what health and administrative states make of it */
  effective: Weights
  members: Record<string, RouterMember>
  /** its addresses do not hold the same, in words that show each: then `weights` are those of the first */
  differs?: string
  /** what each of its addresses holds, where it has several */
  parts?: readonly RouterState[]
  /** clients can be bound to members: then the shares of requests do not follow the weights */
  bound?: true
  /** it splits connections and sees no requests in them: one of them may carry most of all */
  byConnection?: true
  /** who is not `ready`, for a restore point */
  states?: AdminStates
  /** for compare-and-set */
  version?: string
  /** another controller that has a hand in it */
  owner?: string
  /** why nothing may be written to it, in words: its owner writes the weights. No rollout begins or goes on over it. */
  steered?: string
  /** what it holds has not been taken up by what carries the traffic, in words */
  pending?: string
  /** who else gets traffic beside the members, in words: no rollout begins or goes on over it, but a restore does */
  strangers?: string
  /**
   * servers that somebody keeps off the traffic of their member by weight, in words: neither does a rollout begin or go on
   * over it, but a restore does, and leaves them so
   */
  heldOut?: string
}

/** Why no rollout begins or goes on over what a router shows, in words. */
export function obstacleTo({ strangers, heldOut, steered }: RouterState): string | undefined {
  const why = [strangers, heldOut, steered].filter((one) => one !== undefined)
  return why.length === 0 ? undefined : why.join('; ')
}

/** What each address of a router holds: one vector for all of them, unless they differ. */
export const heldBy = ({ weights, differs, parts = [] }: RouterState): Weights[] =>
  differs === undefined ? [weights] : parts.map((part) => part.weights)

/** Whether each address of a router holds what it held in another reading. */
export function holdsSame(one: RouterState, other: RouterState): boolean {
  const [now, then] = [heldBy(one), heldBy(other)]
  return now.length === then.length && now.every((held, index) => sameWeights(held, then[index] ?? {}))
}

/** The servers that are to get traffic and are out of service, while others of their members serve. */
export const outOf = ({ members }: Pick<RouterState, 'members'>): string[] =>
  Object.values(members).flatMap(({ out = [] }) => out)

/** What a router has sent to a member. */
export interface SentRequests {
  /** so far: a number that only grows, unless the router begins anew */
  sent: number
  /** those of them that have not come to an end */
  underWay: number
}

/** A thing that splits traffic between named members, as a provider's author writes it. */
export interface TrafficRouter {
  /** what it is and where, for messages and evidence: `haproxy 10.1.0.5:9999 backend app` */
  readonly where: string
  readonly capabilities: RouterCapabilities
  /** several that steer the same and that count as one: a restore puts each back by itself */
  readonly parts?: readonly TrafficRouter[]
  /** @throws ProviderError when the router cannot be read */
  read(signal: AbortSignal): Promise<RouterState>
  /**
   * Writes the full vector; the same call twice is one change. Whom it gives nothing gets no request any more, and is
   * left in the state that it was found in, as far as that allows.
   * @param found the states of a restore point
   * @throws Conflict when `expected` is no longer what is there
   */
  write(wanted: Weights, expected: RouterState, signal: AbortSignal, found?: AdminStates): Promise<void>
  /** Makes parked members ready to get traffic; they have none before they are healthy. The same call twice is one change. */
  prepare?(members: readonly string[], signal: AbortSignal): Promise<void>
  /**
   * Why the arms could not carry what a vector gives them, in words; undefined where they can. Asked before shares grow in a
   * rollout. A restore does not ask: it gives the traffic to who serves.
   */
  short?(wanted: Weights, arms: readonly string[], signal: AbortSignal): Promise<string | undefined>
  /** The requests of each member; connections, where it splits these. */
  requests?(signal: AbortSignal): Promise<Record<string, SentRequests>>
  /**
   * Whether what was written before is lost by a reload: its process has begun within the last real milliseconds, and
   * it holds what its configuration says instead of what was written. Absent where writes outlive the process.
   */
  reloaded?(withinMs: number, written: Weights, signal: AbortSignal): Promise<boolean>
}

/** What a router showed, and when. */
export interface RouterReading extends RouterState {
  /** ISO 8601, when the answer was there */
  readAt: string
}

/** A router that was opened: its readings have a time, and what it was asked and answered is in the evidence. */
export interface ObservedRouter extends TrafficRouter {
  readonly parts?: readonly ObservedRouter[]
  read(signal: AbortSignal): Promise<RouterReading>
}

/** A router whose settings were found valid; it is opened for the arms that it steers. */
export interface ConfiguredRouter extends Configured<ObservedRouter, [arms: readonly string[]]> {
  /** the arms that its settings name, where they do: those of its target, or the settings are wrong */
  readonly arms?: readonly string[]
}

interface RouterDefinition<S extends z.ZodType> extends ProviderDefinition<
  S,
  TrafficRouter,
  [arms: readonly string[]]
> {
  /** The arms that the settings name; undefined where they leave that to whoever opens it. */
  armsOf?(settings: z.output<S>): readonly string[] | undefined
}

/** Makes a router of its options and its factory. */
export function router<S extends z.ZodType>({
  options,
  create,
  armsOf,
}: RouterDefinition<S>): Provider<ConfiguredRouter> {
  return providerOf(options, (settings, written) => ({
    written,
    ...defined({ arms: armsOf?.(settings) }),
    open: (ports, arms) => observed(create(settings, withOwnSecrets(options, written, ports), arms), ports),
  }))
}

function observed(
  { where, capabilities, parts, read, write, prepare, short, requests, reloaded }: TrafficRouter,
  ports: ProviderPorts,
): ObservedRouter {
  const { clock, evidence } = ports
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
    ...(parts && { parts: parts.map((part) => observed(part, ports)) }),
    read: (signal) =>
      recorded(
        'read',
        async () => ({ ...(await read(signal)), readAt: clock.now().toISOString() }),
        described,
      ),
    write: (wanted, expected, signal, found) =>
      recorded(
        `write ${formatWeights(wanted)}`,
        () => write(wanted, expected, signal, found),
        () => 'accepted',
      ),
    ...(prepare && {
      prepare: (members, signal) =>
        recorded(
          `make ${members.join(' and ')} ready`,
          () => prepare(members, signal),
          () => 'accepted',
        ),
    }),
    ...(short && { short }),
    ...(requests && { requests }),
    ...(reloaded && { reloaded }),
  }
}

/** What a router holds, what is in effect, and who is out: in words. */
export function described({ weights, effective, members, differs, pending }: RouterState): string {
  const held = differs ?? `the router holds ${formatWeights(weights)}`
  const out = Object.entries(members).flatMap(([name, member]) => trouble(name, member) ?? [])
  const taken = pending ?? `in effect ${formatWeights(effective)}`
  return [held, taken, ...out].join(', ')
}

/** What is not as it should be with a member, in words. */
function trouble(name: string, { enabled, healthy, lingers, out = [] }: RouterMember): string | undefined {
  if (lingers) return `clients that are bound to ${name} still reach it`
  if (!enabled) return `${name} is drained or in maintenance`
  if (healthy === false) return `${name} is down`
  if (out.length === 0) return undefined
  return `${out.join(' and ')} of ${name} ${out.length > 1 ? 'are' : 'is'} out of service`
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
