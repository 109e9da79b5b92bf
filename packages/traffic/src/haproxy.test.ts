import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Cancelled, ProviderError } from '@deploy-actions/action-kit'
import {
  configured,
  createFakePorts,
  startFakeHaproxy,
  type FakeHaproxy,
  type FakePorts,
} from '@deploy-actions/testing'
import haproxy from './haproxy'
import { Conflict, described, type ObservedRouter } from './router'
import { inEffect } from './shift'

const forever = new Promise<void>(() => {})

let fake: FakeHaproxy
let ports: FakePorts
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 100, green: 0 })
  ports = createFakePorts()
})
afterEach(() => fake.close())

const router = (more: object = {}): ObservedRouter =>
  configured(haproxy, { type: 'haproxy', port: fake.port, backend: 'app', ...more }).open(ports, [
    'blue',
    'green',
  ])
const read = (more?: object) => router(more).read(ports.signal)
/** Reads, and writes what was wanted over it. */
const write = async (wanted: Record<string, number>): Promise<void> =>
  router().write(wanted, await read(), ports.signal)
const written = () => fake.commands.filter((command) => command.startsWith('set'))

describe('a write', () => {
  it.each([
    [
      { blue: 9000, green: 1000 },
      { blue: 90, green: 10 },
    ],
    // Half percents of 200.
    [
      { blue: 9950, green: 50 },
      { blue: 199, green: 1 },
    ],
    // 1/256 is 39.06 basis points: 33.33 % of 256 is 85.3, 66.67 % is 170.7, the larger remainder.
    [
      { blue: 6667, green: 3333 },
      { blue: 171, green: 85 },
    ],
    [
      { blue: 0, green: 10_000 },
      { blue: 0, green: 100 },
    ],
  ])('of %j sets %j', async (wanted, units) => {
    await write(wanted)
    expect(fake.weights).toEqual(units)
  })

  it('lets one grow before the other shrinks, either way', async () => {
    await write({ blue: 7500, green: 2500 })
    await write({ blue: 10_000, green: 0 })
    expect(written()).toEqual([
      'set server app/green weight 25',
      'set server app/blue weight 75',
      'set server app/blue weight 100',
      'set server app/green weight 0',
    ])
  })

  it('says nothing when nothing changes', async () => {
    await write({ blue: 10_000, green: 0 })
    expect(written()).toEqual([])
  })

  it('refuses a share that its units cannot express, before anything is written', async () => {
    // 0.2 % of 256 is half a unit: nothing, or twice what was asked for.
    await expect(write({ blue: 9980, green: 20 })).rejects.toThrow("finer than HAProxy's weights")
    await expect(write({ blue: 9990, green: 10 })).rejects.toThrow(
      "a share of 0.1% for green is finer than HAProxy's weights; the least is 0.4%",
    )
    expect(written()).toEqual([])
  })

  it('leaves what somebody else wrote alone and shows both vectors', async () => {
    const expected = await read()
    fake.weights = { blue: 50, green: 50 }
    const refused = await router()
      .write({ blue: 9000, green: 1000 }, expected, ports.signal)
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Conflict)
    expect((refused as Conflict).message).toMatch(
      /expected blue 100%, green 0%, found blue 50%, green 50%; nothing was written$/,
    )
    expect(written()).toEqual([])
  })

  it('leaves it alone, too, where only one server would have changed', async () => {
    const expected = await read()
    fake.weights = { blue: 100, green: 5 }
    await expect(router().write({ blue: 10_000, green: 0 }, expected, ports.signal)).rejects.toBeInstanceOf(
      Conflict,
    )
    expect(written()).toEqual([])
  })

  it('is no conflict where the wanted weights are there already', async () => {
    const expected = await read()
    fake.weights = { blue: 0, green: 100 }
    fake.cookie = 'SRV'
    await router().write({ blue: 0, green: 10_000 }, expected, ports.signal)
    expect(written()).toEqual(['set server app/blue state maint'])
  })

  it('passes on what HAProxy refuses, in its words', async () => {
    const expected = await read()
    let reads = 0
    // The server goes between the read and the write.
    fake.before = (command) => {
      if (command.startsWith('show servers')) reads++
      else delete fake.weights['green']
      return 'act'
    }
    await expect(router().write({ blue: 9000, green: 1000 }, expected, ports.signal)).rejects.toThrow(
      /refused set server app\/green weight 10; set server app\/blue weight 90: No such server\.$/,
    )
    expect(reads).toBe(1)
  })

  it('goes into evidence: what was asked, in both languages, and what was answered', async () => {
    await write({ blue: 9000, green: 1000 })
    await read()
    const [command, asked, , shown] = ports.recorded.calls.slice(-4)
    const system = `haproxy 127.0.0.1:${fake.port} backend app`
    expect(command).toMatchObject({
      what: 'set server app/green weight 10; set server app/blue weight 90',
      status: 'ok',
    })
    expect(asked).toMatchObject({ system, what: 'write blue 90%, green 10%', answer: 'accepted', ms: 0 })
    expect(shown).toMatchObject({
      system,
      what: 'read',
      answer: 'the router holds blue 90%, green 10%, in effect blue 90%, green 10%',
    })
  })
})

