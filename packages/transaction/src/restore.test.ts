import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError, type ChildProcess, type ChildResult } from '@deploy-actions/action-kit'
import { deployers, type Deployer } from '@deploy-actions/deploys'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { NoLongerOurs } from '@deploy-actions/traffic'
import { jobStateAfter, restoreTarget, restoreTraffic } from './restore'
import { jobTransaction, transactionRecord } from './transaction.fixture'

let fake: FakeHaproxy
let ports: FakePorts
/** What happened, in order. */
let steps: string[]
let script: (child: ChildProcess) => Partial<ChildResult>
let deployer: Deployer
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 25, green: 75 })
  steps = []
  script = () => ({ exitCode: 0, stdout: 'rolled back\n' })
  fake.before = (command) => {
    if (command.startsWith('set')) steps.push('traffic')
    return 'act'
  }
  ports = createFakePorts({
    process(child) {
      steps.push(
        `${child.command.join(' ')} DEPLOY_STATE=${child.env['DEPLOY_STATE']} DEPLOY_ARM=${child.env['DEPLOY_ARM']}`,
      )
      return script(child)
    },
  })
  const scripts = { run: 'ops/deploy.sh', snapshot: 'ops/snapshot.sh', restore: 'ops/restore.sh --now' }
  const configured = await deployers.configure({ type: 'script', ...scripts })
  deployer = configured.open(ports, { baseline: 'blue', canary: 'green' })
})
afterEach(() => fake.close())

const record = transactionRecord({
  restore: [
    { kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } },
    { kind: 'script', name: 'deploy', arm: 'green', state: '1.3.0' },
  ],
})
const patience = { withinMs: 60_000 }
const health = (ok: boolean) => () => {
  steps.push('health')
  return Promise.resolve({ ok, detail: ok ? 'all green' : 'healthz is red' })
}
const restore = (options: Partial<Parameters<typeof restoreTarget>[3]> = {}) =>
  restoreTarget({ record }, jobTransaction(fake.port).settings, ports, {
    deployer,
    health: health(true),
    patience,
    ...options,
  })

describe('a release that is left running to be looked at', () => {
  const keepMs = 30_000
  const began = () => ports.clock.now().getTime()

  it('has its workload put back when that time is over, with the traffic back before', async () => {
    const start = began()
    let trafficAt: Record<string, number> = {}
    ports.clock.sleep = ((sleep) => async (ms, signal) => {
      if (ms === keepMs) trafficAt = { ...fake.weights }
      return sleep(ms, signal)
    })(ports.clock.sleep)
    expect((await restore({ keepMs })).outcome).toBe('restored')
    expect(trafficAt).toEqual({ blue: 100, green: 0 })
    expect(began() - start).toBeGreaterThanOrEqual(keepMs)
  })

  it('is not waited for where the traffic is not back, or the run is cancelled', async () => {
    const start = began()
    fake.before = (command) => {
      if (command.startsWith('set server')) throw new Error('away')
      return 'act'
    }
    fake.weights = { blue: 50, green: 50 }
    expect((await restore({ keepMs: 3_600_000, patience: { withinMs: 1_000 } })).outcome).toBe(
      'restore-failed',
    )
    expect(began() - start).toBeLessThan(3_600_000)
  })

  it('is left alone where somebody else has it when the time is over', async () => {
    const start = began()
    const stillOurs = () =>
      began() - start >= keepMs
        ? Promise.reject(new NoLongerOurs('somebody else has it'))
        : Promise.resolve(undefined)
    await expect(restore({ keepMs, patience: { ...patience, stillOurs } })).rejects.toThrow(
      'somebody else has it',
    )
    expect(steps.filter((step) => step.includes('restore.sh'))).toEqual([])
  })
})

