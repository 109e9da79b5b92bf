import { isDeepStrictEqual } from 'node:util'
import { counted, remedyLines, wrapped } from '../screen'
import type { DoctorFinding, DoctorReport } from './report'

const INDENT = ' '.repeat(4)

/** The report for a person: the worst first, each with what mends it. */
export function doctorText({
  service,
  repository,
  findings,
  unchecked,
  githubCalls,
}: DoctorReport): string[] {
  const found =
    findings.length === 0
      ? 'nothing wrong was found'
      : `${counted(findings.length, 'thing')} ${findings.length === 1 ? 'is' : 'are'} wrong`
  const open = unchecked.length === 0 ? '' : `, ${unchecked.length} could not be checked`
  return [
    ...wrapped('', `${service === null ? repository : `${service} in ${repository}`}: ${found}${open}`),
    ...findings.flatMap((finding, index) => ['', ...findingText(finding, index, findings)]),
    ...(unchecked.length === 0 ? [] : ['', 'Could not be checked:']),
    ...unchecked.flatMap(({ what, why }) => wrapped('  - ', `${what}: ${why}`)),
    '',
    `nothing was written; ${counted(githubCalls, 'call')} of GitHub's API`,
  ]
}

function findingText(finding: DoctorFinding, index: number, all: readonly DoctorFinding[]): string[] {
  const { where, what, why, mend } = finding
  const isCommand = mend.some((one) => 'run' in one)
  // One command sets all of an environment: it is not to be typed for each thing that is wrong with it.
  const earlier = all.slice(0, index).findIndex((one) => isDeepStrictEqual(one.mend, mend))
  return [
    ...wrapped(`${index + 1}.`.padEnd(INDENT.length), `${where}: ${what}`),
    ...wrapped(`${INDENT}so `, why),
    ...(earlier < 0 || !isCommand ? remedyLines(mend, INDENT) : [`${INDENT}(mended with ${earlier + 1}.)`]),
  ]
}