describe('a reading', () => {
  it('has weights as configured and what states make of them', async () => {
    fake.weights = { blue: 30, green: 10 }
    expect(await read()).toEqual({
      readAt: '2026-11-21T10:00:00.000Z',
      weights: { blue: 7500, green: 2500 },
      effective: { blue: 7500, green: 2500 },
      members: {
        blue: { enabled: true, healthy: true, units: 30 },
        green: { enabled: true, healthy: true, units: 10 },
      },
    })
  })

  it.each([
    ['drain', { enabled: false, healthy: true }],
    ['maint', { enabled: false, healthy: false }],
    ['down', { enabled: true, healthy: false }],
  ] as const)(
    'shows that a server in %s gets nothing, although its weight is as before',
    async (state, member) => {
      fake.weights = { blue: 90, green: 10 }
      fake.states = { green: state }
      expect(await read()).toMatchObject({
        weights: { blue: 9000, green: 1000 },
        effective: { blue: 10_000, green: 0 },
        members: { green: { ...member, units: 10 } },
      })
    },
  )

  it('uses the names of the servers, not of the arms', async () => {
    fake.weights = { 'srv-1': 80, 'srv-2': 20 }
    expect((await read({ members: { stable: 'srv-1', canary: 'srv-2' } })).weights).toEqual({
      stable: 8000,
      canary: 2000,
    })
  })

  it('names who else gets traffic, and passes over who gets none', async () => {
    fake.weights = { blue: 100, green: 0, old: 0 }
    expect((await read()).weights).toEqual({ blue: 10_000, green: 0 })
    expect((await read()).strangers).toBeUndefined()
    fake.weights = { blue: 100, green: 0, old: 1 }
    expect((await read()).strangers).toMatch(/old \(weight 1\)/)
    fake.weights = { blue: 100, green: 0, old: 5 }
    expect((await read()).strangers).toMatch(
      /also sends traffic to old \(weight 5\), which is not an arm: list it under members or give it weight 0/,
    )
    // It can be restored all the same.
    await write({ blue: 2500, green: 7500 })
    expect(fake.weights).toEqual({ blue: 25, green: 75, old: 5 })
  })

  it('passes over a backup server, which gets nothing while another one serves, and asks only for its like', async () => {
    const stats = () => fake.commands.filter((command) => command.startsWith('show stat app 4'))
    await read()
    expect(stats()).toEqual([])
    fake.weights = { blue: 100, green: 0, sorry: 1 }
    fake.backups = ['sorry']
    expect((await read()).strangers).toBeUndefined()
    expect(stats()).toHaveLength(1)
    fake.weights = { blue: 100, green: 0, sorry: 1, old: 5 }
    expect((await read()).strangers).toMatch(/also sends traffic to old \(weight 5\), which is not an arm/)
  })

  it('passes over a server in maintenance, which gets nothing, but not over a drained one', async () => {
    fake.weights = { blue: 100, green: 0, spare: 100 }
    fake.states = { spare: 'maint' }
    expect((await read()).strangers).toBeUndefined()
    fake.states = { spare: 'drain' }
    expect((await read()).strangers).toMatch(/also sends traffic to spare/)
  })

  it('names the server that is missing, and those that are there', async () => {
    fake.weights = { blue: 100, red: 0 }
    await expect(read()).rejects.toThrow(/has no server green \(arm green\); it has: blue, red$/)
  })

  it('shows an answer that does not belong to the command', async () => {
    await expect(read({ backend: 'api' })).rejects.toThrow(
      `answered "Can't find backend." to show servers state`,
    )
  })
})

