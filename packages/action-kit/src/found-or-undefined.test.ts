import { expect, it } from '@jest/globals'
import { ProviderError } from './errors'
import { foundOrUndefined } from './found-or-undefined'

const fails = (status?: number): Promise<string> =>
  Promise.reject(new ProviderError('x', { provider: 'GitHub', ...(status === undefined ? {} : { status }) }))

it('is undefined for what is not there, and for nothing else', async () => {
  expect(await foundOrUndefined(Promise.resolve('here'))).toBe('here')
  expect(await foundOrUndefined(fails(404))).toBeUndefined()
  expect(await foundOrUndefined(fails(422), [404, 422])).toBeUndefined()
  await expect(foundOrUndefined(fails(422))).rejects.toThrow('x')
  await expect(foundOrUndefined(fails())).rejects.toThrow('x')
  await expect(foundOrUndefined(Promise.reject(new Error('y')))).rejects.toThrow('y')
})
