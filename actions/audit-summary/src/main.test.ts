import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { GateFailed, type Artifacts, type GitHub } from '@deploy-actions/action-kit'
import { openChain, type EvidenceRecord } from '@deploy-actions/evidence'
import { openLedger, type TransactionRecord } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { COLLECT_STEP } from './jobs'
import { main } from './main'
import { post } from './post'
import type { Outputs } from './outputs'

const digest = `sha256:${'b'.repeat(64)}`
const region = (name: string, index: number) => ({
  name,
  environment: `production-${name}`,
  'guard-environment': `production-${name}-guard`,
  index,
  predecessor: '',
  'predecessor-environment': '',
  'predecessor-guard-environment': '',
  parts: {
    soak: false,
    before: false,
    infrastructure: false,
    outputs: false,
    share: false,
    'after-deploy': false,
    'after-rollout': false,
    finished: false,
  },
})
const plan = JSON.stringify({
  service: 'shop',
  release: { version: '1.1.0', digest },
  order: 'serial',
  regions: [region('us', 0), region('eu', 1)],
  skipped: [],
})

interface Job {
  id: number
  name: string
  region: string
  conclusion?: string
  records: Partial<EvidenceRecord>[]
}

let artifacts: Artifacts
let ledgerFolder: string
let approvals: unknown[]

beforeEach(async () => {
  artifacts = createFakePorts().artifacts
  ledgerFolder = await mkdtemp(join(tmpdir(), 'ledger-'))
  approvals = []
})

function portsFor(jobs: readonly Job[]): FakePorts {
  const github: GitHub = {
    request: (route) =>
      route.endsWith('/approvals') ? Promise.resolve(approvals as never) : Promise.reject(new Error(route)),
    list: () =>
      Promise.resolve(
        jobs.map(({ id, name, conclusion = 'success' }) => ({
          id,
          name,
          conclusion,
          runner_name: 'runner',
          steps: [{ name: COLLECT_STEP }],
        })) as never,
      ),
  }
  return createFakePorts({ artifacts, github })
}

/** A job runs: collect, what its actions recorded, and the post that uploads. */
async function runJob({ id, name, region, records }: Job): Promise<void> {
  const ports = createFakePorts({ artifacts, context: { job: name } })
  await main(schema.parse({ mode: 'collect', service: 'shop', region, 'job-id': String(id) }), ports)
  const chain = openChain(ports.evidence.folder)
  for (const record of records)
    await chain.append({
      v: 1,
      job: name,
      action: 'canary-step',
      actionRef: '',
      startedAt: '2026-11-21T10:00:00.000Z',
      endedAt: '2026-11-21T10:01:00.000Z',
      region,
      run: { id: 1001, attempt: 1, workflowRef: '', actor: 'ann' },
      inputs: {},
      outcome: 'promoted',
      reason: 'fine',
      facts: {},
      calls: [],
      ...record,
    })
  await post(ports)
}

async function transaction(
  name: string,
  state: TransactionState,
  runId = 1001,
  more: Partial<TransactionRecord> = {},
): Promise<void> {
  const ledger = openLedger(`file:${ledgerFolder}`, 'shop', createFakePorts())
  const record: TransactionRecord = {
    v: 1,
    id: `${runId}-1-shop-${name}-1`,
    service: 'shop',
    region: name,
    environment: `production-${name}`,
    release: { version: '1.1.0', digest },
    commit: 'c',
    run: { id: runId, attempt: 1, workflowRef: '', actor: 'ann' },
    correlationId: 'x',
    openedAt: '2026-11-21T10:00:00.000Z',
    restore: [],
    ...more,
  }
  await ledger.open(record, {})
  if (state === 'restored') await ledger.mark({ id: record.id }, 'restoring', '')
  if (state !== 'open') await ledger.mark({ id: record.id }, state, 'said so')
}

async function report(
  jobs: readonly Job[],
  missing: readonly number[] = [],
  what: Record<string, string> = { plan },
): Promise<{
  outcome: Outputs | GateFailed
  ports: FakePorts
  evidence: () => Promise<Record<string, unknown>>
}> {
  for (const job of jobs) if (!missing.includes(job.id)) await runJob(job)
  const ports = portsFor(jobs)
  const outcome = await main(
    schema.parse({ mode: 'report', ...what, ledger: `file:${ledgerFolder}`, 'job-id': '99' }),
    ports,
  ).catch((error: GateFailed) => error)
  const evidence = async () =>
    JSON.parse(
      await readFile(join(ports.context.temp, 'deploy-actions/report/evidence.json'), 'utf8'),
    ) as Record<string, unknown>
  return { outcome, ports, evidence }
}