describe('an arm of several servers', () => {
  const members = { blue: ['b1', 'b2'], green: ['g1', 'g2'] }
  beforeEach(() => void (fake.weights = { b1: 50, b2: 50, g1: 0, g2: 0 }))
  const several = () => router({ members })

  it('gets its share over all of them, growing before shrinking', async () => {
    await several().write({ blue: 9000, green: 1000 }, await read({ members }), ports.signal)
    expect(fake.weights).toEqual({ b1: 45, b2: 45, g1: 5, g2: 5 })
    expect(written().map((command) => command.split('/')[1])).toEqual([
      'g1 weight 1',
      'g2 weight 1',
      'g1 weight 5',
      'g2 weight 5',
      'b1 weight 45',
      'b2 weight 45',
    ])
  })

  it('serves if one of them does, and what is out counts for nothing in effect', async () => {
    fake.weights = { b1: 25, b2: 25, g1: 25, g2: 25 }
    fake.states = { g1: 'down' }
    expect(await read({ members })).toMatchObject({
      weights: { blue: 5000, green: 5000 },
      effective: { blue: 6667, green: 3333 },
      members: { green: { enabled: true, healthy: true, units: 50 } },
    })
    fake.states = { g1: 'down', g2: 'maint' }
    expect((await read({ members })).members['green']).toMatchObject({ healthy: false })
    fake.states = { g1: 'drain', g2: 'maint' }
    expect((await read({ members })).members['green']).toMatchObject({ enabled: false })
    // One that is drained is up, and gets nothing all the same.
    fake.states = { g1: 'drain', g2: 'down' }
    expect((await read({ members })).members['green']).toMatchObject({ enabled: true, healthy: false })
  })

  it('names which of them is out while others serve, and nobody where none has weight', async () => {
    fake.weights = { b1: 90, b2: 90, g1: 10, g2: 10 }
    fake.states = { b1: 'maint', g2: 'down' }
    expect((await read({ members })).members).toMatchObject({ blue: { out: ['b1'] }, green: { out: ['g2'] } })
    expect(described(await read({ members }))).toBe(
      'the router holds blue 90%, green 10%, in effect blue 90%, green 10%, b1 of blue is out of service, g2 of green is out of service',
    )
    fake.states = { b1: 'maint', g1: 'down', g2: 'down' }
    expect(described(await read({ members }))).toMatch(/, b1 of blue is out of service, green is down$/)
    expect((await read({ members })).members['green']).not.toHaveProperty('out')
    fake.weights = { b1: 90, b2: 90, g1: 1, g2: 1 }
    fake.states = { g2: 'down' }
    expect((await read({ members })).members).toMatchObject({ green: { out: ['g2'] } })
    fake.weights = { b1: 100, b2: 100, g1: 0, g2: 0 }
    fake.states = { g1: 'maint' }
    expect((await read({ members })).members['green']).not.toHaveProperty('out')
  })

  it('is out of service only when all of them are', async () => {
    fake.cookie = 'SRV'
    fake.states = { g1: 'maint' }
    expect((await read({ members })).members['green']).toMatchObject({ lingers: true })
    fake.states = { g1: 'maint', g2: 'maint' }
    expect((await read({ members })).members['green']).toMatchObject({ parked: true })
  })

  it('has got the requests of all of them', async () => {
    fake.sessions = { b1: 3, b2: 4, g1: 5 }
    fake.underWay = { b1: 1, b2: 2 }
    const green = { sent: 5, underWay: 0 }
    expect(await several().requests?.(ports.signal)).toEqual({ blue: { sent: 7, underWay: 3 }, green })
    delete fake.weights['b2']
    expect(await several().requests?.(ports.signal)).toEqual({ blue: { sent: 3, underWay: 1 }, green })
  })

  it('is put into maintenance whole, and comes back whole', async () => {
    fake.cookie = 'SRV'
    fake.states = { b2: 'drain' }
    await several().write({ blue: 0, green: 10_000 }, await read({ members }), ports.signal)
    expect(fake.states).toEqual({ b1: 'maint', b2: 'maint' })
    expect((await read({ members })).members['blue']).toMatchObject({ parked: true })
    await several().prepare?.(['blue'], ports.signal)
    expect(fake.states).toEqual({ b1: 'ready', b2: 'ready' })
  })
})

