import { describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { inputs as schema, type VectorInputs } from './inputs'
import { wantedWeights } from './wanted'

const current = { blue: 6_000, green: 3_000, red: 1_000 }
const wanted = (inputs: Record<string, string>, from: Record<string, number> = current) =>
  wantedWeights(schema.parse(inputs) as VectorInputs, from)

describe('the weights that an input asks for', () => {
  it('are what is there, with get', () => {
    expect(wanted({ mode: 'get' })).toEqual(current)
  })

  it('are the whole vector, with set: a member that is not named gets nothing', () => {
    expect(wanted({ mode: 'set', weights: 'blue=90%, green=10%' })).toEqual({
      blue: 9_000,
      green: 1_000,
      red: 0,
    })
  })

  it('go to the others in proportion, with drain', () => {
    // 6000 : 1000 of what remains, in basis points: 8571.43 and 1428.57, rounded by largest remainder.
    expect(wanted({ mode: 'drain', member: 'green' })).toEqual({ blue: 8_571, green: 0, red: 1_429 })
    expect(wanted({ mode: 'drain', member: 'blue' }, { blue: 10_000, green: 0 })).toEqual({
      blue: 0,
      green: 10_000,
    })
  })

  it('go all to the idle member, or to the named one, with switch', () => {
    expect(wanted({ mode: 'switch' }, { blue: 10_000, green: 0 })).toEqual({ blue: 0, green: 10_000 })
    expect(wanted({ mode: 'switch', member: 'red' })).toEqual({ blue: 0, green: 0, red: 10_000 })
  })

  it('are what was recorded, with restore', () => {
    expect(wanted({ mode: 'restore', 'restore-point': '{"blue":"60%","green":"30%","red":"10%"}' })).toEqual(
      current,
    )
  })

  it.each([
    [{ mode: 'set' }, /input `weights`: is missing/],
    [{ mode: 'set', weights: 'blue=50%,pink=50%' }, /no member pink; it has blue, green, red/],
    [{ mode: 'drain' }, /input `member`: is missing; give one of blue, green, red/],
    [{ mode: 'set', weights: 'constructor=100%' }, /no member constructor; it has blue, green, red/],
    [{ mode: 'set', weights: '__proto__=100%' }, /no member __proto__/],
    [{ mode: 'drain', member: 'toString' }, /no member toString/],
    [{ mode: 'restore', 'restore-point': '{"__proto__":"100%"}' }, /no member __proto__/],
    [{ mode: 'switch' }, /no single idle member/],
    [{ mode: 'restore', 'restore-point': '{"blue":"60%"}' }, /is not a restore point/],
    [{ mode: 'restore', 'restore-point': 'blue' }, /is not a restore point/],
    [
      { mode: 'get', 'expected-current': 'blue=100%' },
      /expects blue 100%, but the router holds blue 60%, green 30%, red 10%; nothing was written/,
    ],
  ])('refuse %j', (inputs, message) => {
    expect(() => wanted(inputs as Record<string, string>)).toThrow(InputError)
    expect(() => wanted(inputs as Record<string, string>)).toThrow(message)
  })

  it('are not a vector unless they sum to 100 %', () => {
    expect(
      schema.safeParse({ mode: 'set', weights: 'blue=90%,green=20%' }).error?.issues[0]?.message,
    ).toMatch(/is not a vector of weights/)
    expect(schema.safeParse({ mode: 'set', weights: 'blue' }).success).toBe(false)
  })
})