const us: Job = { id: 1, name: 'deploy-us', region: 'us', records: [{}] }
const eu: Job = { id: 2, name: 'deploy-eu', region: 'eu', records: [{}, {}] }

describe('the evidence of a job', () => {
  it('has a name of its own, although two rollouts in one run have jobs of the same name', async () => {
    for (const id of [11, 12]) await runJob({ id, name: 'plan', region: 'eu', records: [] })
    expect((await artifacts.list()).map(({ name }) => name)).toEqual([
      'evidence-shop-eu-plan-11-1',
      'evidence-shop-eu-plan-12-1',
    ])
  })

  it('fails no job when it cannot be uploaded', async () => {
    const ports = createFakePorts({
      artifacts: { ...artifacts, upload: () => Promise.reject(new Error('409: it is there already')) },
    })
    await main(schema.parse({ mode: 'collect', service: 'shop', region: 'eu' }), ports)
    await post(ports)
    expect(ports.recorded.log.at(-1)).toEqual({
      level: 'warning',
      line: expect.stringMatching(
        /^the evidence of this job \(0 records, head none\) could not be uploaded as .*: 409/,
      ),
    })
  })
})

describe('the report of a run', () => {
  it('tells of its own rollout where the run has two, and misses nothing of the other', async () => {
    for (const name of ['us', 'eu']) await transaction(name, 'committed')
    const ours: Job = { ...us, id: 11, name: 'shop / us / deploy' }
    const theirs: Job = { ...eu, id: 12, name: 'cart / eu / deploy', records: [{ reason: 'of cart' }] }
    const lost: Job = { ...eu, id: 13, name: 'cart / eu / guard' }
    const own: Job = { id: 99, name: 'shop / report', region: '', records: [] }
    const { outcome, evidence } = await report([ours, theirs, lost, own], [13, 99])
    expect(outcome).toMatchObject({ outcome: 'succeeded', complete: true })
    expect(((await evidence())['jobs'] as { id: number }[]).map(({ id }) => id)).toEqual([11])
    expect(JSON.stringify(await evidence())).not.toContain('of cart')
  })

  it('succeeds when every planned region is committed by this run, and its evidence is whole', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'committed')
    const { outcome, evidence } = await report([us, eu])
    expect(outcome).toMatchObject({
      outcome: 'succeeded',
      complete: true,
      'chain-head': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    })
    expect(await evidence()).toMatchObject({
      complete: true,
      problems: [],
      jobs: [
        { name: 'deploy-us', records: 1 },
        { name: 'deploy-eu', records: 2 },
      ],
    })
  })

  it('fails when a region was restored or never started, with the reason that its jobs gave', async () => {
    await transaction('us', 'restored')
    const { outcome } = await report([
      us,
      {
        ...eu,
        records: [{ action: 'rollout-plan', outcome: 'stop', reason: 'eu does not start: us comes first' }],
      },
    ])
    expect(outcome).toBeInstanceOf(GateFailed)
    expect((outcome as GateFailed).message).toBe(
      'the rollout did not reach all its regions: us restored (restored: said so); eu not-started (eu does not start: us comes first)',
    )
  })

  it('leaves a release promoted that was not brought onto the old arm, too, and says so', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'committed')
    const [first, second] = ['1001-1-shop-eu-1', '1001-1-shop-eu-2'] as const
    await transaction('eu', 'restored', 1001, { id: second, finishes: { id: first } })
    const { outcome, evidence } = await report([us, eu])
    expect(outcome).toMatchObject({ outcome: 'succeeded' })
    expect((await evidence())['regions']).toMatchObject([
      { name: 'us', outcome: 'promoted', reason: 'committed: said so' },
      {
        ...{ name: 'eu', outcome: 'promoted', transaction: first },
        reason: 'committed: said so; not on the old arm, too: restored: said so',
      },
    ])
  })

  it('calls no region promoted in which a run has only tried to bring a release of before onto the old arm', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'committed', 900, { id: '900-1-shop-eu-1' })
    await transaction('eu', 'restored', 1001, { finishes: { id: '900-1-shop-eu-1' } })
    const { outcome, evidence } = await report([us, eu])
    expect(outcome).toMatchObject({ message: expect.stringContaining('eu restored') })
    expect((await evidence())['regions']).toMatchObject([{ name: 'us' }, { outcome: 'restored' }])
  })

  it('says of a release that it was to be brought onto the old arm, too, and was not, where its job died before', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'committed', 1001, { finish: 'promote' })
    expect((await (await report([us, eu])).evidence())['regions']).toMatchObject([
      { name: 'us', reason: 'committed: said so' },
      { outcome: 'promoted', reason: 'committed: said so; not on the old arm, too: that was never begun' },
    ])
  })

  it('leaves a release promoted that a further attempt did not bring onto the old arm either', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'committed')
    const first = '1001-1-shop-eu-1'
    for (const id of ['1001-1-shop-eu-2', '1001-2-shop-eu-1'])
      await transaction('eu', 'restored', 1001, { id, finishes: { id: first } })
    expect((await (await report([us, eu])).evidence())['regions']).toMatchObject([
      { name: 'us' },
      { name: 'eu', outcome: 'promoted', transaction: first },
    ])
  })

  it('does not take the commit of another run for its own', async () => {
    await transaction('us', 'committed', 900)
    await transaction('eu', 'committed')
    expect((await report([us, eu])).outcome).toMatchObject({
      message: expect.stringContaining('us not-started'),
    })
  })

  it('says what became of the infrastructure of each region, and that it stays', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'restored')
    const step = (mode: string, outcome: string, reason: string) => ({
      ...{ action: 'plan-apply', inputs: { mode }, outcome, reason },
    })
    const [planned, applied] = [
      step('plan', 'planned', '2 to add'),
      step('apply', 'applied', '2 of 2 objects'),
    ]
    const failed = step('apply', 'failed', '1 done, 1 failed')
    const { ports, evidence } = await report([
      { ...us, records: [planned, applied] },
      // Two attempts: the last one counts.
      { ...eu, records: [planned, applied, step('plan', 'no-changes', 'there is nothing to apply'), failed] },
    ])
    expect((await evidence())['infrastructure']).toEqual([
      { region: 'us', planned: 'planned: 2 to add', applied: 'applied: 2 of 2 objects' },
      { region: 'eu', planned: 'no-changes: there is nothing to apply', applied: 'failed: 1 done, 1 failed' },
    ])
    expect(ports.recorded.summary.join()).toContain('What was applied stays, whatever became of the release.')
  })

  it('names who rejected a region', async () => {
    await transaction('us', 'committed')
    approvals = [
      {
        state: 'rejected',
        comment: 'not today',
        user: { login: 'sre' },
        environments: [{ name: 'production-eu' }],
      },
    ]
    expect((await report([us])).outcome).toMatchObject({
      message: expect.stringContaining('eu not-started (sre rejected it: not today)'),
    })
  })

  it('is not complete without the evidence of a job that ran, and names it', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'committed')
    const { outcome, ports } = await report([us, { ...eu, conclusion: 'failure' }], [2])
    expect(outcome).toMatchObject({ outcome: 'succeeded', complete: false })
    expect(ports.recorded.summary.join()).toContain('job deploy-eu (failure) left no evidence')
  })

  it('finds a record that was changed after it was sealed', async () => {
    await transaction('us', 'committed')
    await transaction('eu', 'committed')
    await runJob(us)
    const folder = await mkdtemp(join(tmpdir(), 'tampered-'))
    const [artifact] = await artifacts.list()
    if (!artifact) throw new Error('nothing was uploaded')
    await artifacts.download(artifact, folder)
    const changed = (await readFile(join(folder, '0000.json'), 'utf8')).replace('"fine"', '"finer"')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, '0000.json'), changed)
    artifacts = createFakePorts().artifacts
    await artifacts.upload(artifact.name, folder, ['0000.json', 'chain.json'])
    const { outcome, ports } = await report([us, eu], [1])
    expect(outcome).toMatchObject({ complete: false })
    expect(ports.recorded.summary.join()).toContain('the chain ends at')
  })
})

