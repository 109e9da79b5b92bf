import { defined } from '@deploy-actions/rollout'
import { z } from 'zod'
import type { Ports } from '@deploy-actions/action-kit'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** What main tells post: whose chain it will upload. */
export const collecting = z.strictObject({
  artifact: z.string(),
  jobId: z.int().nullable(),
  region: z.string().nullable(),
})
export const COLLECTING = 'collecting'

/** Names the chain of this job. As the first step of the job its post runs last, after every restoring post. */
export function collect(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const { job, attempt } = ports.context
  const { service, region } = inputs
  ports.evidence.about(defined({ service, region }))
  const jobId = inputs['job-id'] ?? null
  // Two rollouts in one run have jobs of the same names: the id tells them apart.
  const artifact = [
    'evidence',
    service ?? 'rollout',
    region ?? 'all',
    job,
    ...(jobId === null ? [] : [jobId]),
    attempt,
  ].join('-')
  const state: z.infer<typeof collecting> = {
    artifact,
    jobId,
    region: region ?? null,
  }
  ports.state.save(COLLECTING, JSON.stringify(state))
  const reason = `the evidence of this job will be uploaded as ${artifact}`
  ports.log.info(reason)
  return Promise.resolve({ outcome: 'collecting', reason })
}