describe('a server that somebody holds out of its arm by a weight of 0', () => {
  const members = { blue: ['b1', 'b2', 'b3'], green: ['g1', 'g2'] }
  const several = () => router({ members })
  const change = async (wanted: Record<string, number>) =>
    several().write(wanted, await read({ members }), ports.signal)
  beforeEach(() => void (fake.weights = { b1: 50, b2: 50, b3: 0, g1: 0, g2: 0 }))

  it('is named, with what to do instead', async () => {
    const { heldOut, strangers } = await read({ members })
    expect(heldOut).toBe(
      `haproxy 127.0.0.1:${fake.port} backend app holds b3 of blue out by a weight of 0, which a rollout cannot keep: put it into maintenance (set server app/NAME state maint), give it a weight, or take it off members`,
    )
    expect(strangers).toBeUndefined()
  })

  it('is one beside two units, and beside one unit it is what a share of ours has left', async () => {
    fake.weights = { b1: 2, b2: 2, b3: 0, g1: 0, g2: 0 }
    expect((await read({ members })).heldOut).toMatch(/holds b3 of blue out/)
    fake.weights = { b1: 1, b2: 1, b3: 0, g1: 0, g2: 0 }
    expect((await read({ members })).heldOut).toBeUndefined()
  })

  it.each(['maint', 'drain'] as const)('is nobody while it is out by its state: %s', async (state) => {
    fake.states = { b3: state }
    expect((await read({ members })).heldOut).toBeUndefined()
  })

  it('gets nothing by a write while its arm has weight, and the others have its share', async () => {
    await change({ blue: 9000, green: 1000 })
    expect(fake.weights).toEqual({ b1: 45, b2: 45, b3: 0, g1: 5, g2: 5 })
    await change({ blue: 10_000, green: 0 })
    expect(fake.weights).toMatchObject({ b1: fake.weights['b2'], b3: 0, g1: 0, g2: 0 })
  })

  it('does not make its arm serve', async () => {
    fake.states = { b1: 'down', b2: 'down' }
    expect((await read({ members })).members['blue']).toMatchObject({ healthy: false })
    fake.states = { b1: 'maint', b2: 'maint' }
    expect((await read({ members })).members['blue']).toMatchObject({ enabled: false })
  })

  it('is not one that got nothing of a tiny share of ours: both servers are used again', async () => {
    fake.weights = { b1: 50, b2: 50, b3: 50, g1: 0, g2: 0 }
    await change({ blue: 9960, green: 40 })
    expect(fake.weights).toMatchObject({ g1: 1, g2: 1 })
    fake.weights = { b1: 66, b2: 66, b3: 67, g1: 1, g2: 0 }
    expect((await read({ members })).heldOut).toBeUndefined()
    await change({ blue: 9000, green: 1000 })
    expect(fake.weights['g1']).toBe(fake.weights['g2'])
    expect(fake.weights['g2']).toBeGreaterThan(1)
  })
})

