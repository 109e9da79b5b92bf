import { appendFileSync } from 'node:fs'
import type { Played } from './play'

const isBroken = ({ problems }: Played): boolean => problems.length > 0

/** What is wrong with a cell, and how it is played alone. */
export function tell({ cell, problems }: Played): void {
  console.log(`\nFAILED ${cell.id}`)
  for (const problem of problems) console.log(`  ${problem}`)
  console.log(`  alone: npm run test:kill -- --only '${cell.id}'`)
}

/** All that was said, for whoever looks at one cell. */
export function tellSteps({ steps }: Played): void {
  for (const { step, exitCode, stdout, weights, ledger } of steps)
    console.log(
      `\n--- ${step.name}: exit ${String(exitCode)}, ${JSON.stringify({ weights, ledger: ledger.map(({ note }) => note) })}\n${stdout}`,
    )
}

/** Numbers by step, the slowest cells, and the sum, which `.ci/run` adds to that of the other tests. */
export function tellNumbers(played: readonly Played[], seconds: number, seed: string): void {
  const columns = [44, 8, 7, 10, 10, 10, 8]
  const row = (...cells: (string | number)[]): void =>
    console.log(
      cells
        .map((cell, index) =>
          index === 0 ? String(cell).padEnd(columns[index]!) : String(cell).padStart(columns[index]!),
        )
        .join(''),
    )
  row('\nstep', 'classes', 'cells', 'restored', 'promoted', 'resolved', 'failed')
  for (const [name, own] of Map.groupBy(played, ({ cell }) => cell.scene.name)) {
    const classes = new Set(own.map(({ cell }) => cell.callClass)).size
    const ended = (end: string): number => own.filter((one) => one.end === end).length
    row(
      name,
      classes,
      own.length,
      ended('restored'),
      ended('promoted'),
      ended('resolved'),
      own.filter(isBroken).length,
    )
  }
  console.log('\nthe slowest:')
  for (const { cell, ms } of played.toSorted((a, b) => b.ms - a.ms).slice(0, 5))
    console.log(`${(ms / 1000).toFixed(1).padStart(6)} s ${cell.id}`)
  const failed = played.filter(isBroken).length
  console.log(`\n${played.length - failed} passed, ${failed} failed, ${seconds} s, seed ${seed}`)
  const file = process.env['TEST_COUNTS']
  if (file !== undefined) appendFileSync(file, `${played.length - failed} ${failed}\n`)
}
