import { describe, expect, it } from '@jest/globals'
import { Cancelled, causesOf, GateFailed, InputError, messageOf, ProviderError, wasNotSent } from './errors'

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

describe('a request', () => {
  const error = (details: object): Error => Object.assign(new Error('x'), details)

  it.each<[string, unknown]>([
    ['a refused connection', error({ code: 'ECONNREFUSED', syscall: 'connect' })],
    // Several addresses of one name: Node gives an AggregateError with the code of the first.
    ['refused connections', Object.assign(new AggregateError([], 'x'), { code: 'ECONNREFUSED' })],
    ['no route to the host', error({ code: 'EHOSTUNREACH', syscall: 'connect' })],
    ['an unknown host', error({ code: 'ENOTFOUND', syscall: 'getaddrinfo' })],
    [
      'a DNS server without an answer, by node-fetch',
      error({ code: 'EAI_AGAIN', erroredSysCall: 'getaddrinfo' }),
    ],
    ['a network that is gone, by node-fetch', error({ code: 'ENETUNREACH', erroredSysCall: 'connect' })],
    [
      'an error around one of these',
      new Error('x', { cause: new TypeError('y', { cause: error({ code: 'ENOTFOUND' }) }) }),
    ],
  ])('was not sent after %s', (_, thrown) => expect(wasNotSent(thrown)).toBe(true))

  it('is asked of errors that point at each other', () => {
    const circle: Error & { cause?: unknown } = new Error('round')
    circle.cause = circle
    expect(wasNotSent(circle)).toBe(false)
  })

  it.each<[string, unknown]>([
    ['a cut connection', error({ code: 'ECONNRESET', syscall: 'read' })],
    ['a connected host that fell silent', error({ code: 'ETIMEDOUT', syscall: 'read' })],
    ['a time-out', error({ name: 'TimeoutError' })],
    ['something else', 'ECONNREFUSED'],
  ])('may have been sent after %s', (_, thrown) => expect(wasNotSent(thrown)).toBe(false))
})
