import { table } from '@deploy-actions/action-kit'
import type { EvidenceRecord } from '@deploy-actions/evidence'

/** What became of a region's infrastructure, in the words of whoever planned and applied it. */
export interface InfrastructureResult {
  region: string
  planned: string | null
  applied: string | null
}

const ACTION = 'plan-apply'

/** By the records of the run; none where nothing was planned. What was applied stays, also where the release went back. */
export function infrastructureResults(records: readonly EvidenceRecord[]): InfrastructureResult[] {
  const own = records.filter(({ action, region }) => action === ACTION && region !== undefined)
  return [...new Set(own.flatMap(({ region }) => region ?? []))].map((region) => {
    const last = (mode: string): string | null => {
      const one = own.findLast((record) => record.region === region && record.inputs['mode'] === mode)
      return one ? `${one.outcome}: ${one.reason}` : null
    }
    return { region, planned: last('plan'), applied: last('apply') }
  })
}

/** The same for people. */
export function infrastructureMarkdown(results: readonly InfrastructureResult[]): string[] {
  if (results.length === 0) return []
  const rows = results.map(({ region, planned, applied }) => [
    region,
    planned ?? 'not planned',
    applied ?? 'nothing was applied',
  ])
  return [
    '### Infrastructure',
    '',
    table(['Region', 'Planned', 'Applied'], rows),
    '',
    'What was applied stays, whatever became of the release.',
    '',
  ]
}
