import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { GateFailed, InputError } from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { restoreUnfinishedTraffic } from '@deploy-actions/transaction'
import { inputs as schema } from './inputs'
import { main } from './main'

let one: FakeHaproxy
let two: FakeHaproxy
let ports: FakePorts
beforeEach(async () => {
  one = await startFakeHaproxy({ blue: 100, green: 0 })
  two = await startFakeHaproxy({ blue: 100, green: 0 })
  ports = createFakePorts()
})
afterEach(() => Promise.all([one.close(), two.close()]))

const single = () => `{ type: haproxy, port: ${one.port}, backend: app }`
const pair = () =>
  `{ type: haproxy, port: 9999, hosts: ['127.0.0.1:${one.port}', '127.0.0.1:${two.port}'], backend: app }`
const ledgerOf = () => `file:${ports.context.temp}/ledger`
const run = (inputs: Record<string, string>, router = single()) =>
  main(
    schema.parse({
      router,
      service: 'shop',
      environment: 'production',
      version: '1.4.0',
      digest: `sha256:${'c'.repeat(64)}`,
      ledger: ledgerOf(),
      ...inputs,
    }),
    ports,
  )
const failure = (inputs: Record<string, string>, router?: string) =>
  run(inputs, router).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as Error,
  )
const states = async () =>
  (await openLedger(ledgerOf(), 'shop', ports).find({})).map(({ state, record }) => [state, record.restore])
const sets = ({ commands }: FakeHaproxy) => commands.filter((command) => command.startsWith('set'))
const said = () => ports.recorded.log.map(({ line }) => line).join('\n')

describe('weights that stand', () => {
  it('are unchanged where they are in effect: nothing is written, and nothing recorded', async () => {
    expect(await run({ mode: 'switch', member: 'blue' })).toMatchObject({
      outcome: 'unchanged',
      changed: false,
    })
    expect(await states()).toEqual([])
  })

  it.each([
    { mode: 'drain', member: 'green' },
    { mode: 'set', weights: 'blue=100%' },
    { mode: 'switch', member: 'blue' },
  ])('are written where bound clients still reach an arm without any: %j', async (inputs) => {
    one.cookie = 'SRV'
    const { outcome, reason } = await run(inputs)
    expect(outcome).toBe('changed')
    expect(reason).toBe(
      'it stood and was not in effect: the router holds blue 100%, green 0%, in effect blue 100%, green 0%, clients that are bound to green still reach it; now the router holds blue 100%, green 0%, in effect blue 100%, green 0%, green is drained or in maintenance',
    )
    expect(one.states['green']).toBe('maint')
    expect(await states()).toMatchObject([['committed', [{ weights: { blue: 10_000, green: 0 } }]]])
  })

  it('are only told of in a dry run', async () => {
    one.cookie = 'SRV'
    expect(await run({ mode: 'drain', member: 'green', 'dry-run': 'true' })).toMatchObject({
      outcome: 'would-change',
    })
    expect(said()).toMatch(/would write blue 100%, green 0% again: .*bound to green still reach it/)
    expect(sets(one)).toEqual([])
  })

  it('fail while the arm that they are for does not serve, and leave nothing to be put back', async () => {
    one.states = { blue: 'maint' }
    const error = await failure({ mode: 'switch', member: 'blue' })
    expect(error).toBeInstanceOf(GateFailed)
    expect(error.message).toMatch(/, in effect blue 0%, green 0%, blue is drained or in maintenance$/)
    expect(await states()).toMatchObject([['superseded', expect.anything()]])
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
  })

  it('are unchanged with a server of an arm out, and say what is in effect', async () => {
    one.weights = { b1: 45, b2: 45, green: 10 }
    one.states = { b2: 'maint' }
    const router = `{ type: haproxy, port: ${one.port}, backend: app, members: { blue: [b1, b2], green: green } }`
    expect(await run({ mode: 'set', weights: 'blue=90%,green=10%' }, router)).toMatchObject({
      outcome: 'unchanged',
      reason:
        'the router holds blue 90%, green 10%, in effect blue 81.82%, green 18.18%, b2 of blue is out of service',
      effective: { blue: '81.82%', green: '18.18%' },
    })
  })
})