describe('a reload', () => {
  beforeEach(() => {
    fake.configured = { blue: 100, green: 0 }
    fake.uptimeSec = 5
  })
  const reloaded = (withinMs: number, from = router()) =>
    from.reloaded?.(withinMs, { blue: 9000, green: 1000 }, ports.signal)

  it('is a process younger than what was written, with the weights of its file', async () => {
    expect(await reloaded(5_999)).toBe(true)
    expect(await reloaded(5_000)).toBe(true)
    expect(await reloaded(4_999)).toBe(false)
  })

  it('is none where any server differs from the file', async () => {
    fake.weights = { blue: 100, green: 10 }
    expect(await reloaded(60_000)).toBe(false)
  })

  it('is none where HAProxy does not tell how old its process is', async () => {
    const exchange = ports.tcp.exchange.bind(ports.tcp)
    ports.tcp.exchange = async (request) => {
      const answer = await exchange(request)
      return { ...answer, reply: answer.reply.replace(/^Uptime_sec:.*\n/m, '') }
    }
    expect(await reloaded(60_000)).toBe(false)
  })
})

describe('where a cookie binds clients to servers', () => {
  beforeEach(() => void (fake.cookie = 'SRV'))

  it('puts an arm into maintenance once it gets nothing, after the other has grown', async () => {
    fake.weights = { blue: 75, green: 25 }
    await write({ blue: 0, green: 10_000 })
    expect(written()).toEqual([
      'set server app/green weight 100',
      'set server app/blue weight 0',
      'set server app/blue state maint',
    ])
    expect(await read()).toMatchObject({
      members: { blue: { parked: true }, green: { enabled: true } },
      bound: true,
    })
    // Twice is once.
    await write({ blue: 0, green: 10_000 })
    expect(written()).toHaveLength(3)
  })

  it('writes one weight and one state as well', async () => {
    fake.weights = { blue: 100, green: 5 }
    await write({ blue: 10_000, green: 0 })
    expect(written()).toEqual(['set server app/green weight 0', 'set server app/green state maint'])
  })

  it('lets a server that HAProxy checks rise by its checks', async () => {
    fake.states = { green: 'maint' }
    const exchange = ports.tcp.exchange.bind(ports.tcp)
    ports.tcp.exchange = async (request) => {
      const answer = await exchange(request)
      // The column of srv_check_state, as the table has it.
      const [, header = ''] = answer.reply.split('\n')
      const column = header.slice(2).split(' ').indexOf('srv_check_state')
      const checked = (row: string) =>
        row
          .split(' ')
          .map((cell, index) => (index === column ? '6' : cell))
          .join(' ')
      return { ...answer, reply: answer.reply.replace(/^\d+ app .*$/gm, checked) }
    }
    await router().prepare?.(['green'], ports.signal)
    expect(written()).toEqual(['set server app/green state ready', 'set server app/green health down'])
  })

  it.each(['ready', 'drain'] as const)('knows that an arm of no weight in %s is reached', async (state) => {
    fake.states = { green: state }
    const reading = await read()
    expect(reading.members['green']).toMatchObject({ lingers: true })
    expect(inEffect(router(), reading, { blue: 10_000, green: 0 })).toBe(false)
  })

  it('makes an arm ready only where it is not', async () => {
    fake.weights = { blue: 0, green: 100 }
    fake.states = { blue: 'maint' }
    await router().prepare?.(['blue', 'green'], ports.signal)
    await router().prepare?.(['blue'], ports.signal)
    expect(written()).toEqual(['set server app/blue state ready'])
    expect(ports.recorded.calls).toContainEqual(
      expect.objectContaining({ what: 'make blue and green ready', status: 'ok', answer: 'accepted' }),
    )
  })

  it('believes the settings before HAProxy, and does not ask it of that then', async () => {
    await router({ sticky: false }).write({ blue: 0, green: 10_000 }, await read(), ports.signal)
    expect(fake.states['blue']).toBeUndefined()
    fake.commands.length = 0
    await read({ sticky: false })
    expect(fake.commands).toEqual(['show servers state app', 'show stat app 2 -1'])
  })
})

