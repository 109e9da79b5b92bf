/** Tests of one file, by their titles; `%s`, `%i` and `%j` stand for whatever is there. */
export interface TestsOfFile {
  file: string
  titles: readonly string[]
}

/** A numbered case, and the tests that show what becomes of it. */
export interface Case {
  number: number
  what: string
  tests: readonly TestsOfFile[]
}

export const row = (number: number, what: string, ...tests: TestsOfFile[]): Case => ({ number, what, tests })
/** Titles as they stand in the file: %s, %i and %j for what a table of it fills in. */
export const of = (file: string, ...titles: string[]): TestsOfFile => ({ file, titles })

/** The bad days of one tool, numbered from 1; `B6 3 and 4: ...` is the title of a test of two of them. */
export interface Series {
  prefix: string
  count: number
  cases: readonly Case[]
}

/** A test with numbers in its title that a run has come to. */
export interface Ran {
  file: string
  title: string
  /** as Jest has it: `passed`, `failed`, or `pending` and `todo`, which have not run */
  status: string
}

/** What keeps the table from being true of what has run, a line each. */
export function problemsOf({ prefix, count, cases }: Series, ran: readonly Ran[]): string[] {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const numbersIn = numbersAfter(prefix)
  return [
    ...numbers.flatMap((number) => rowsOf(cases, number)),
    ...cases.flatMap((row) => testsOf(row).flatMap((test) => untrue(row, test, ran, numbersIn))),
    ...ran.flatMap((test) => unlisted(cases, test, numbersIn)),
  ].map((problem) => `${prefix}: ${problem}`)
}

/** How many tests of a case have passed, all majors and all lines of their tables counted. */
export const passedOf = (row: Case, ran: readonly Ran[]): number =>
  new Set(testsOf(row).flatMap((test) => meant(test, ran).filter(({ status }) => status === 'passed'))).size

interface Listed {
  file: string
  title: string
}

const testsOf = ({ tests }: Case): Listed[] =>
  tests.flatMap(({ file, titles }) => titles.map((title) => ({ file, title })))

function rowsOf(cases: readonly Case[], number: number): string[] {
  const rows = cases.filter((row) => row.number === number)
  if (rows.length !== 1) return [`case ${number} has ${rows.length} rows`]
  return rows.flatMap(testsOf).length === 0 ? [`case ${number} has no test`] : []
}

type NumbersIn = (title: string) => number[]

function untrue({ number }: Case, test: Listed, ran: readonly Ran[], numbersIn: NumbersIn): string[] {
  const name = `${test.file}: ${test.title}`
  if (!numbersIn(test.title).includes(number)) return [`case ${number} is not in the title of ${name}`]
  const found = meant(test, ran)
  if (found.length === 0) return [`case ${number}: has not run: ${name}`]
  return found
    .filter(({ status }) => status !== 'passed')
    .map(({ title, status }) => `case ${number}: ${status}: ${test.file}: ${title}`)
}

function unlisted(cases: readonly Case[], test: Ran, numbersIn: NumbersIn): string[] {
  return numbersIn(test.title)
    .filter((number) => !cases.some((row) => row.number === number && isListed(row, test)))
    .map((number) => `case ${number} does not name ${test.file}: ${test.title}`)
}

const isListed = (row: Case, test: Ran): boolean => testsOf(row).some((one) => meant(one, [test]).length > 0)

const meant = ({ file, title }: Listed, ran: readonly Ran[]): Ran[] => {
  const pattern = new RegExp(
    `^${title
      .split(/%[sij]/)
      .map(literally)
      .join('[^]*')}$`,
  )
  return ran.filter((one) => one.file === file && pattern.test(one.title))
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Of `B6 1, 2 and 46: ...`. */
const numbersAfter =
  (prefix: string): NumbersIn =>
  (title) => {
    const [, list = ''] = new RegExp(`\\b${prefix} (\\d+(?:, \\d+)*(?: and \\d+)?)`).exec(title) ?? []
    return [...list.matchAll(/\d+/g)].map(Number)
  }
