import type { RegionConfig } from '@deploy-actions/config'
import { doubtOf, FORGOTTEN_AFTER_MS, type Entry } from '@deploy-actions/ledger'
import { formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'
import { obstacleTo, type RouterReading } from '@deploy-actions/traffic'
import type { Remedy } from '../finding'
import { yamlText } from '../yaml-text'
import { command, ghApi, ghWorkflowRun, type GhRepository } from '../gh'
import { expectedWeights, wholeArm } from './expected'
import type { LedgerLook, Look } from './look'
import type { StatusFinding } from './report'
import type { RunLook } from './runs'

/** Everything that was seen of a region. */
export interface Seen {
  config: RegionConfig
  service: string
  /** undefined for a ledger in a folder */
  repository: GhRepository | undefined
  /** of rollout.yml in the repository */
  path: string
  /** `OWNER/deploy-actions` */
  suite: string
  /** name of the emergency workflow's file in the repository */
  emergency: string
  ledger: Look<LedgerLook>
  router: Look<RouterReading>
  /** runs of the repository that wait for an approval */
  waiting: readonly RunLook[]
  now: Date
}

type Found = Omit<StatusFinding, 'where'>

/** What a person has to see to in a region. */
export function assess(seen: Seen): StatusFinding[] {
  const { name } = seen.config.region
  const found = [...ofLedger(seen), ...ofRouter(seen), ...ofApprovals(seen)]
  return found.map((finding) => ({ where: name, ...finding }))
}

function ofLedger(seen: Seen): Found[] {
  const { ledger } = seen
  if ('why' in ledger)
    return [
      {
        kind: 'ledger-unreadable',
        what: `the ledger cannot be read: ${ledger.why}`,
        why: 'what runs here, and who holds it, is not known',
        mend: [],
      },
    ]
  const { newest, holder } = ledger.seen
  return [
    ...(holder ? ofHolder(holder, ledger.seen, seen) : []),
    ...(newest && newest !== holder && newest.state === 'unverified' ? [unverified(newest, seen)] : []),
    ...(newest ? ofDoubt(newest, seen) : []),
    ...ofPlanted(ledger.seen, seen),
  ]
}

function ofHolder(holder: Entry, { runs }: LedgerLook, seen: Seen): Found[] {
  const { record, state, note } = holder
  if (state === 'restore-failed')
    return [
      {
        kind: 'restore-failed',
        what: `${record.id} brought ${record.release.version} and could not be put back (${note})`,
        why: 'its traffic may stand where it should not, and nothing else is rolled out here until it is freed',
        mend: [...putBack(holder, seen), resolve(holder, seen)],
      },
    ]
  if (runs.length === 0 || runs.some(({ status }) => status !== 'completed')) return []
  return [
    {
      kind: 'abandoned',
      what: `${record.id} is ${state}, and ${runs.length > 1 ? 'the runs that opened and restored it have' : 'its run has'} ended`,
      why: 'nobody puts it back, and nothing else is rolled out here until somebody does',
      mend: putBack(holder, seen),
    },
  ]
}

const unverified = (entry: Entry, seen: Seen): Found => ({
  kind: 'unverified',
  what: `${entry.record.id} was put back, and what serves was not seen to be healthy (${entry.note})`,
  why: 'clients may be getting errors',
  mend: putBack(entry, seen),
})

function ofDoubt(newest: Entry, seen: Seen): Found[] {
  const doubt = doubtOf(newest)
  if (doubt === undefined) return []
  const { id, release, run } = newest.record
  const path = run.workflowRef.split('@')[0]?.split('/').slice(2).join('/') ?? ''
  const trusted = command(['deploy-actions', 'status'], ['--trusted-workflow', path])
  return [
    {
      kind: 'not-believed',
      what: `${id} says to bring ${release.version} of ${seen.service}, and proves nothing: ${doubt}`,
      why: 'whoever may write deployments can have planted it; what runs here is not known from the ledger',
      mend:
        newest.distrust === undefined || path === ''
          ? [resolve(newest, seen)]
          : [{ run: trusted }, resolve(newest, seen)],
    },
  ]
}

/** What counts for nothing; what is old may have lost its proofs, since GitHub keeps neither runs nor artifacts for ever. */
function ofPlanted({ refused, warnings }: LedgerLook, { repository, now }: Seen): Found[] {
  const recent = refused.filter(({ createdAt }) => now.getTime() - createdAt.getTime() < FORGOTTEN_AFTER_MS)
  const why = 'whoever wrote it may write deployments of this repository'
  return [
    ...recent.map(({ number, id, why: refusal }): Found => ({
      ...{ kind: 'planted', why },
      what: `deployment ${number} says to be transaction ${id}, and counts for nothing: ${refusal}`,
      mend: repository ? [{ run: ghApi(repository, 'GET', `deployments/${number}`) }] : [],
    })),
    ...warnings.map((what): Found => ({ ...{ kind: 'planted', why }, what, mend: [] })),
  ]
}

function ofRouter(seen: Seen): Found[] {
  const { router, ledger } = seen
  if ('why' in router)
    return [
      {
        kind: 'router-unreadable',
        what: `the router cannot be read from here: ${router.why}`,
        why: 'where the traffic goes is not known',
        mend: [],
      },
    ]
  const isHeld = 'seen' in ledger && ledger.seen.holder !== undefined
  const newest = 'seen' in ledger ? ledger.seen.newest : undefined
  const expected = newest && !isHeld ? expectedWeights(newest) : undefined
  if (newest && expected && !holds(router.seen, expected)) return [drift(newest, expected, router.seen, seen)]
  const problem = obstacle(router.seen, isHeld)
  return problem === undefined
    ? []
    : [{ kind: 'router-obstacle', what: problem, why: 'no rollout begins here', mend: [] }]
}

const holds = ({ differs, weights }: RouterReading, expected: Weights): boolean =>
  differs === undefined && sameWeights(weights, expected)

function drift(entry: Entry, expected: Weights, reading: RouterReading, seen: Seen): Found {
  const { id, release } = entry.record
  const held = reading.differs ?? `the router holds ${formatWeights(reading.weights)}`
  const outcome = entry.state === 'committed' ? `committed ${release.version}` : `is ${entry.state}`
  return {
    kind: 'drift',
    what: `by the ledger ${id} ${outcome}, with ${formatWeights(expected)}; ${held}`,
    why: 'somebody else set it, so no rollout begins here, and what clients get is in no record',
    mend: [...(entry.state === 'committed' ? putBack(entry, seen) : []), setWeights(expected, reading, seen)],
  }
}

/** Why no rollout begins over what a router shows, whatever the ledger says. */
function obstacle(reading: RouterReading, isHeld: boolean): string | undefined {
  const named = reading.differs ?? obstacleTo(reading)
  if (named !== undefined || isHeld) return named
  const { weights, effective } = reading
  if (wholeArm(weights) === undefined)
    return `neither arm carries all the traffic: the router holds ${formatWeights(weights)}`
  if (sameWeights(weights, effective)) return undefined
  return `the router holds ${formatWeights(weights)}, and in effect it is ${formatWeights(effective)}: an arm is down, drained or in maintenance`
}

function ofApprovals({ config: { region }, waiting, ledger, repository }: Seen): Found[] {
  const own = 'seen' in ledger ? ledger.seen.runs : []
  const runs = [...new Map([...own, ...waiting].map((run) => [run.id, run])).values()]
  return runs.flatMap(({ id, url, waitsFor }): Found[] => {
    const waits = (environment: string): boolean =>
      waitsFor.some((name) => name.toLowerCase() === environment.toLowerCase())
    const mend: Remedy[] = repository
      ? [
          {
            run: command(
              ['gh', 'run', 'view', String(id), '--web'],
              [
                '--repo',
                `${repository.host === undefined ? '' : `${repository.host}/`}${repository.owner}/${repository.repo}`,
              ],
            ),
          },
        ]
      : []
    const guard = region['guard-environment']
    const what = (name: string): string => `run ${url} waits for an approval of ${name}`
    if (waits(guard))
      return [
        {
          kind: 'guard-waits',
          what: what(guard),
          why: 'the traffic is put back only after somebody says so',
          mend,
        },
      ]
    if (waits(region.environment))
      return [
        {
          kind: 'approval',
          what: what(region.environment),
          why: 'its rollout goes on only after that',
          mend,
        },
      ]
    return []
  })
}

/** By the emergency workflow; of what proves nothing no restorer takes anything back. */
function putBack(entry: Entry, { repository, emergency, service }: Seen): Remedy[] {
  if (!repository || doubtOf(entry) !== undefined) return []
  const { region, environment, id } = entry.record
  const inputs = { service, region, environment, to: id, reason: 'found by status' }
  return [{ run: ghWorkflowRun(repository, emergency, inputs) }]
}

const resolve = ({ record }: Entry, { suite, path }: Seen): Remedy => ({
  edit: 'a job of yours, once somebody has put the target right by hand',
  to: [
    `- uses: ${suite}/restore-point@v1`,
    '  with:',
    '    mode: resolve',
    `    to: ${yamlText(record.id)}`,
    `    config: ${yamlText(path)}`,
    `    region: ${yamlText(record.region)}`,
    '    reason: who put it right, and how',
  ].join('\n'),
})

const vector = (weights: Weights): string =>
  Object.entries(weights)
    .map(([arm, points]) => `${arm}=${points / 100}%`)
    .join(',')

const setWeights = (
  expected: Weights,
  { weights }: RouterReading,
  { config, suite, path }: Seen,
): Remedy => ({
  edit: 'a job of yours, to have it as the ledger says',
  to: [
    `- uses: ${suite}/traffic-weight@v1`,
    '  with:',
    '    mode: set',
    `    config: ${yamlText(path)}`,
    `    region: ${config.region.name}`,
    `    weights: ${vector(expected)}`,
    `    expected-current: ${vector(weights)}`,
  ].join('\n'),
})
