import { readFile } from 'node:fs/promises'
import { passedOf, problemsOf, type Ran, type Series } from './compare'
import { helm } from './helm'
import { terraform } from './terraform'

// npm run test:cases: after `npm test` and `npm run test:systems`, each with TEST_CASES=FILE, to which they append.

const file = process.env['TEST_CASES']
if (!file) throw new Error('TEST_CASES has to name the file that the runs before have appended to')
const ran = (await readFile(file, 'utf8'))
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Ran)

function tell(series: Series): number {
  const problems = problemsOf(series, ran)
  const lines = series.cases.map(
    (row) =>
      `${series.prefix} ${String(row.number).padStart(2)}  ${String(passedOf(row, ran)).padStart(2)} passed  ${row.what}`,
  )
  process.stdout.write(
    [...lines, ...problems, `${series.count} cases, ${problems.length} problems`, ''].join('\n'),
  )
  return problems.length
}
const problems = [helm, terraform].map(tell)
process.exitCode = problems.some((many) => many > 0) ? 1 : 0
