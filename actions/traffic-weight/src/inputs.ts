import { z } from 'zod'
import { commonInputs, writerInputs } from '@deploy-actions/action-kit'
import { duration, parsePercent, WHOLE, type Weights } from '@deploy-actions/rollout'

const vector = z.string().transform((text, context): Weights => {
  const entries = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((part) => part.split('='))
  const weights = Object.fromEntries(
    entries.map(([member = '', share = '']) => [member, parsePercent(share)]),
  )
  const total = Object.values(weights).reduce<number>((sum, points) => sum + (points ?? Number.NaN), 0)
  if (entries.every((entry) => entry.length === 2) && total === WHOLE) return weights as Weights
  context.addIssue({
    code: 'custom',
    message: 'is not a vector of weights; write every member and 100% in all, like blue=90%,green=10%',
  })
  return z.NEVER
})

export const inputs = z.strictObject({
  mode: z
    .enum(['set', 'get', 'restore', 'drain', 'switch', 'drain-share', 'return-share'])
    .describe(
      'set | get | restore | drain | switch; drain-share | return-share: the share of a region in traffic.regions, within a transaction',
    )
    .meta({ example: 'get' }),
  router: z
    .string()
    .optional()
    .describe('YAML as traffic.canary.router of rollout.yml; with it no rollout.yml is read'),
  arms: z.string().optional().describe('YAML as arms of rollout.yml; with router'),
  weights: vector
    .optional()
    .describe('with set: every member and its share')
    .meta({ example: 'blue=90%,green=10%' }),
  member: z
    .string()
    .optional()
    .describe('with drain: who gets nothing; with switch: who gets everything (default: who has nothing)'),
  'expected-current': vector.optional().describe('refuse to write unless this is what the router holds'),
  'restore-point': z
    .string()
    .optional()
    .describe('with restore: the output restore-point of an earlier step')
    .meta({ example: '{"blue":"100%","green":"0%"}' }),
  settle: duration.default(1_000).describe('after the write: when it is read once more; default 1s'),
  timeout: duration.default(30_000).describe('until when the write must have taken effect; default 30s'),
  config: commonInputs.config.optional(),
  region: commonInputs.region.optional(),
  service: commonInputs.service.optional(),
  environment: commonInputs.environment.optional(),
  version: commonInputs.version.optional(),
  image: commonInputs.image.optional(),
  digest: commonInputs.digest.optional(),
  transaction: commonInputs.transaction.optional(),
  infra: commonInputs.infra,
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>

/** What is done with the share of a region, in the router between them. */
export type ShareMode = Extract<Inputs['mode'], `${string}-share`>
/** Those that steer a router by a vector. */
export type VectorInputs = Inputs & { mode: Exclude<Inputs['mode'], ShareMode> }
