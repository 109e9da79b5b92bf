import { z } from 'zod'
import { release, transactionStates } from '@deploy-actions/rollout'
import { findingOf, unchecked } from '../finding'

/** What a person may have to see to in a region, the worst first. */
export const statusKinds = [
  'restore-failed',
  'guard-waits',
  'abandoned',
  'not-believed',
  'drift',
  'ledger-unreadable',
  'router-unreadable',
  'router-obstacle',
  'unverified',
  'planted',
  'approval',
] as const

const run = z.strictObject({
  id: z.int(),
  attempt: z.int(),
  url: z.string(),
  actor: z.string(),
  status: z
    .string()
    .nullable()
    .describe('queued, waiting, in_progress, completed; null where it is not known'),
  waitsFor: z.array(z.string()).describe('environments whose approval it waits for'),
})
export type RunStatus = z.infer<typeof run>

const transaction = z.strictObject({
  id: z.string(),
  state: z.enum(transactionStates),
  note: z.string(),
  holds: z.boolean().describe('nothing else is rolled out there meanwhile'),
  doubt: z.string().nullable().describe('why nothing is concluded from it'),
  release,
  weightsOnly: z.boolean().describe('weights were set by hand, and no release was brought'),
  openedAt: z.string(),
  since: z.string().nullable().describe('when it came to this state, by GitHub'),
  run,
})
export type TransactionStatus = z.infer<typeof transaction>

const emergency = z.strictObject({
  transaction: z.string(),
  version: z.string(),
  drill: z.boolean(),
  said: z.string(),
  at: z.string().nullable(),
})
export type EmergencyStatus = z.infer<typeof emergency>

/** Basis points by arm; in an outage nobody has any. */
const shares = z.record(z.string(), z.int().min(0))

const region = z.strictObject({
  name: z.string(),
  environment: z.string(),
  ledger: z
    .strictObject({
      newest: transaction.nullable(),
      serving: release.nullable().describe('what runs there as far as the ledger knows'),
      arm: z.string().nullable().describe('the arm that has all the traffic by the ledger'),
      lastEmergency: emergency.nullable().describe('among the newest few transactions'),
    })
    .nullable()
    .describe('null where it could not be read'),
  router: z
    .strictObject({ weights: shares, effective: shares, said: z.string(), readAt: z.string() })
    .nullable()
    .describe('null where it could not be read'),
  findings: z.array(findingOf(statusKinds)),
})
export type RegionStatus = z.infer<typeof region>
export type StatusFinding = RegionStatus['findings'][number]

/** What `status --json` prints. Weights are basis points, times ISO 8601 UTC. */
export const statusReport = z.strictObject({
  v: z.literal(1),
  service: z.string(),
  repository: z.string().nullable().describe('null for a ledger in a folder'),
  at: z.string(),
  ok: z.boolean().describe('all agree, and nothing waits for a person'),
  regions: z.array(region).describe('the worst first'),
  unchecked: z.array(unchecked),
  githubCalls: z.int(),
})
export type StatusReport = z.infer<typeof statusReport>
