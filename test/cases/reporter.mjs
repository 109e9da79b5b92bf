import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'

/** Appends each test whose title has a number of a case to the file that TEST_CASES names: run.ts reads it. */
export default class CaseReporter {
  constructor({ rootDir }) {
    this.root = rootDir
  }
  onTestResult(_, { testFilePath, testResults }) {
    const to = process.env.TEST_CASES
    if (!to) return
    const file = relative(this.root, testFilePath)
    for (const { title, status } of testResults)
      if (/\b(?:A7|B6) \d/.test(title)) appendFileSync(to, `${JSON.stringify({ file, title, status })}\n`)
  }
}
