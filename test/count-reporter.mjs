import { appendFileSync } from 'node:fs'

/** Appends `PASSED FAILED` of a run to the file that TEST_COUNTS names: `.ci/run` adds them up. */
export default class CountReporter {
  onRunComplete(_, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const file = process.env.TEST_COUNTS
    if (file) appendFileSync(file, `${numPassedTests} ${numFailedTests + numRuntimeErrorTestSuites}\n`)
  }
}