describe('an arm to which clients are bound', () => {
  const requests = (reached: boolean) => {
    fake.cookie = 'SRV'
    let count = 0
    fake.hold = (line, when) => {
      // The server's own counter of sessions: the eighth column.
      if (when === 'before' && line === 'show stat app 4 -1' && reached) fake.sessions = { green: ++count }
      return Promise.resolve()
    }
  }

  it('gets its workload back once no request reaches it any more', async () => {
    requests(false)
    expect((await restore()).outcome).toBe('restored')
    expect(fake.states).toEqual({ green: 'maint' })
  })

  it('keeps the workload that its requests still reach, and it is said', async () => {
    requests(true)
    const { outcome, points, trafficMs } = await restore()
    expect(outcome).toBe('restore-failed')
    expect(points).toContainEqual({
      kind: 'script',
      name: 'deploy',
      ok: false,
      detail: 'green was left as it is: green gets requests although it was read back without traffic',
    })
    // The looks at the counters are no part of the time that the restore took.
    expect(trafficMs).toBe(0)
  })

  const said = 'green gets requests although it was read back without traffic'
  const warnings = () => ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)

  it('gets its workload back where the counters are read after a while', async () => {
    requests(false)
    let looks = 0
    fake.before = (command) => {
      if (command === 'show stat app 4 -1' && ++looks < 4) throw new Error('away')
      return 'act'
    }
    expect((await restore()).outcome).toBe('restored')
  })

  it('keeps the workload of which it is not known, and no other', async () => {
    requests(false)
    fake.before = (command) => {
      if (command === 'show stat app 4 -1') throw new Error('away')
      return 'act'
    }
    const live = { kind: 'script', name: 'other', arm: 'blue', state: '1.0.0' }
    const { settings } = jobTransaction(fake.port)
    const odd = transactionRecord({ restore: [...record.restore, live] })
    const { outcome, points } = await restoreTarget({ record: odd }, settings, ports, {
      deployer,
      health: undefined,
      patience,
    })
    expect(outcome).toBe('restore-failed')
    const why =
      'whether green, which was read back without traffic, still gets requests is not known: haproxy'
    expect(points).toContainEqual(
      expect.objectContaining({
        name: 'deploy',
        ok: false,
        detail: expect.stringContaining(`green was left as it is: ${why}`),
      }),
    )
    expect(points.find(({ name }) => name === 'other')?.detail).not.toContain('is not known')
    expect(warnings()).toEqual([expect.stringContaining(why)])
  })

  it('is not said to be reached against its will while the traffic is not back', async () => {
    requests(true)
    fake.before = () => 'lie'
    await restore()
    expect(warnings()).not.toContain(said)
  })

  it('is said to be reached where another router is not back', async () => {
    requests(true)
    const regional = { kind: 'traffic', router: 'regional', shares: [1, 0] }
    const odd = transactionRecord({ restore: [...record.restore, regional] })
    const { settings } = jobTransaction(fake.port)
    await restoreTarget({ record: odd }, settings, ports, { deployer, health: undefined, patience })
    expect(warnings()).toContain(said)
  })
})

