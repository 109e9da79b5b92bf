import { describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { parseServersState, parseStat } from './haproxy-runtime'

const FIELDS = 'srv_name srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_state'
const where = 'haproxy 10.1.0.5:9999 backend app'
const parse = (rows: string, fields = FIELDS) => parseServersState(`1\n# ${fields}\n${rows}\n\n`, where)
const refusal = (read: () => unknown): unknown => {
  try {
    return read()
  } catch (error) {
    return error
  }
}

describe('the states of servers', () => {
  // management guide 9.3: forced, inherited and by configuration, each of its own bit; 0x40 is a changed address.
  it.each([
    [0x00, 'ready'],
    [0x01, 'maint'],
    [0x02, 'maint'],
    // Configured as `disabled`: made ready since, drained since, and as it began.
    [0x04, 'ready'],
    [0x0c, 'drain'],
    [0x05, 'maint'],
    [0x08, 'drain'],
    [0x10, 'drain'],
    [0x20, 'maint'],
    [0x40, 'ready'],
    [0x09, 'maint'],
  ])('with the administrative bits %d are %s', (bits, admin) =>
    expect(parse(`blue 2 ${bits} 1 1 6`).get('blue')?.admin).toBe(admin),
  )

  // stopped, starting, running, stopping
  it.each([
    [0, false],
    [1, true],
    [2, true],
    [3, false],
  ])('in the operational state %d are up: %s', (state, up) =>
    expect(parse(`blue ${state} 0 1 1 6`).get('blue')?.up).toBe(up),
  )

  it.each([
    [0, false],
    [2, false],
    [4, true],
    [6, true],
  ])('with the bits %d of their check are checked: %s', (bits, checked) =>
    expect(parse(`blue 2 0 1 1 ${bits}`).get('blue')?.checked).toBe(checked),
  )

  it('are read by the names of the fields, wherever blanks stand', () => {
    const servers = parseServersState(
      '1 \n# srv_iweight srv_uweight srv_name srv_op_state srv_admin_state srv_check_state \n 100 25  blue 2 0 6 \n\n',
      where,
    )
    expect([...servers]).toEqual([
      ['blue', { up: true, admin: 'ready', weight: 25, initialWeight: 100, checked: true }],
    ])
    expect([...parse('').keys()]).toEqual([])
    // Cut off after a row, or in a blank one.
    for (const end of ['', '\n', '\n \n'])
      expect([...parseServersState(`1\n# ${FIELDS}\nblue 2 0 1 1 6${end}`, where).keys()]).toEqual(['blue'])
  })

  it.each([
    ['another version', `2\n# ${FIELDS}\n\n`],
    ['no header', `1\nblue 2 0 1 1 6\n\n`],
    ['nothing', ''],
    ['something else', '  what? \n'],
  ])('are not guessed from %s', (_, reply) => {
    const refused = refusal(() => parseServersState(reply, where))
    expect(refused).toBeInstanceOf(ProviderError)
    expect(refused).toMatchObject({
      message: `${where} answered ${JSON.stringify(reply.trim())} to show servers state`,
      provider: where,
    })
  })

  it('are not guessed where a field is missing', () =>
    expect(refusal(() => parse('blue 2 0 1 1', FIELDS.replace(' srv_check_state', '')))).toMatchObject({
      message: `${where}: show servers state has no field srv_check_state`,
      provider: where,
    }))

  it('show no more of another answer than can be read', () =>
    expect(refusal(() => parseServersState('x'.repeat(1000), where))).toMatchObject({
      message: `${where} answered "${'x'.repeat(200)}" to show servers state`,
    }))
})

describe('statistics', () => {
  it('are read by column, out of whatever else was asked with them', () =>
    expect(parseStat('# table: app\n\n# pxname,svname,stot\napp,blue,5\napp,green,\n\nUptime: 1\n')).toEqual([
      { pxname: 'app', svname: 'blue', stot: '5' },
      { pxname: 'app', svname: 'green', stot: '' },
    ]))

  it('are none where there are none', () => expect(parseStat("Can't find backend.\n")).toEqual([]))
})
