import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formsOf, redact, secretLines, redactWithin } from './secrets'

describe('secretLines', () => {
  it('reads KEY=VALUE lines and passes over empty ones', () => {
    const text = '\nTOKEN=abc\n  HOOK=https://h.test/?a=b&c==  \r\n\n_x1=\n'
    expect([...secretLines.parse(text)]).toEqual([
      ['TOKEN', 'abc'],
      ['HOOK', 'https://h.test/?a=b&c=='],
      ['_x1', ''],
    ])
    expect(secretLines.parse(undefined).size).toBe(0)
  })

  it.each(['TOKEN', 'TO KEN=swordfish', '=swordfish', '1T=swordfish', 'T-K=swordfish'])(
    'refuses a line such as %j without showing it',
    (line) => {
      const { error } = secretLines.safeParse(`OK=1\n${line}`)
      expect(error?.issues.map(({ message }) => message)).toEqual([
        'line 2 is not KEY=VALUE (the line is not shown)',
      ])
    },
  )
})

describe('redact', () => {
  const value = 'p@ss "word"/1'

  it('takes out a secret in every form in which it may turn up', () => {
    // base64 by RFC 4648, percent-encoding by RFC 3986, JSON by RFC 8259; each written out by hand.
    const forms = [value, 'cEBzcyAid29yZCIvMQ==', 'p%40ss%20%22word%22%2F1', 'p@ss \\"word\\"/1']
    expect(formsOf(value)).toEqual(forms)
    expect(redact(forms.map((form) => `<${form}>`).join(' '), [value])).toBe('<***> <***> <***> <***>')
  })

  it.each([
    ['quoted twice', JSON.stringify(JSON.stringify({ a: value }))],
    ['quoted three times', JSON.stringify(JSON.stringify(JSON.stringify(value)))],
    ['in a form', new URLSearchParams({ a: value }).toString()],
    ...['', 'a', 'ab', 'abc'].flatMap((before) => [
      [`in base64 behind ${before.length}`, Buffer.from(`${before}${value}:z`).toString('base64')],
      [`in base64url behind ${before.length}`, Buffer.from(`${before}${value}:z`).toString('base64url')],
    ]),
  ])('takes out a secret that is a part of something: %s', (_, text) => {
    const left = redact(text, [value])
    expect(left).toContain('***')
    expect(left + Buffer.from(left, 'base64').toString()).not.toContain('word')
  })

  it('takes out all of a secret that begins with another one', () => {
    expect(redact('swordfish-2 swordfish', ['swordfish', 'swordfish-2'])).toBe('*** ***')
  })

  it('leaves short values alone: they would blank ordinary words', () => {
    expect(formsOf('true!')).toEqual([])
    expect(redact('it is true!', ['true!'])).toBe('it is true!')
  })

  it('leaves none of a secret behind, wherever it stands', () => {
    const secret = fc.string({ minLength: 6, maxLength: 20 }).filter((text) => !text.includes('*'))
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (hidden, before, after) =>
        expect(redact(`${before}${hidden}${after}`, [hidden])).not.toContain(hidden),
      ),
    )
  })
})

describe('redactWithin', () => {
  it('takes secrets out of texts at any depth, and leaves what is no text, and keys, as they are', () => {
    const value = { a: ['swordfish', { b: 'x swordfish', swordfish: 7 }], c: null, d: true, e: undefined }
    expect(redactWithin(value, ['swordfish'])).toEqual({
      ...{ a: ['***', { b: 'x ***', swordfish: 7 }], c: null, d: true, e: undefined },
    })
  })

  it('is not broken by a secret that looks like syntax', () => {
    expect(redactWithin({ a: 'b', c: '","c":' }, ['","c":"', '","c":'])).toEqual({ a: 'b', c: '***' })
  })
})