describe('restoreTarget', () => {
  it('asks whether the target is still its own before the traffic and before the workload, if there is one', async () => {
    let asked = 0
    const stillOurs = () => {
      steps.push(`asked ${++asked}`)
      return Promise.resolve(undefined)
    }
    await restore({ patience: { ...patience, stillOurs }, health: undefined })
    expect(steps.map((step) => step.split(' ').slice(0, 2).join(' '))).toEqual([
      'asked 1',
      'traffic',
      'traffic',
      'asked 2',
      expect.stringMatching(/restore\.sh --now$/),
    ])
    fake.weights = { blue: 25, green: 75 }
    asked = 0
    const trafficOnly = { record: transactionRecord() }
    await restoreTarget(trafficOnly, jobTransaction(fake.port).settings, ports, {
      deployer,
      health: undefined,
      patience: { ...patience, stillOurs },
    })
    expect(asked).toBe(1)
  })

  it('goes from traffic over the workload to health', async () => {
    const { outcome, points } = await restore()
    expect(outcome).toBe('restored')
    expect(steps).toEqual([
      'traffic',
      'traffic',
      `${ports.context.workspace}/ops/restore.sh --now DEPLOY_STATE=1.3.0 DEPLOY_ARM=green`,
      'health',
    ])
    expect(points).toEqual([
      {
        kind: 'traffic',
        name: 'canary',
        ok: true,
        detail: 'reads blue 100%, green 0%',
        weights: { blue: 10_000, green: 0 },
        readAt: '2026-11-21T10:00:00.000Z',
      },
      { kind: 'script', name: 'deploy', ok: true, detail: 'ops/restore.sh put green back' },
      { kind: 'health', name: 'what serves now', ok: true, detail: 'all green' },
    ])
    expect(ports.recorded.log.map(({ level }) => level)).toEqual([
      'info',
      'foreign',
      'foreign',
      'info',
      'info',
    ])
  })

  it('is unverified when what serves then is not healthy', async () => {
    const result = await restore({ health: health(false) })
    expect(result.outcome).toBe('unverified')
    expect(jobStateAfter(result)).toBe('restored')
    expect(ports.recorded.log.at(-1)).toEqual({
      level: 'error',
      line: 'health what serves now: NOT restored: healthz is red',
    })
  })

  it('is restored where nobody can tell of health', async () => {
    expect((await restore({ health: undefined })).outcome).toBe('restored')
  })

  it('leaves the workload as it is when the traffic is not verified off its arm, and claims no health', async () => {
    fake.before = () => 'lie'
    const { outcome, points, trafficMs } = await restore()
    expect(outcome).toBe('restore-failed')
    expect(points.map(({ kind, ok }) => [kind, ok])).toEqual([
      ['traffic', false],
      ['script', false],
    ])
    expect(points[1]?.detail).toMatch(
      /^green was left as it is: it is not proven that it gets no traffic \(after/,
    )
    expect(trafficMs).toBeUndefined()
    expect(steps.filter((step) => step !== 'traffic')).toEqual([])
    expect(jobStateAfter({ outcome, points })).toBe('open')
  })

  it('claims no health, and no time, while one of several routers is not back', async () => {
    const regional = { kind: 'traffic', router: 'regional', shares: [1, 0] }
    const odd = transactionRecord({ restore: [...transactionRecord().restore, regional] })
    const { settings } = jobTransaction(fake.port)
    const options = { deployer, health: health(true), patience }
    const result = await restoreTarget({ record: odd }, settings, ports, options)
    expect(result.points.map(({ kind, ok }) => [kind, ok])).toEqual([
      ['traffic', true],
      ['traffic', false],
    ])
    expect(result).not.toHaveProperty('trafficMs')
    expect(steps).not.toContain('health')
  })

  it('leaves an arm as it is that serves by its very restore point', async () => {
    const serving = transactionRecord({
      restore: [
        { kind: 'traffic', router: 'canary', weights: { blue: 2500, green: 7500 } },
        { kind: 'script', name: 'deploy', arm: 'green', state: '1.3.0' },
      ],
    })
    const { settings } = jobTransaction(fake.port)
    const { points } = await restoreTarget({ record: serving }, settings, ports, {
      deployer,
      health: undefined,
      patience,
    })
    expect(points[1]).toMatchObject({
      ok: false,
      detail: 'green was left as it is: it is not proven that it gets no traffic (reads blue 25%, green 75%)',
    })
  })

  it('says at once, and then once a minute, that the traffic is not back, and tells people after a minute', async () => {
    fake.before = () => 'lie'
    const told: string[] = []
    await restore({ patience: { withinMs: 5 * 60_000, afterAMinute: (why) => told.push(why) } })
    const lines = ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)
    expect(lines[0]).toMatch(
      /^the traffic of 1001-1-shop-eu-1 is NOT back yet, after 0s of 5m in which it is tried: after the write/,
    )
    // No two lines within a minute; waits are at most 10 s.
    expect(lines).toHaveLength(5)
    expect(told).toEqual([expect.stringMatching(/^after the write of blue 100%, green 0%/)])
  })

  it('says where the traffic is when the arm that it belongs to is down', async () => {
    fake.weights = { blue: 50, green: 50 }
    fake.states = { blue: 'down' }
    const { outcome, points } = await restore()
    expect(outcome).toBe('restore-failed')
    expect(points[0]).toMatchObject({
      ok: false,
      kept: true,
      detail: expect.stringMatching(/^blue is down, and the traffic stays with green/),
      weights: { blue: 5000, green: 5000 },
    })
    expect(fake.weights).toEqual({ blue: 50, green: 50 })
  })

  it.each<[string, () => Partial<ChildResult>, string]>([
    [
      'fails',
      () => ({ exitCode: 2, stderr: 'no such release' }),
      'ops/restore.sh ended with exit code 2: no such release',
    ],
    [
      'cannot be started',
      () => {
        throw new ProviderError('ops/restore.sh could not be started', { provider: 'x' })
      },
      'ops/restore.sh could not be started',
    ],
  ])('has failed when the script %s, with the traffic back and health looked at', async (_, end, detail) => {
    script = end
    const { outcome, points } = await restore()
    expect(outcome).toBe('restore-failed')
    expect(points[1]).toEqual({ kind: 'script', name: 'deploy', ok: false, detail })
    expect(jobStateAfter({ outcome, points })).toBe('traffic-restored')
    expect(steps.at(-1)).toBe('health')
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('runs no command that a record could have brought', async () => {
    const { outcome, points } = await restore({ deployer: undefined })
    expect(outcome).toBe('restore-failed')
    expect(points[1]?.detail).toMatch(/commands never come from anywhere else$/)
    expect(steps).toEqual(['traffic', 'traffic', 'health'])
  })

  it('puts the traffic back also where a point of another version stands beside it, and has failed then', async () => {
    const odd = transactionRecord({ restore: [...transactionRecord().restore, { kind: 'teapot' }] })
    const { outcome, points } = await restoreTarget(
      { record: odd },
      jobTransaction(fake.port).settings,
      ports,
      {
        deployer,
        health: undefined,
        patience,
      },
    )
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(outcome).toBe('restore-failed')
    expect(points.map(({ kind, name, ok }) => [kind, name, ok])).toEqual([
      ['traffic', 'canary', true],
      ['unknown', 'teapot', false],
    ])
    expect(ports.recorded.log.at(-1)).toEqual({
      level: 'error',
      line: expect.stringMatching(
        /^unknown teapot: NOT restored: this version cannot read its restore point/,
      ),
    })
  })

  it('puts back what it knows of a record that it cannot read whole, and has failed then', async () => {
    const found = { record, unread: 'Unrecognized key: "database"' }
    const { settings } = jobTransaction(fake.port)
    const result = await restoreTarget(found, settings, ports, { deployer, health: undefined, patience })
    expect(result.outcome).toBe('restore-failed')
    expect(result.points.map(({ kind, name, ok }) => [kind, name, ok])).toEqual([
      ['traffic', 'canary', true],
      ['script', 'deploy', true],
      ['unknown', 'record', false],
    ])
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('has failed where the traffic itself cannot be read, and leaves it to whoever opened it', async () => {
    const odd = transactionRecord({ restore: [{ kind: 'traffic', router: 'canary', shares: [1, 0] }] })
    const { settings } = jobTransaction(fake.port)
    const result = await restoreTarget({ record: odd }, settings, ports, {
      deployer,
      health: undefined,
      patience,
    })
    expect(result).toMatchObject({
      outcome: 'restore-failed',
      points: [
        { kind: 'traffic', ok: false, detail: expect.stringMatching('cannot read its restore point') },
      ],
    })
    expect(jobStateAfter(result)).toBe('open')
    // A post says so, too, and does not close the transaction.
    expect(await restoreTraffic(odd, settings, ports, patience)).toMatchObject([
      { kind: 'traffic', ok: false },
    ])
  })

  it('writes the traffic once, however often it is called', async () => {
    await restore()
    await restore()
    expect(steps.filter((step) => step === 'traffic')).toHaveLength(2)
  })
})
