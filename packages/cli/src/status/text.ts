import { counted, clean, moment, remedyLines, wrapped } from '../screen'
import { clockTime } from '@deploy-actions/action-kit'
import { formatWeights } from '@deploy-actions/rollout'
import type { RegionStatus, StatusReport, TransactionStatus } from './report'

const LABEL = (text: string): string => `  ${text.padEnd(8)}`

/** The report for a person: the worst first, and of what is well one line. */
export function statusText(report: StatusReport): string[] {
  const { service, repository, at, regions, unchecked, githubCalls } = report
  const trouble = regions.filter(({ findings }) => findings.length > 0)
  const verdict =
    trouble.length === 0
      ? `${counted(regions.length, 'region')}, ledger and routers agree`
      : `${trouble.length} of ${counted(regions.length, 'region')} ${trouble.length === 1 ? 'needs' : 'need'} a person`
  return [
    ...wrapped(
      '',
      `${service}${repository === null ? '' : ` in ${repository}`}, ${clockTime(at)}: ${verdict}`,
    ),
    ...regionLines(regions),
    ...(unchecked.length === 0 ? [] : ['', 'Not looked at:']),
    ...unchecked.flatMap(({ what, why }) => wrapped('  - ', `${what}: ${why}`)),
    '',
    `nothing was written; ${counted(githubCalls, 'call')} of GitHub's API`,
  ]
}

/** Those that a person has to see to, or where something is under way, at length; the rest in a line each. */
function regionLines(regions: readonly RegionStatus[]): string[] {
  const said = new Map<string, string>()
  const isBrief = ({ findings, ledger }: RegionStatus): boolean =>
    findings.length === 0 && ledger?.newest?.holds !== true
  const brief = regions.filter(isBrief).flatMap(briefText)
  return [
    ...regions.filter((region) => !isBrief(region)).flatMap((region) => ['', ...regionText(region, said)]),
    ...(brief.length > 0 ? ['', ...brief] : []),
  ]
}

const briefText = (region: RegionStatus): string[] => [
  ...wrapped('', `${region.name}: ${headline(region)}`),
  ...emergencyText(region),
]

/** @param said what was said already, by which region: a reason that many share is told once */
function regionText(region: RegionStatus, said: Map<string, string>): string[] {
  const { name, environment, findings } = region
  return [
    ...wrapped('', `${findings.length > 0 ? '!! ' : ''}${name} (${environment}): ${headline(region)}`),
    ...findings.flatMap(({ what, why, mend }) => {
      const before = said.get(what)
      if (before !== undefined) return wrapped(LABEL('wrong'), `the same as in ${before}`)
      said.set(what, name)
      return [...wrapped(LABEL('wrong'), what), ...wrapped(LABEL('so'), why), ...remedyLines(mend, LABEL(''))]
    }),
    ...ledgerText(region),
    ...routerText(region),
    ...emergencyText(region),
  ]
}

const HEADLINES: Record<RegionStatus['findings'][number]['kind'], string> = {
  'restore-failed': 'A RESTORE HAS FAILED',
  'guard-waits': 'A RESTORE WAITS FOR AN APPROVAL',
  abandoned: 'LEFT OPEN',
  'not-believed': 'its newest transaction proves nothing',
  drift: 'ledger and router do not agree',
  'ledger-unreadable': 'the ledger cannot be read',
  'router-unreadable': 'the router cannot be read',
  'router-obstacle': 'no rollout can begin',
  unverified: 'put back, and not seen to be healthy',
  planted: 'somebody has written into the ledger',
  approval: 'waits for an approval',
}

function headline({ findings: [worst], ledger, router }: RegionStatus): string {
  if (worst) return HEADLINES[worst.kind]
  const newest = ledger?.newest
  if (newest?.holds) return `${newest.release.version} is under way`
  const weights = router ? formatWeights(router.weights) : ''
  if (!newest) return `nothing was rolled out yet; ${weights}`
  const since = newest.since === null ? '' : ` ${moment(newest.since)}`
  return `${runsOf(ledger)}, ${newest.state}${since}; ${weights}`
}

const runsOf = ({ serving, arm }: NonNullable<RegionStatus['ledger']>): string =>
  serving ? `${serving.version}${arm === null ? '' : ` on ${arm}`}` : 'what runs is not known'

function ledgerText({ ledger }: RegionStatus): string[] {
  if (!ledger) return []
  const { newest } = ledger
  if (!newest) return wrapped(LABEL('ledger'), 'no transaction yet')
  const { id, note, state, openedAt, since, run } = newest
  const told = note === '' ? state : note
  const marked = since === null ? '' : `, ${state} ${moment(since)}`
  return [
    ...wrapped(LABEL('ledger'), newest.holds ? held(newest) : `${runsOf(ledger)}; ${id} is ${told}`),
    ...wrapped(LABEL(''), `opened ${moment(openedAt)} by ${run.actor}${marked}`),
    ...wrapped(LABEL(''), runText(newest)),
  ]
}

const held = ({ id, state, release, weightsOnly }: TransactionStatus): string =>
  `held by ${id}, ${state}, ${weightsOnly ? 'weights set by hand' : `bringing ${release.version}`}`

const runText = ({ run: { url, status, waitsFor } }: TransactionStatus): string =>
  [
    url,
    ...(status === null ? [] : [`(${status})`]),
    ...(waitsFor.length > 0 ? [`waits for ${waitsFor.join(', ')}`] : []),
  ].join(' ')

function routerText({ router }: RegionStatus): string[] {
  if (!router) return []
  const { weights, said } = router
  const plain = `the router holds ${formatWeights(weights)}, in effect ${formatWeights(weights)}`
  return wrapped(LABEL('router'), said === plain ? formatWeights(weights) : said)
}

function emergencyText({ ledger }: RegionStatus): string[] {
  const last = ledger?.lastEmergency
  if (!last) return []
  const { drill, version, said, at, transaction } = last
  return wrapped(
    LABEL(drill ? 'drill' : 'last'),
    `${version} was ${drill ? `taken back in ${said}` : said} (${clean(transaction)}${at === null ? '' : `, ${moment(at)}`})`,
  )
}