describe('a backend in `mode tcp`', () => {
  it.each([{}, { sticky: false }])('splits connections, and is asked once, with %j', async (more) => {
    fake.mode = 'tcp'
    const one = router(more)
    expect(await one.read(ports.signal)).toMatchObject({ byConnection: true })
    fake.commands.length = 0
    expect(await one.read(ports.signal)).toMatchObject({ byConnection: true })
    expect(fake.commands).toEqual(['show servers state app'])
  })

  it('is no other in `mode http`: requests are split', async () => {
    expect(await read()).not.toHaveProperty('byConnection')
    expect(router().capabilities.splits).toBe('requests')
  })
})

describe('a stick table', () => {
  /** HAProxy with these tables, by name: whether servers' ids are in it. */
  const withTables = (tables: Record<string, boolean>): FakePorts => {
    const exchange = ports.tcp.exchange.bind(ports.tcp)
    return {
      ...ports,
      tcp: {
        async exchange(request) {
          const { send = '' } = request
          const [, name] = /^show table (\S+) /.exec(send) ?? []
          if (name !== undefined)
            return {
              ms: 1,
              reply: tables[name]
                ? `# table: ${name}, type: ip, size:1024, used:0\n\n`
                : 'Filter entry #1: Data type not stored in this table\n\n',
            }
          const answer = await exchange(request)
          if (!send.includes('; show table')) return answer
          const list = Object.keys(tables).map((table) => `# table: ${table}, type: ip, size:1024, used:0\n`)
          return { ...answer, reply: `${answer.reply.slice(0, -1)}${list.join('')}\n` }
        },
      },
    }
  }
  const readWith = (tables: Record<string, boolean>, more: object = {}) =>
    configured(haproxy, { type: 'haproxy', port: fake.port, backend: 'app', ...more })
      .open(withTables(tables), ['blue', 'green'])
      .read(ports.signal)

  it('of the backend binds clients where it stores servers, and not where it only counts', async () => {
    const bound = await readWith({ app: true })
    expect(bound.members['green']).toMatchObject({ lingers: true })
    expect(bound.strangers).toBeUndefined()
    expect((await readWith({ app: false })).members['green']).not.toHaveProperty('lingers')
  })

  it('of somebody else is not guessed at: it takes a setting to begin, and a restore goes on', async () => {
    const reading = await readWith({ limits: false, sessions: true })
    expect(reading.strangers).toMatch(
      /does not tell whether clients are bound to servers of app: its stick table sessions binds clients to servers, .*; say `sticky: true` or `sticky: false`/,
    )
    expect(reading.members['green']).toMatchObject({ lingers: true })
    expect((await readWith({ sessions: true }, { sticky: false })).strangers).toBeUndefined()
  })
})

