import { readFile } from 'node:fs/promises'
import { CASES, cases } from './cases'
import { passedOf, problemsOf, type Ran } from './compare'

// npm run test:cases: after `npm test` and `npm run test:systems`, each with TEST_CASES=FILE, to which they append.

const file = process.env['TEST_CASES']
if (!file) throw new Error('TEST_CASES has to name the file that the runs before have appended to')
const ran = (await readFile(file, 'utf8'))
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Ran)

const line = (row: (typeof cases)[number]): string =>
  `${String(row.number).padStart(2)}  ${String(passedOf(row, ran)).padStart(2)} passed  ${row.what}`
const problems = problemsOf(cases, CASES, ran)
process.stdout.write(
  [...cases.map(line), ...problems, `${cases.length} cases, ${problems.length} problems`, ''].join('\n'),
)
process.exitCode = problems.length > 0 ? 1 : 0