describe('the report of what a person had taken back', () => {
  const OLD = { blue: 10_000, green: 0 }
  const target = (name: string) => ({
    ...{ transaction: `1001-1-shop-${name}-1`, service: 'shop', region: name },
    environment: `production-${name}`,
  })
  const takenBack = (...names: string[]) => ({ service: 'shop', targets: JSON.stringify(names.map(target)) })
  /** A job that put a region's traffic back, or could not. */
  const job = (id: number, name: string, ...tries: { ok: boolean; at?: string; detail?: string }[]): Job => ({
    ...{ id, name: `traffic-${name}`, region: name },
    records: tries.map(({ ok, at = '10:00', detail = '' }) => ({
      action: 'restore-point',
      inputs: { mode: 'restore' },
      transaction: `1001-1-shop-${name}-1`,
      endedAt: `2026-11-21T${at}:30.000Z`,
      facts: {
        restored: [
          {
            ...{ kind: 'traffic', name: 'canary', ok, detail },
            ...(ok ? { weights: OLD, readAt: `2026-11-21T${at}:00.000Z` } : {}),
          },
        ],
      },
    })),
  })
  const firstLine = ({ recorded }: FakePorts): string =>
    recorded.summary[0]?.split('\n').find((line) => line.startsWith('**')) ?? ''

  it('says first what is safe, as the routers were read last', async () => {
    await transaction('us', 'restored')
    await transaction('eu', 'restored')
    const { outcome, ports } = await report(
      [job(1, 'us', { ok: false, detail: 'away' }, { ok: true, at: '10:03' }), job(2, 'eu', { ok: true })],
      [],
      takenBack('us', 'eu'),
    )
    const said =
      "Safe now, by the routers' own reading: us (blue 100%, green 0%, read at 10:03:00 UTC), eu (blue 100%, green 0%, read at 10:00:00 UTC)"
    expect(outcome).toMatchObject({ outcome: 'succeeded', reason: said, complete: true })
    expect(firstLine(ports)).toBe(`**${said}.**`)
    expect(ports.recorded.summary[0]).toContain('| eu | back: blue 100%, green 0% | restored: said so |')
  })

  it('says before that what is not, and why, and fails', async () => {
    await transaction('us', 'restored')
    await transaction('eu', 'open')
    const { outcome, ports } = await report(
      [
        job(1, 'us', { ok: true }),
        job(2, 'eu', { ok: true }, { ok: false, at: '10:05', detail: 'blue is down' }),
      ],
      [],
      takenBack('us', 'eu', 'ap'),
    )
    expect(firstLine(ports)).toMatch(
      /^\*\*NOT safe: eu \(blue is down\), ap \(no job of this run has read its router\)\. Safe now, .*us \(/,
    )
    expect(outcome).toBeInstanceOf(GateFailed)
    expect((outcome as GateFailed).message).toMatch(
      /Not finished: eu \(open.*\); ap \(the ledger does not tell\)$/,
    )
  })

  it('is not finished where the traffic is back and the rest is not', async () => {
    await transaction('us', 'open')
    const { outcome, ports } = await report([job(1, 'us', { ok: true })], [], takenBack('us'))
    expect(firstLine(ports)).toMatch(/^\*\*Safe now, /)
    expect((outcome as GateFailed).message).toMatch(/Not finished: us/)
  })

  it('is of the last restore, in whatever order the jobs tell of it, and of all its routers', async () => {
    await transaction('us', 'restored')
    const late = job(1, 'us', { ok: false, at: '10:09', detail: 'taken over' })
    const early = job(2, 'us', { ok: true, at: '10:01' })
    // What waits or reports is no restore, and of another attempt none is of now.
    const other = {
      transaction: '1001-1-shop-us-1',
      endedAt: '2026-11-21T10:10:00.000Z',
      facts: early.records[0]?.facts,
    }
    const waits = { ...other, inputs: { mode: 'stop' } }
    const run = { id: 1001, attempt: 2, workflowRef: '', actor: 'ann' }
    const before = { ...other, inputs: { mode: 'restore' }, run }
    const { ports } = await report(
      [late, early, { ...job(3, 'us'), records: [waits, before] }],
      [],
      takenBack('us'),
    )
    expect(firstLine(ports)).toBe('**NOT safe: us (taken over).**')
    expect(ports.recorded.summary[0]).toContain('| Region | Traffic | The whole | Transaction |')
  })

  it('takes a pair of routers for safe only where both are', async () => {
    await transaction('eu', 'open')
    const weights = { weights: OLD, readAt: '2026-11-21T10:00:00.000Z' }
    const first = { kind: 'traffic', name: 'one', ok: true, detail: '', ...weights }
    const second = { kind: 'traffic', name: 'two', ok: false, detail: 'away' }
    const facts = { restored: [first, second] }
    const pair = {
      ...job(1, 'eu'),
      records: [{ facts, transaction: '1001-1-shop-eu-1', inputs: { mode: 'restore' } }],
    }
    const { ports } = await report([pair], [], takenBack('eu'))
    expect(firstLine(ports)).toBe('**NOT safe: eu (away).**')
  })

  it('calls nothing safe now that a later try has not read', async () => {
    await transaction('us', 'open')
    const failed = {
      ...job(1, 'us'),
      records: [
        ...job(1, 'us', { ok: true }).records,
        {
          ...{ transaction: '1001-1-shop-us-1', inputs: { mode: 'restore' }, facts: {} },
          ...{ endedAt: '2026-11-21T11:30:00.000Z', outcome: 'error', reason: 'GitHub answered 500' },
        },
      ],
    }
    const { ports } = await report([failed], [], takenBack('us'))
    expect(firstLine(ports)).toBe('**NOT safe: us (GitHub answered 500).**')
  })

  describe('in steps', () => {
    const [first, second] = [7_500, 5_000].map((weight, index) => ({
      ...{ weight, weights: OLD, watchedMs: 0 },
      readAt: `2026-11-21T10:0${index}:00.000Z`,
    }))
    const stepped = (staged: unknown, ...tries: { ok: boolean; at?: string; detail?: string }[]): Job => {
      const { records, ...rest } = job(1, 'us', ...tries)
      return {
        ...rest,
        records: records.map((one, index) =>
          index === 0 ? { ...one, facts: { ...(one.facts as object), staged } } : one,
        ),
      }
    }
    const said = async (one: Job): Promise<string> => {
      await transaction('us', 'restored')
      return firstLine((await report([one], [], takenBack('us'))).ports)
    }

    it('says each of them beside what is safe now', async () => {
      const whole = { taken: [first, second] }
      expect(await said(stepped(whole, { ok: true, at: '10:10' }, { ok: true, at: '10:11' }))).toBe(
        "**Safe now, by the routers' own reading: us (blue 100%, green 0%, read at 10:11:00 UTC; stepped back to 75% at 10:00:00 UTC, 50% at 10:01:00 UTC).**",
      )
    })

    it.each<[string, unknown, boolean, RegExp]>([
      [
        'why the rest went at once',
        { taken: [first], because: 'green is down' },
        true,
        /; stepped back to 75% at 10:00:00 UTC, then at once: green is down\)\.\*\*$/,
      ],
      [
        'why all of it did',
        { taken: [], because: 'no steps were kept of it' },
        true,
        /; at once: no steps were kept of it\)/,
      ],
      [
        'on which step it stands where nobody could go on',
        { steps: [], taken: [first, second] },
        false,
        /^\*\*NOT safe: us \(away; stepped back to 75% at 10:00:00 UTC, 50% at 10:01:00 UTC\)/,
      ],
    ])('says %s', async (_, staged, ok, line) => {
      expect(await said(stepped(staged, { ok, detail: ok ? '' : 'away' }))).toMatch(line)
    })
  })

  const other = { region: 'ap', why: 'it has 1.0.0', isOther: true }

  it('is fine where another release serves', async () => {
    await transaction('us', 'restored')
    const what = { ...takenBack('us'), spared: JSON.stringify([other]) }
    const { outcome, ports } = await report([job(1, 'us', { ok: true })], [], what)
    expect(outcome).toMatchObject({ outcome: 'succeeded' })
    expect(ports.recorded.summary[0]).toContain('- ap was left alone: it has 1.0.0')
  })

  it('says first what was to be taken back and is not, and fails', async () => {
    await transaction('us', 'restored')
    const left = { region: 'eu', why: 'ann has set its weights by hand' }
    const what = { ...takenBack('us'), spared: JSON.stringify([other, left]) }
    const { outcome, ports } = await report([job(1, 'us', { ok: true })], [], what)
    expect(firstLine(ports)).toMatch(
      /^\*\*NOT put back: eu \(ann has set its weights by hand\)\. Safe now, .*us \(/,
    )
    expect((outcome as GateFailed).message).toMatch(/^NOT put back: eu /)
  })

  it('says that there was nothing', async () => {
    const { outcome, ports } = await report([], [], takenBack())
    expect(outcome).toMatchObject({ outcome: 'reported', reason: 'nothing was taken back' })
    expect(ports.recorded.summary[0]).toMatch(/^## Emergency rollback: shop\n\nNothing was taken back\./)
  })

  it('is of nothing else', () => {
    const { error } = schema.safeParse({ mode: 'report', targets: '[{}]' })
    expect(error?.message).toContain('is not what is taken back')
    expect(error?.message).toContain('pass the output targets of restore-point')
  })
})
