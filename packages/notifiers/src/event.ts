import type { z } from 'zod'
import { provider, type Configured, type Provider, type ProviderDefinition } from '@deploy-actions/action-kit'
import type { Release, RunRef } from '@deploy-actions/rollout'

export const eventKinds = [
  'started',
  'stage',
  'approval-needed',
  'promoted',
  'completed',
  'failed',
  'restoring',
  'restored',
  'restore-failed',
  'decommission-failed',
] as const
export type EventKind = (typeof eventKinds)[number]

/** What a stage came to, as people are told. */
export interface StageReport {
  /** what was planned for the canary arm, in basis points */
  weight: number
  /** what the router itself showed, in basis points, and when */
  weights: Record<string, number>
  readAt: string
  verdict: string
  reason: string
  durationMs: number
}

export interface Link {
  title: string
  url: string
}

/** Something that happened in a rollout and that people or systems are told of. */
export interface RolloutEvent {
  kind: EventKind
  at: string
  service: string
  region?: string
  environment?: string
  release: Release
  stage?: StageReport
  /** why, derived from the numbers */
  cause?: string
  /** whom it touches, and how much */
  impact?: string
  status: string
  next?: string
  links: Link[]
  run: RunRef
  correlationId: string
}

/** What became of one delivery. */
export interface Delivery {
  delivered: boolean
  status?: number
  detail?: string
  ref?: string
}

/** A place where events are told. Never throws for what the sink does. */
export interface Notifier {
  send(event: RolloutEvent, signal: AbortSignal): Promise<Delivery>
}

/** A sink whose settings were found valid. */
export type ConfiguredNotifier = Configured<Notifier>

/** Makes a sink of its options and its factory. */
export const notifier = <S extends z.ZodType>(
  definition: ProviderDefinition<S, Notifier, []>,
): Provider<ConfiguredNotifier> => provider(definition)
