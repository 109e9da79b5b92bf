import { z } from 'zod'
import type { EvidenceRecord } from '@deploy-actions/evidence'
import type { Weights } from '@deploy-actions/rollout'

/** What a router itself showed, and when. */
export interface Reading {
  weights: Weights
  /** ISO 8601 */
  readAt: string
}

const reading = z.looseObject({ weights: z.record(z.string(), z.int()), readAt: z.iso.datetime() })
/** Where actions keep readings among their facts: a commit its own, a restore by restore point, a canary by stage. */
const facts = z.looseObject({
  restored: z.array(z.unknown()).default([]),
  stages: z.array(z.unknown()).default([]),
})

/** The newest reading of a region's router that its evidence holds; undefined where nobody read it. */
export function lastReading(records: readonly EvidenceRecord[], region: string): Reading | undefined {
  const readings = records
    .filter((record) => record.region === region)
    .flatMap((record) => {
      const { restored, stages } = facts.safeParse(record.facts).data ?? { restored: [], stages: [] }
      return [record.facts, ...restored, ...stages].flatMap((value) => reading.safeParse(value).data ?? [])
    })
    .map(({ weights, readAt }) => ({ weights, readAt }))
  return readings.sort((a, b) => a.readAt.localeCompare(b.readAt)).at(-1)
}