describe('statistics that do not tell of cookies', () => {
  it.each([
    ['name no column of them', (reply: string) => reply.replace(',cookie,', ',x,')],
    ['are not there', (reply: string) => reply.replace(/^# pxname,[^]*/m, '')],
  ])('since they %s, are not taken for none', async (_, change) => {
    const exchange = ports.tcp.exchange.bind(ports.tcp)
    ports.tcp.exchange = async (request) => {
      const answer = await exchange(request)
      return { ...answer, reply: change(answer.reply) }
    }
    const reading = await read()
    expect(reading.strangers).toMatch(/: its statistics do not name cookies; say `sticky: true` or/)
    expect(reading.members['green']).toMatchObject({ lingers: true })
  })
})

describe('a socket', () => {
  it('that closes without a word was asked nothing, and may be asked again', async () => {
    ports.tcp.exchange = () => Promise.resolve({ ms: 1, reply: '' })
    await expect(read()).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/closed the connection without an answer to: show servers state app/),
    })
  })

  it('that nobody listens on is told, and may be tried again', async () => {
    await fake.close()
    const refused = await read().catch((error: unknown) => error)
    expect(refused).toMatchObject({
      retryable: true,
      message: expect.stringMatching(/could not be reached: .*; is it open to this runner\?$/),
    })
    // Of the exchange, and of the reading that it was for.
    expect(ports.recorded.calls.map(({ what, status }) => [what, status])).toEqual([
      [expect.stringContaining('show servers state'), expect.stringMatching(/could not be reached/)],
      ['read', expect.stringMatching(/could not be reached/)],
    ])
    fake = await startFakeHaproxy({})
  })

  it('that does not answer is given up after the timeout', async () => {
    fake.hold = () => forever
    await expect(read({ timeout: '20ms' })).rejects.toThrow(
      /gave no answer within 20 ms to: show servers state app; show stat app 2 -1; show table$/,
    )
  })

  it('that is cut off is not an answer', async () => {
    fake.before = () => {
      throw new Error('cut')
    }
    await expect(read()).rejects.toBeInstanceOf(ProviderError)
  })

  it('is left when the run is cancelled', async () => {
    fake.hold = () => {
      ports.cancel()
      return forever
    }
    await expect(read()).rejects.toBeInstanceOf(Cancelled)
    // And not opened after that.
    fake.commands.length = 0
    await expect(read()).rejects.toBeInstanceOf(Cancelled)
    expect(fake.commands).toEqual([])
  })
})

describe('its options', () => {
  it.each([
    [{ members: { old: 'a', new: ['b', 'c'] } }, ['old', 'new']],
    [{}, undefined],
  ])('with %j name the arms %j', (more, arms) => {
    const settings = { type: 'haproxy', port: 9999, backend: 'app', ...more }
    expect(configured(haproxy, settings).arms).toEqual(arms)
  })

  it.each([
    { backend: 'app; disable server app/blue' },
    { backend: 'a/b' },
    { backend: '' },
    { members: { blue: 'b 1' } },
    { port: 0 },
    { port: 'x' },
    { hots: '::1' },
    { host: '10.0.0.1', hosts: ['10.0.0.2'] },
    { hosts: ['10.0.0.1', '10.0.0.1'] },
    { hosts: ['a b'] },
    { hosts: [] },
    { members: { blue: ['b1'], green: ['b1'] } },
    { members: { blue: [] } },
    { members: { '': ['b1'] } },
    { host: '' },
  ])('refuse %j', (more) =>
    expect(haproxy.configure({ type: 'haproxy', port: 9999, backend: 'app', ...more }).success).toBe(false),
  )

  it.each<[object, string, string]>([
    [{ backend: 'a/b' }, 'backend', 'is not a name of a backend'],
    [{ members: { blue: ['b 1'] } }, 'members', 'is not a name of a server'],
    [{ host: '10.0.0.1', hosts: ['10.0.0.2'] }, 'hosts', 'stands beside host; give one of them'],
    [{ hosts: ['10.0.0.1', '10.0.0.1'] }, 'hosts', '10.0.0.1 stands there twice'],
    [{ members: { blue: ['b1'], green: ['b1'] } }, 'members', 'b1 stands there twice'],
  ])('say what is wrong with %j, and where', (more, place, problem) => {
    const read = haproxy.configure({ type: 'haproxy', port: 9999, backend: 'app', ...more })
    if (read.success) throw new Error('it was accepted')
    expect(JSON.stringify(read)).toContain(problem)
    expect(read.issues.map(({ path }) => path[0])).toEqual([place])
  })
})

describe('an address', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1:9999'],
    ['proxy.example:9998', 'proxy.example:9998'],
    ['[::1]:9997', '::1:9997'],
    ['[::1]', '::1:9999'],
  ])('%s is %s', (host, shown) => {
    const opened = configured(haproxy, { type: 'haproxy', port: 9999, backend: 'app', hosts: [host] })
    expect(opened.open(ports, ['blue', 'green']).where).toBe(`haproxy ${shown} backend app`)
  })
})
