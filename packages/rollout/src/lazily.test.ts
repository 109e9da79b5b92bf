import { expect, it } from '@jest/globals'
import { lazily } from './lazily'

it('makes a value when it is first asked for, and once', () => {
  const makings: string[] = []
  const value = lazily(() => {
    makings.push('made')
    return undefined
  })
  expect(makings).toEqual([])
  expect([value(), value()]).toEqual([undefined, undefined])
  expect(makings).toEqual(['made'])
})
