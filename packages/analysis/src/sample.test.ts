import { expect, it } from '@jest/globals'
import { total } from './sample'

it('adds up an arm and passes over what is missing', () => {
  expect(total([{ requests: 10, errors: 1 }, undefined, { requests: 5, errors: 2 }])).toEqual({
    requests: 15,
    errors: 3,
  })
  expect(total([])).toEqual({ requests: 0, errors: 0 })
})
