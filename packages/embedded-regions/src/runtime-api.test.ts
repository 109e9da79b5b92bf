import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Backend } from './backend'
import { RuntimeApi } from './runtime-api'
import {
  askRuntime,
  commandCases,
  compared,
  resetCommand,
  stateCases,
  stateOf,
  unprivilegedCases,
} from './runtime-commands.fixture'

const newBackend = () =>
  new Backend([
    { name: 'blue', port: 8001, initialWeight: 100 },
    { name: 'green', port: 8002, initialWeight: 0 },
  ])

let backend: Backend
let api: RuntimeApi
const ask = (command: string) => askRuntime(api.port, command)
const weights = () => backend.servers.map((server) => server.weight)

beforeEach(async () => {
  backend = newBackend()
  api = await RuntimeApi.open(backend, 'admin')
})
afterEach(() => api.close())

describe('replies as HAProxy 2.6 gives them', () => {
  it.each(commandCases)('$command', async (known) => {
    await ask(resetCommand)
    expect(compared(await ask(known.command), known)).toBe(known.reply)
  })

  it.each(['operator', 'user'] as const)('level %s reads and does not write', async (level) => {
    const port = await RuntimeApi.open(backend, level)
    for (const known of unprivilegedCases)
      expect(await askRuntime(port.port, known.command)).toBe(known.reply)
    expect(weights()).toEqual([100, 0])
    await port.close()
  })

  it.each(stateCases)('$change shows as $blue', async ({ change, blue }) => {
    expect(await ask(change)).toMatch(/^\n+$/)
    const table = await ask('show servers state app')
    expect(stateOf(table, 'blue')).toBe(blue)
    expect(stateOf(table, 'green')).toBe('2 0 0 0')
  })

  it('lists servers under the header of the reference and ends with a blank line', async () => {
    const table = await ask('show servers state')
    const [version, header, blue, green, ...end] = table.split('\n')
    expect(version).toBe('1')
    expect(header).toBe(
      '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port',
    )
    expect(blue).toBe('4 app 1 blue 127.0.0.1 2 0 100 100 0 1 0 2 0 0 0 0 - 8001 - 0 0 - - 0')
    expect(green).toBe('4 app 2 green 127.0.0.1 2 0 0 0 0 1 0 2 0 0 0 0 - 8002 - 0 0 - - 0')
    expect(end).toEqual(['', ''])
  })

  it('shows the asked rows of the statistics', async () => {
    await ask('set server app/blue state drain')
    const rows = async (command: string) => {
      const [header, ...lines] = (await ask(command)).trimEnd().split('\n')
      const columns = header?.slice(2).split(',') ?? []
      return lines.map((line) => {
        const values = line.split(',')
        return ['svname', 'status', 'weight', 'scur'].map((name) => values[columns.indexOf(name)])
      })
    }
    const blue = ['blue', 'DRAIN', '100', '0']
    const green = ['green', 'no check', '0', '0']
    const whole = ['BACKEND', 'DOWN', '0', '0']
    expect(await rows('show stat app 4 -1')).toEqual([blue, green])
    expect(await rows('show stat app 4 2')).toEqual([green])
    expect(await rows('show stat app 6 -1')).toEqual([blue, green, whole])
    expect(await rows('show stat')).toEqual([blue, green, whole])
  })
})

describe('the line protocol', () => {
  const exchange = (text: string) =>
    new Promise<string>((ended) => {
      const socket = connect(api.port, '127.0.0.1')
      let reply = ''
      socket.on('data', (data) => (reply += data.toString()))
      socket.on('close', () => ended(reply))
      socket.end(text)
    })

  it('does not run a line without its newline', async () => {
    expect(await exchange('set server app/green weight 25')).toBe('')
    expect(weights()).toEqual([100, 0])
  })

  it('runs only the first of two lines', async () => {
    expect(await exchange('get weight app/blue\nset server app/green weight 25\n')).toBe(
      '100 (initial 100)\n\n',
    )
    expect(weights()).toEqual([100, 0])
  })
})

describe('faults', () => {
  it('refuse resets the connection', async () => {
    api.setFault({ router: 'refuse' })
    await expect(ask('get weight app/blue')).rejects.toThrow(/ECONNRESET|EPIPE/)
    api.setFault(undefined)
    expect(await ask('get weight app/blue')).toBe('100 (initial 100)\n\n')
  })

  it('lie acknowledges a write, changes nothing, and still refuses what is wrong', async () => {
    api.setFault({ router: 'lie' })
    expect(await ask('set server app/green weight 25')).toBe('\n')
    expect(await ask('disable server app/blue')).toBe('\n')
    expect(await ask('set server app/green weight 257')).toMatch(/^Absolute weight/)
    expect(await ask('get weight app/green')).toBe('0 (initial 0)\n\n')
    expect(stateOf(await ask('show servers state app'), 'blue')).toBe('2 0 100 100')
  })

  it('revert puts the weight before the first write back', async () => {
    api.setFault({ router: 'revert', delayMs: 20 })
    await ask('set server app/green weight 25;set server app/green weight 30')
    expect(weights()).toEqual([100, 30])
    for (let tries = 0; tries < 200 && weights()[1] !== 0; tries += 1) await sleep(5)
    expect(weights()).toEqual([100, 0])
  })

  it('reload brings the weights and states of the configuration back, once', async () => {
    await ask('set server app/blue weight 1;set server app/green state maint')
    api.setFault({ router: 'reload' })
    expect(weights()).toEqual([100, 0])
    expect(await ask('show info')).toBe('Name: HAProxy\nUptime_sec: 0\n\n')
    await ask('set server app/blue weight 1')
    api.setFault({ router: 'reload' })
    expect(weights()).toEqual([1, 0])
    expect(stateOf(await ask('show servers state app'), 'green')).toBe('2 0 0 0')
  })

  it('slow lets others go first and answers after all', async () => {
    const order: string[] = []
    api.setFault({ router: 'slow', delayMs: 200 })
    const slow = ask('get weight app/blue').finally(() => order.push('slow'))
    await sleep(50)
    api.setFault(undefined)
    await ask('get weight app/green').finally(() => order.push('fast'))
    expect(await slow).toBe('100 (initial 100)\n\n')
    expect(order).toEqual(['fast', 'slow'])
  })
})