describe('a total outage: no member has any weight', () => {
  beforeEach(() => void (one.weights = { blue: 0, green: 0 }))
  const blue = { blue: 10_000, green: 0 }

  it.each([
    { mode: 'set', weights: 'blue=100%' },
    { mode: 'switch', member: 'blue' },
    { mode: 'drain', member: 'green' },
    { mode: 'restore', 'restore-point': '{"blue":"100%","green":"0%"}' },
  ])('is ended by %j, and what is written is the restore point', async (inputs) => {
    expect(await run(inputs)).toMatchObject({
      outcome: 'changed',
      before: { blue: '0%', green: '0%' },
      'restore-point': { blue: '100%', green: '0%' },
    })
    expect(one.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toMatchObject([['committed', [{ weights: blue }]]])
    expect(said()).toMatch(
      /no member had any weight, and that is never put back: the restore point of this write is what it writes, blue 100%/,
    )
    expect(ports.recorded.summary.join()).toMatch(
      /no member had any weight; now .*which is the restore point/,
    )
  })

  it('is not put back by the post of a write that failed: that goes on to end it', async () => {
    one.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    await failure({ mode: 'switch', member: 'blue' })
    delete one.before
    expect(await restoreUnfinishedTraffic(ports)).toMatchObject({ outcome: 'traffic-restored' })
    expect(one.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is shown by get, without a restore point', async () => {
    const shown = await run({ mode: 'get' })
    expect(shown).toMatchObject({ outcome: 'read', before: { blue: '0%', green: '0%' } })
    expect(shown).not.toHaveProperty('restore-point')
  })
})

describe('a pair of which one was reloaded', () => {
  beforeEach(() => {
    one.weights = { blue: 0, green: 100 }
    two.weights = { blue: 100, green: 0 }
  })

  it('is shown by get, both of it', async () => {
    const shown = await run({ mode: 'get' }, pair())
    expect(shown.reason).toMatch(/holds blue 0%, green 100%, and .* holds blue 100%, green 0%/)
    expect(shown).toMatchObject({ before: { blue: '0% / 100%', green: '100% / 0%' } })
    expect(shown).not.toHaveProperty('restore-point')
    expect(ports.recorded.summary.join()).toContain('| blue | 0% / 100% |')
  })

  it.each([
    { mode: 'set', weights: 'green=100%' },
    { mode: 'switch', member: 'green' },
    { mode: 'drain', member: 'blue' },
  ])('is brought to one vector by %j, and that is the restore point', async (inputs) => {
    expect(await run(inputs, pair())).toMatchObject({
      outcome: 'changed',
      after: { blue: '0%', green: '100%' },
      'restore-point': { blue: '0%', green: '100%' },
    })
    for (const { weights } of [one, two]) expect(weights).toEqual({ blue: 0, green: 100 })
    expect(await states()).toMatchObject([['committed', [{ weights: { blue: 0, green: 10_000 } }]]])
    expect(said()).toMatch(/its addresses differ: .*, and that is never put back: the restore point/)
  })

  it('is told in a dry run as it differs', async () => {
    await run({ mode: 'switch', member: 'green', 'dry-run': 'true' }, pair())
    expect(said()).toMatch(/would change its addresses differ: .* to blue 0%, green 100%$/)
  })

  it('is asked for more where each would come to something else', async () => {
    const error = await failure({ mode: 'switch' }, pair())
    expect(error).toBeInstanceOf(InputError)
    expect(error.message).toMatch(
      /its addresses differ: .*: `mode: switch` comes to other weights for each of them \(blue 100%, green 0%; blue 0%, green 100%\); give the whole vector by `mode: set`, or name the `member`/,
    )
  })

  it('is refused where one of them is not as expected', async () => {
    const expected = { 'expected-current': 'green=100%' }
    const error = await failure({ mode: 'switch', member: 'green', ...expected }, pair())
    expect(error.message).toMatch(/expects green 100%, but the router holds blue 100%, green 0%/)
    expect([...sets(one), ...sets(two)]).toEqual([])
  })
})

describe('other servers of the backend', () => {
  it('are no obstacle where they are backups, which get nothing', async () => {
    one.weights = { blue: 50, green: 50, sorry: 1 }
    one.backups = ['sorry']
    expect(await run({ mode: 'drain', member: 'green' })).toMatchObject({ outcome: 'changed' })
    expect(one.weights).toMatchObject({ blue: 100, green: 0 })
  })

  it('are shown by get, and nothing is written beside them', async () => {
    one.weights = { blue: 50, green: 50, old: 1 }
    expect(await run({ mode: 'get' })).toMatchObject({ outcome: 'read' })
    expect((await failure({ mode: 'drain', member: 'green' })).message).toMatch(/also sends traffic to old/)
    expect(sets(one)).toEqual([])
  })

  it('that are held out of an arm by weight stay so', async () => {
    one.weights = { b1: 50, b2: 0, green: 50 }
    const router = `{ type: haproxy, port: ${one.port}, backend: app, members: { blue: [b1, b2], green: green } }`
    await run({ mode: 'drain', member: 'green' }, router)
    expect(one.weights).toEqual({ b1: 100, b2: 0, green: 0 })
    expect(said()).toMatch(/holds b2 of blue out by a weight of 0.*; it is left at 0/)
  })
})
