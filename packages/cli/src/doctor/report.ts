import { z } from 'zod'
import { findingOf, unchecked } from '../finding'

/** What may be wrong with a repository, the worst first. */
export const doctorKinds = [
  'config-invalid',
  'emergency-missing',
  'sweeper-missing',
  'steer-missing',
  'guard-missing',
  'guard-waits',
  'guard-branches',
  'environment-missing',
  'environment-weak',
  'caller-missing',
  'caller-invalid',
  'caller-unknown-template',
  'caller-permissions',
  'caller-refused',
  'caller-concurrency',
  'caller-placeholder',
  'secret-not-handed-over',
  'secret-missing',
  'secret-entry-missing',
  'workflow-not-there',
  'workflow-disabled',
  'default-permissions',
  'retention',
  'repository-renamed',
] as const

const finding = findingOf(doctorKinds)
export type DoctorFinding = z.infer<typeof finding>

/** What `doctor --json` prints. */
export const doctorReport = z.strictObject({
  v: z.literal(1),
  service: z.string().nullable().describe('null where rollout.yml cannot be read'),
  repository: z.string(),
  at: z.string(),
  findings: z.array(finding).describe('the worst first'),
  unchecked: z.array(unchecked).describe('neither right nor wrong'),
  githubCalls: z.int(),
})
export type DoctorReport = z.infer<typeof doctorReport>
