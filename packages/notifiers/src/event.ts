import { z } from 'zod'
import { provider, type Configured, type Provider, type ProviderDefinition } from '@deploy-actions/action-kit'
import { release, runRef } from '@deploy-actions/rollout'

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
] as const
export type EventKind = (typeof eventKinds)[number]

/** What a stage came to, as people are told. */
export const stageReport = z.strictObject({
  /** what was planned for the canary arm, in basis points */
  weight: z.int(),
  /** what the router itself showed, in basis points, and when */
  weights: z.record(z.string(), z.int()),
  readAt: z.iso.datetime(),
  verdict: z.string(),
  reason: z.string(),
  durationMs: z.number(),
})
export type StageReport = z.infer<typeof stageReport>

export const link = z.strictObject({ title: z.string(), url: z.string() })
export type Link = z.infer<typeof link>

/** Something that happened in a rollout and that people or systems are told of. */
export const rolloutEvent = z.strictObject({
  kind: z.enum(eventKinds),
  at: z.iso.datetime(),
  service: z.string(),
  region: z.string().optional(),
  environment: z.string().optional(),
  release,
  stage: stageReport.optional(),
  /** why, derived from the numbers */
  cause: z.string().optional(),
  /** whom it touches, and how much */
  impact: z.string().optional(),
  status: z.string(),
  next: z.string().optional(),
  links: z.array(link),
  run: runRef,
  correlationId: z.string(),
})
export type RolloutEvent = z.infer<typeof rolloutEvent>

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
