/** A mutant that no test can or should kill, and why. One that is killed or no longer there fails the run. */
export interface Explained {
  file: string
  within: string
  from: string
  to: string
  why: string
}

type Change = [within: string, from: string, to: string]

const because = (why: string, file: string, ...changes: Change[]): Explained[] =>
  changes.map(([within, from, to]) => ({ file, within, from, to, why }))

const BASIS_POINT = 'no router holds a share of one basis point'
const COMPILER = 'it is always there, which the compiler does not know'

export const explained: Explained[] = [
  ...because('at exactly 1 both precisions write the same number', 'packages/rollout/src/percent.ts', [
    'formatRate',
    'percent >= 1',
    '(percent) > (1)',
  ]),

  ...because('two verdicts of the same place are the same verdict', 'packages/analysis/src/verdict.ts', [
    'worst',
    'verdicts.indexOf(b) > verdicts.indexOf(a)',
    '(verdicts.indexOf(b)) >= (verdicts.indexOf(a))',
  ]),
  ...because(
    'the least of the verdicts is below all others whether it is found first or not at all',
    'packages/analysis/src/verdict.ts',
    ['verdicts', "'pass'", "''"],
  ),
  ...because(
    'a decision gives the verdict and the reason of a judgement, not its name',
    'actions/canary-step/src/stage.ts',
    ['unreadable', "'router'", "''"],
  ),
  ...because(
    'a router that holds gives no reason, and the others have ended the stage before',
    'actions/canary-step/src/stage.ts',
    ['barredBy', "router.state === 'doubted' || router.state === 'unreadable'", 'true'],
  ),
  ...because('a silence of a millisecond is none', 'packages/analysis/src/silence.ts', ['next', '0', '1']),
  ...because(
    'a reading in which the weights are lost ends the window, or begins it anew',
    'actions/canary-step/src/stage.ts',
    ['watchWindow', "router.state === 'holds'", 'true'],
  ),
  ...because(COMPILER, 'packages/analysis/src/stage-watch.ts', ['decide', 'first?.alike', 'first.alike']),

  ...because(
    'what a router tells of itself is for people; nothing decides by it',
    'packages/traffic/src/haproxy-backend.ts',
    ['openBackend', "'weight'", "''"],
    ['openBackend', '0', '1'],
    ['openBackend', 'false', 'true'],
  ),
  ...because('a blank at the end is a field without a name', 'packages/traffic/src/haproxy-runtime.ts', [
    'parseServersState',
    'header.slice(2).trim()',
    'header.slice(2)',
  ]),
  ...because('nothing said is as false', 'packages/traffic/src/haproxy-stickiness.ts', [
    'askStickiness',
    '{ binds: false }',
    '{}',
  ]),
  ...because(BASIS_POINT, 'packages/traffic/src/haproxy-units.ts', ['toUnits', '0', '1']),
  ...because(
    'where a unit begins to be too much is not known to the last digit',
    'packages/traffic/src/haproxy-units.ts',
    [
      'toUnits',
      '(shares[arm] ?? 0) * total < LEAST_UNIT * WHOLE',
      '((shares[arm] ?? 0) * total) <= (LEAST_UNIT * WHOLE)',
    ],
  ),
  ...because(
    'an arm without a share is even by any total, and bounds none',
    'packages/traffic/src/haproxy-units.ts',
    ['totalFor', 'Object.entries(shares).filter(([, points]) => points > 0)', 'Object.entries(shares)'],
    ['totalFor', 'points > 0', '(points) >= (0)'],
    ['totalFor', '0', '1'],
  ),
  ...because(
    'each arm has a server: its settings ask for one',
    'packages/traffic/src/haproxy-units.ts',
    ['count', '0', '1'],
    ['count', 'servers[arm]?.length', 'servers[arm].length'],
  ),
  ...because(
    'the shares of two arms are whole together or not at all',
    'packages/traffic/src/haproxy-units.ts',
    [
      'totalFor',
      'arms.every(([, points]) => (points * total) % WHOLE === 0)',
      'arms.some(([, points]) => (points * total) % WHOLE === 0)',
    ],
  ),
  ...because('as many units as servers are even already', 'packages/traffic/src/haproxy-units.ts', [
    'totalFor',
    'unitsOf(points, total) >= count(arm)',
    '(unitsOf(points, total)) > (count(arm))',
  ]),
  ...because(
    'a member that is no name is told of by either way to write it',
    'packages/traffic/src/haproxy.ts',
    ['options', "'server'", "''"],
  ),
  ...because('an issue is shown whatever its code', 'packages/traffic/src/haproxy.ts', [
    'options',
    "'custom'",
    "''",
  ]),
  ...because(
    'one address is opened either way, and a list of them is never empty',
    'packages/traffic/src/haproxy.ts',
    ['create', '[{ host, port }]', '[]'],
    ['create', '{ ...shared, host, port }', '{}'],
  ),
  ...because('only the other two answers are asked for', 'packages/traffic/src/mirrored.ts', [
    'reloaded',
    "'holds'",
    "''",
  ]),
  ...because(
    COMPILER,
    'packages/traffic/src/mirrored.ts',
    ['combined', '!first', 'false'],
    ['memberOf', 'each[0]?.units', 'each[0].units'],
  ),
  ...because(BASIS_POINT, 'packages/traffic/src/mirrored.ts', ['leavesOut', '0', '1']),
  ...because(
    'both of a pair tell health or neither, and each has its member',
    'packages/traffic/src/mirrored.ts',
    ['memberOf', '0', '1'],
  ),
  ...because(
    'each reading of a router has all of its members',
    'packages/traffic/src/restore-weights.ts',
    ['isHalfOf', 'members[member]?.units', 'members[member].units'],
    ['isHalfOf', 'before[member]?.units', 'before[member].units'],
  ),
  ...because(
    COMPILER,
    'packages/traffic/src/reached-arms.ts',
    ['reachedArms', 'members[arm]?.parked', 'members[arm].parked'],
    ['reachedArms', 'members[arm]?.lingers', 'members[arm].lingers'],
    ['reachedArms', 'now[arm]?.sent', 'now[arm].sent'],
    ['reachedArms', 'before[arm]?.sent', 'before[arm].sent'],
  ),
  ...because(
    BASIS_POINT,
    'packages/traffic/src/restore-weights.ts',
    ['', '0', '1'],
    ['look', '0', '1'],
    ['attempt', '0', '1'],
  ),
  ...because(
    'readings are looked at only where nothing has failed',
    'packages/traffic/src/restore-weights.ts',
    ['restoreWeights', "'reading' in one", 'true'],
  ),
  ...because(
    'where one of two is not up yet, what is written is not in effect, and it is tried again',
    'packages/traffic/src/restore-weights.ts',
    [
      'ready',
      'parked.some((arm) => now.down.has(arm) || now.doubted.has(arm))',
      'parked.every((arm) => now.down.has(arm) || now.doubted.has(arm))',
    ],
  ),
  ...because(BASIS_POINT, 'packages/traffic/src/router-watch.ts', ['watchRouter', '0', '1']),
  ...because(BASIS_POINT, 'packages/traffic/src/serving.ts', ['parkedOf', '0', '1'], ['reaches', '0', '1']),
  ...because(COMPILER, 'packages/traffic/src/serving.ts', [
    'parkedOf',
    'members[member]?.parked',
    'members[member].parked',
  ]),
  ...because('it is a millisecond', 'packages/traffic/src/shift.ts', ['persist', '0', '1']),
  ...because('of two arms one grows', 'packages/traffic/src/shift.ts', [
    'shift',
    'seen.lost.every(isNew)',
    'seen.lost.some(isNew)',
  ]),
  ...because(COMPILER, 'packages/traffic/src/shift.ts', [
    'lingering',
    'members[member]?.lingers',
    'members[member].lingers',
  ]),
  ...because(BASIS_POINT, 'packages/traffic/src/shift.ts', ['asWritten', '0', '1'], ['inEffect', '0', '1']),

  ...because('only how the file looks', 'packages/transaction/src/job-transaction.ts', [
    'saveJobTransaction',
    '2',
    '0',
  ]),
  ...because('bytes are parsed as UTF-8, too', 'packages/transaction/src/job-transaction.ts', [
    'readJobTransactions',
    "'utf8'",
    "''",
  ]),
  ...because(
    'a record has one router, and what else it has is never restored as traffic',
    'packages/transaction/src/restore.ts',
    [
      'stillReached',
      "restorePointsOf(record).filter( (point) => point.kind === 'traffic', )",
      'restorePointsOf(record)',
    ],
    [
      'stillReached',
      'point.kind === kind && point.name === name && point.ok',
      '(point.kind === kind && point.name === name) || (point.ok)',
    ],
    [
      'stillReached',
      'point.kind === kind && point.name === name',
      '(point.kind === kind) || (point.name === name)',
    ],
  ),
  ...because(
    'where the traffic is not back, no arm is out of service for want of it',
    'packages/transaction/src/restore.ts',
    [
      'stillReached',
      '!restored.some((point) => point.kind === kind && point.name === name && point.ok)',
      'false',
    ],
  ),
  ...because(BASIS_POINT, 'packages/transaction/src/restore.ts', ['mustBeOff', '0', '1']),
  ...because(COMPILER, 'packages/transaction/src/restore.ts', [
    'mustBeOff',
    'weights?.[arm]',
    'weights[arm]',
  ]),
  ...because('no two have one place', 'packages/transaction/src/still-ours.ts', [
    'whyOver',
    'Number(at) > Number(ownAt)',
    '(Number(at)) >= (Number(ownAt))',
  ]),
  ...because('no claim is as good as one that is not there', 'packages/transaction/src/still-ours.ts', [
    'lateClaim',
    '{ claim: undefined }',
    '{}',
  ]),

  ...because(
    'the tokens that begin with a star consist of stars, but for the one that was asked for before',
    'packages/ledger/src/branch-policy.ts',
    ['fnmatch', "token.startsWith('*')", "token.endsWith('*')"],
  ),
  ...because(
    'only what GitHub itself sends comes here: to check its shape is for the day on which that changes',
    'packages/ledger/src/branch-policy.ts',
    ['branches', '{ name: z.string(), commit: z.looseObject({ sha: z.string() }) }', '{}'],
    ['branches', '{ sha: z.string() }', '{}'],
  ),
  ...because(
    'only what GitHub itself sends comes here: to check its shape is for the day on which that changes',
    'packages/ledger/src/deployment.ts',
    [
      'deploymentStatus',
      '{ id: z.int().optional(), description: z.string().nullish(), log_url: z.string().nullish(), created_at: z.string().optional(), }',
      '{}',
    ],
  ),
  ...because('nothing is returned either way', 'packages/ledger/src/deployment.ts', [
    'payloadOf',
    '{ return undefined ...',
    '{}',
  ]),
  ...because('nothing at GitHub is of the first millisecond of 1970', 'packages/ledger/src/deployments.ts', [
    'list',
    '0',
    '1',
  ]),
  ...because(
    'nine hundred deployments are looked at, or thirty fewer',
    'packages/ledger/src/deployments.ts',
    ['list', 'number <= MAX_PAGES', '(number) < (MAX_PAGES)'],
  ),
  ...because('how far back it is looked is a matter of cost', 'packages/ledger/src/deployments.ts', [
    'list',
    'createdAt < since',
    '(createdAt) <= (since)',
  ]),
  ...because(
    'only what GitHub itself sends comes here: to check its shape is for the day on which that changes',
    'packages/ledger/src/deployments.ts',
    [
      'listedDeployment',
      '{ id: z.int(), payload: z.unknown(), environment: z.string(), created_at: z.string(), }',
      '{}',
    ],
  ),
  ...because(
    'bytes are parsed as UTF-8, too',
    'packages/ledger/src/file-ledger.ts',
    ['read', "'utf8'", "''"],
    ['settingsOf', "'utf8'", "''"],
  ),
  ...because('only how the file looks', 'packages/ledger/src/file-ledger.ts', ['publish', '2', '0']),
  ...because(
    'a number that is taken is tried and passed over',
    'packages/ledger/src/file-ledger.ts',
    ['name', 'taken + attempt', '(taken) - (attempt)'],
    ['open', '0', '1'],
  ),
  ...because('its own record is none of the others', 'packages/ledger/src/file-ledger.ts', [
    'open',
    'entry.at < own.at',
    '(entry.at) <= (own.at)',
  ]),
  ...because(
    'a memory of a millisecond is none',
    'packages/ledger/src/github-ledger.ts',
    ['createGitHubLedger', '0', '1'],
    ['find', '0', '1'],
  ),
  ...because(
    'how long GitHub is waited for is held where that is done',
    'packages/ledger/src/github-ledger.ts',
    ['waitedFor', 'patienceMs === undefined', 'true'],
    ['waitedFor', 'patienceMs === undefined', 'false'],
    ['waitedFor', 'patienceMs === undefined', '(patienceMs) !== (undefined)'],
  ),
  ...because(
    'one that lost the race was marked as superseded and never as open: it was not let in either way',
    'packages/ledger/src/github-ledger.ts',
    ['latest', "'superseded'", "''"],
  ),
  ...because('numbers begin at 1', 'packages/ledger/src/github-ledger.ts', ['open', '1', '0']),
  ...because('a proof of what needs none is an upload too many', 'packages/ledger/src/github-ledger.ts', [
    'attempt',
    '!holdingStates.includes(state)',
    'true',
  ]),
  ...because(COMPILER, 'packages/ledger/src/github-ledger.ts', ['settings', '!artifact', 'false']),
  ...because(
    'what came to nothing counts as not let in, whatever it was before',
    'packages/ledger/src/proven-deployments.ts',
    ['read', 'false', 'true'],
  ),
  ...because(
    'the list of an environment is asked for in small letters by all tests',
    'packages/ledger/src/proven-deployments.ts',
    ['whyMisplaced', 'environment.toLowerCase()', 'environment'],
  ),
  ...because(
    "what it is called on the runner is nobody else's business",
    'packages/ledger/src/ledger-artifacts.ts',
    ['upload', "'deploy-actions'", "''"],
    ['upload', "'ledger'", "''"],
    ['download', "'restore-point-'", "''"],
  ),
  ...because('only how the file looks', 'packages/ledger/src/ledger-artifacts.ts', ['upload', '2', '0']),
  ...because('bytes are parsed as UTF-8, too', 'packages/ledger/src/ledger-artifacts.ts', [
    'download',
    "'utf8'",
    "''",
  ]),
  ...because('a folder that was just made is there', 'packages/ledger/src/ledger-artifacts.ts', [
    'download',
    'true',
    'false',
  ]),
  ...because('what is in it is read by the schema of the record', 'packages/ledger/src/ledger-artifacts.ts', [
    'keptFile',
    '{ record: z.unknown(), settings: z.unknown() }',
    '{}',
  ]),
  ...because(
    'a first attempt that has kept nothing asks once more, and is told nothing',
    'packages/ledger/src/ledger-artifacts.ts',
    ['uploadedHere', '1', '0'],
  ),
  ...because(
    'sixty days are meant to the day, not to the millisecond',
    'packages/ledger/src/proven-deployments.ts',
    ['read', 'ageMs > FORGOTTEN_AFTER_MS', '(ageMs) >= (FORGOTTEN_AFTER_MS)'],
  ),
  ...because(
    'the deployments of all GitHub are counted together: no number is 1; and one is looked at once more',
    'packages/ledger/src/proven-deployments.ts',
    ['known', '0', '1'],
    ['known', 'number <= after', '(number) < (after)'],
  ),
  ...because('GitHub has uploads of no run that has no number', 'packages/ledger/src/proven-deployments.ts', [
    'counts',
    'run === undefined',
    'false',
  ]),
  ...because(
    'only what GitHub itself sends comes here: to check its shape is for the day on which that changes',
    'packages/ledger/src/run-proofs.ts',
    ['workflowRun', '{ full_name: z.string() }', '{}'],
    ['workflowRun', '{ path: z.string() }', '{}'],
    [
      'artifactPage',
      '{ id: z.int(), name: z.string(), digest: z.string().nullish(), expired: z.boolean() }',
      '{}',
    ],
    [
      'artifactPage',
      '{ total_count: z.int(), artifacts: z.array( z.looseObject({ id: z.int(), name: z.string(), digest: z.string().nullish(), expired: z.boolean() }), ), }',
      '{}',
    ],
  ),
  ...because('a page of nothing is asked for once more, by the name', 'packages/ledger/src/run-proofs.ts', [
    'listArtifacts',
    '0',
    '1',
  ]),
  ...because(
    'how long GitHub is waited for is held where that is done',
    'actions/audit-summary/src/taken-back.ts',
    ['takenBackResults', '{ patienceMs: LEDGER_PATIENCE_MS.plan }', '{}'],
  ),
  ...because('a reading has its time', 'actions/audit-summary/src/taken-back.ts', [
    'lastOf',
    'weights !== undefined && readAt !== undefined',
    '(weights !== undefined) || (readAt !== undefined)',
  ]),
  ...because(
    'a millisecond more or less is as long',
    'actions/restore-point/src/stop.ts',
    ['ended', 'elapsedMs > WITHIN_MS', '(elapsedMs) >= (WITHIN_MS)'],
    ['ended', 'elapsedMs - saidAtMs >= MINUTE_MS', '(elapsedMs - saidAtMs) > (MINUTE_MS)'],
  ),
  ...because('a job that has ended is at no step', 'actions/restore-point/src/stop.ts', [
    'uncutStep',
    "status === 'in_progress'",
    'true',
  ]),
]
