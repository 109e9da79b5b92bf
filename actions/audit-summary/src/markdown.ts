import { clockTime, escapeText, table } from '@deploy-actions/action-kit'
import { formatDuration, formatWeights } from '@deploy-actions/rollout'
import { infrastructureMarkdown } from './infrastructure'
import type { RunEvidence } from './run-evidence'
import { takenBackMarkdown } from './taken-back'

/** The report as the run's summary shows it: regions first, then who approved, what ran, and how whole the evidence is. */
export function reportMarkdown({
  plan,
  regions,
  infrastructure,
  takenBack,
  jobs,
  approvals,
  complete,
  problems,
  root,
  run,
}: RunEvidence): string {
  const title = plan ? `${plan.service} ${plan.release.version}` : `run ${run.id}`
  return [
    ...(takenBack
      ? takenBackMarkdown(takenBack.service, takenBack.targets, takenBack.spared)
      : [`## Rollout report: ${escapeText(title)}`, '']),
    ...(regions.length > 0
      ? [
          table(
            ['Region', 'Outcome', 'Why', 'Traffic, as the router showed it', 'Transaction'],
            regions.map(({ name, outcome, reason, traffic, transaction }) => [
              name,
              outcome,
              reason,
              traffic ? `${formatWeights(traffic.weights)} at ${clockTime(traffic.readAt)}` : 'not read',
              transaction ?? '-',
            ]),
          ),
          '',
          ...happened(regions),
          '',
        ]
      : []),
    ...infrastructureMarkdown(infrastructure),
    ...(approvals.length > 0
      ? [
          '### Approvals',
          '',
          table(
            ['Environment', 'State', 'By', 'Comment'],
            approvals.map(({ environment, state, by, comment }) => [environment, state, by, comment]),
          ),
          '',
        ]
      : []),
    '### Jobs',
    '',
    table(
      ['Job', 'Conclusion', 'Took', 'Records', 'Chain head'],
      jobs
        .filter(({ ran }) => ran)
        .map(({ name, conclusion, startedAt, completedAt, records, head }) => [
          name,
          conclusion ?? 'running',
          took(startedAt, completedAt),
          String(records),
          head?.slice(0, 19) ?? '-',
        ]),
    ),
    '',
    complete
      ? `Evidence is complete. Root \`${root}\`.`
      : `**Evidence is not complete.** Root of what is there: \`${root}\`.`,
    ...problems.map((problem) => `- ${escapeText(problem)}`),
  ].join('\n')
}

const styles: Record<string, string> = {
  promoted: 'fill:#dafbe1,stroke:#1a7f37',
  skipped: 'fill:#f6f8fa,stroke:#8c959f',
  'not-started': 'fill:#f6f8fa,stroke:#8c959f',
}
const FAILED = 'fill:#ffebe9,stroke:#cf222e'

/** What really happened, region by region. */
function happened(regions: RunEvidence['regions']): string[] {
  const nodes = regions.map(({ name, outcome }, index) => `  r${index}["${name}: ${outcome}"]`)
  const arrows = regions.slice(1).map((_, index) => `  r${index} --> r${index + 1}`)
  const colours = regions.map(({ outcome }, index) => `  style r${index} ${styles[outcome] ?? FAILED}`)
  return ['```mermaid', 'flowchart LR', ...nodes, ...arrows, ...colours, '```']
}

function took(startedAt: string | null, completedAt: string | null): string {
  if (startedAt === null || completedAt === null) return '-'
  return formatDuration(Math.round((Date.parse(completedAt) - Date.parse(startedAt)) / 1000) * 1000)
}
