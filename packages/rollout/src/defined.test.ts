import { describe, expect, it } from '@jest/globals'
import { defined } from './defined'

interface Named {
  name: string
  region?: string
  tries?: number | null
}

const maybe = <T>(value: T, given: boolean): T | undefined => (given ? value : undefined)

describe('defined', () => {
  it('leaves out what is undefined, and nothing else', () => {
    // toStrictEqual tells a key that is undefined from one that is not there.
    expect(defined({ a: undefined, b: null, c: 0, d: '', e: false, f: [undefined] })).toStrictEqual({
      b: null,
      c: 0,
      d: '',
      e: false,
      f: [undefined],
    })
  })

  it('overwrites nothing by a value that is undefined', () => {
    expect({ region: 'eu', ...defined({ region: maybe('us', false) }) }).toEqual({ region: 'eu' })
  })

  it('gives what an interface with optional keys takes', () => {
    const both: Named = defined({ name: 'api', region: maybe('eu', true), tries: maybe(null, true) })
    const none: Named = defined({ name: 'api', region: maybe('eu', false), tries: maybe(3, false) })
    expect([both, none]).toStrictEqual([{ name: 'api', region: 'eu', tries: null }, { name: 'api' }])
  })

  it('keeps a key that is optional already', () => {
    const partly: Named = { name: 'api' }
    const again: Named = defined({ ...partly, tries: 2 })
    expect(again).toStrictEqual({ name: 'api', tries: 2 })
  })

  it('is refused by the compiler where a key is needed', () => {
    // @ts-expect-error a name that may be missing is not a name
    const nameless: Named = defined({ name: maybe('api', false) })
    // @ts-expect-error nor is a number one
    const numbered: Named = defined({ name: maybe(1, true) })
    expect([nameless, numbered]).toStrictEqual([{}, { name: 1 }])
  })
})
