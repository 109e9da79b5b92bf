import { appendFile } from 'node:fs/promises'
import type { Summary } from './ports'

/** GitHub drops a step's summary over 1 MiB whole. */
export const SUMMARY_BUDGET_BYTES = 1000 * 1024

const CUT =
  '\n\n_The rest is left out to keep within the size that GitHub shows; the evidence has all of it._\n'

/** Collects the sections of this action; `write` appends them to the step summary file, cut at the budget. */
export function createSummary(file: string | undefined): Summary & { write(): Promise<void> } {
  const sections: string[] = []
  return {
    add: (markdown) => void sections.push(markdown.trimEnd()),
    async write() {
      if (file === undefined || sections.length === 0) return
      await appendFile(file, withinBudget(`${sections.join('\n\n')}\n`))
    },
  }
}

function withinBudget(markdown: string): string {
  if (Buffer.byteLength(markdown) <= SUMMARY_BUDGET_BYTES) return markdown
  const room = SUMMARY_BUDGET_BYTES - Buffer.byteLength(CUT)
  const lines = markdown.split('\n')
  let kept = 0
  let bytes = 0
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1
    if (bytes > room) break
    kept++
  }
  return lines.slice(0, kept).join('\n') + CUT
}
