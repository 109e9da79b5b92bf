import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { matches, parseExposition, parseSelector, type Selector } from './exposition'
import { createPageReader, type Reading } from './page-reader'

/** A reader on the first page, for queries that are called by their selectors. */
const reader = (...sums: string[][]) =>
  createPageReader(
    0,
    sums.map((sum) => ({ name: sum.join(), query: { sum: sum.map(selector) } })),
  )

function selector(text: string): Selector {
  const parsed = parseSelector(text)
  if (!parsed) throw new Error(`${text} is no selector`)
  return parsed
}

const plain = ({ series: { name, labels }, value }: Reading) => ({ name, labels, value })

describe('what is read of a page', () => {
  const read = (page: string) => reader(['hits_total{arm="blue"}']).read(page).map(plain)
  const blue = (value: number, more = {}) => ({ name: 'hits_total', labels: { arm: 'blue', ...more }, value })

  it('is what is asked for, in its order', () => {
    const page = [
      '# TYPE hits_total counter',
      'hits_total_of_old{arm="blue"} 1',
      'hits{arm="blue"} 2',
      'all_hits_total{arm="blue"} 3',
      'hits_total{arm="green"} 4',
      '#hits_total{arm="blue"} 5',
      'hits_total 6',
      'hits_total{arm="blue",code="500"} 7',
      'hits_total{arm="blue"} 8',
    ].join('\n')
    expect(read(page)).toEqual([blue(7, { code: '500' }), blue(8)])
  })

  it.each([
    ['a timestamp', 'hits_total{arm="blue"} 5 1395066363000', blue(5)],
    ['an exemplar', 'hits_total{arm="blue"} 5 # {trace="ab}c"} 0.5 1520879607.789', blue(5)],
    ['blanks around it', ' \thits_total { arm = "blue" , } 5 \r', blue(5)],
    ['no blank before its value', 'hits_total{arm="blue"}5', blue(5)],
    ['infinity', 'hits_total{arm="blue"} +Inf', blue(Infinity)],
    ['braces in a value', 'hits_total{path="/{id}",arm="blue"} 5', blue(5, { path: '/{id}' })],
    ['quotes in a value', 'hits_total{path="\\"}",arm="blue"} 5', blue(5, { path: '"}' })],
  ])('may have %s', (_, line, series) => expect(read(`other 1\n${line}\nother 2`)).toEqual([series]))

  it.each([
    ['no value', 'hits_total{arm="blue"}'],
    ['no end of its labels', 'hits_total{arm="blue" 5'],
    ['no quotes', 'hits_total{arm=blue} 5'],
    ['its value on another line', 'hits_total{arm="blue"}\n5'],
  ])('is no line with %s', (_, lines) => expect(read(lines)).toEqual([]))

  it('is never what another line said: a brace without an end is no series without labels', () => {
    const pages = reader(['hits_total'])
    expect(pages.read('hits_total 3').map(plain)).toEqual([{ name: 'hits_total', labels: {}, value: 3 }])
    expect(pages.read('hits_total{arm="blue" 4')).toEqual([])
  })

  it('tells which queries each series answers, once for each', () => {
    const pages = reader(['a{x="1"}', 'a{y="2"}'], ['a'], ['b'])
    const [both, other] = pages.read('a{x="1",y="2"} 1\na{x="3"} 1')
    expect(both?.series.askedBy).toEqual(['a{x="1"},a{y="2"}', 'a'])
    expect(other?.series.askedBy).toEqual(['a'])
  })
})

describe('a series', () => {
  it('has the same key however its labels are ordered, and another on another page', () => {
    const [[one], [same], [other]] = [
      reader(['a']).read('a{x="1",y="2"} 1'),
      reader(['a']).read('a { y="2", x="1" } 1'),
      createPageReader(1, [{ name: 'a', query: { sum: [selector('a')] } }]).read('a{x="1",y="2"} 1'),
    ]
    expect(same?.series.key).toBe(one?.series.key)
    expect(other?.series.key).not.toBe(one?.series.key)
  })

  it('is parsed once, and forgotten when the page shows it no more', () => {
    const pages = reader(['a'])
    const [first] = pages.read('a{x="1"} 1')
    const [, later] = pages.read('a{x="0"} 1\na{x="1"} 2')
    expect(later?.series).toBe(first?.series)
    pages.read('a{x="0"} 1')
    const [again] = pages.read('a{x="1"} 3')
    expect(again?.series).toEqual(first?.series)
    expect(again?.series).not.toBe(first?.series)
  })

  it('is read as from the whole page, whatever the page and the ones before it were', () => {
    const asked = ['a', 'a:b{a="a"}'].map(selector)
    const parts = [
      'a',
      'a:b',
      '{',
      '}',
      'a="a"',
      'a="\\"}"',
      '"',
      '\\',
      ',',
      ' ',
      '\n',
      '\r',
      '#',
      '+Inf',
      '5',
    ]
    const lines = fc.array(
      fc.constantFrom('a 5', 'a{a="a"} 1', 'a:b{a="a"} 2', 'a:b{a="b"} 3', 'a{', 'b{a="a" 4', '\n'),
    )
    const anything = fc.array(fc.constantFrom(...parts), { maxLength: 30 })
    const page = fc.tuple(anything, lines, anything).map((all) => all.map((one) => one.join('')).join('\n'))
    fc.assert(
      fc.property(fc.array(page, { minLength: 1, maxLength: 4 }), (looks) => {
        const pages = reader(['a', 'a:b{a="a"}'])
        for (const look of looks) {
          const whole = parseExposition(look).filter((one) => asked.some((sum) => matches(one, sum)))
          expect(pages.read(look).map(plain)).toEqual(whole)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
