import { describe, expect, it } from '@jest/globals'
import { Cancelled, causesOf, GateFailed, InputError, messageOf, ProviderError } from './errors'

it('says every problem of an input, each at its place', () => {
  const error = new InputError([
    { where: 'input `region`', message: 'is missing' },
    { where: '', message: 'nothing was written' },
  ])
  expect(error.message).toBe('input `region`: is missing\nnothing was written')
  expect(new InputError('just so').problems).toEqual([{ where: '', message: 'just so' }])
})

it('knows how the action ended, and what must be put out all the same', () => {
  const ends = [
    new InputError('x'),
    new GateFailed('x'),
    new ProviderError('x', { provider: 'y' }),
    new Cancelled('x'),
  ].map(({ name, outcome }) => `${name} ${outcome}`)
  expect(ends).toEqual([
    'InputError invalid',
    'GateFailed failed',
    'ProviderError error',
    'Cancelled cancelled',
  ])
  expect(new GateFailed('x', { outputs: { verdict: 'fail' } }).outputs).toEqual({ verdict: 'fail' })
  expect(new GateFailed('x')).not.toHaveProperty('cause')
})

describe('what was thrown', () => {
  it('has a message, error or not', () => {
    expect([messageOf(new Error('a')), messageOf('b'), messageOf(undefined)]).toEqual(['a', 'b', 'undefined'])
  })

  it('has its causes, innermost last', () => {
    const inner = new Error('inner')
    const causes = causesOf(new GateFailed('outer', { cause: new Error('middle', { cause: inner }) }))
    expect(causes.map((cause) => cause.split('\n')[0])).toEqual(['Error: middle', 'Error: inner'])
    expect(causesOf(new Error('a', { cause: 'a text' }))).toEqual(['a text'])
    expect([causesOf(new Error('a')), causesOf('b')]).toEqual([[], []])
  })

  it('is followed through a circle for ten steps only', () => {
    const circle: Error & { cause?: unknown } = new Error('round')
    circle.cause = circle
    expect(causesOf(circle)).toHaveLength(10)
  })

  it('is shown by its message where it has no stack', () => {
    const bare = new Error('bare')
    delete bare.stack
    expect(causesOf(new Error('a', { cause: bare }))).toEqual(['bare'])
  })
})
