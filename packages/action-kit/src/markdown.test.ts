import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { details, escapeText, fenced, table } from './markdown'

describe('escapeText', () => {
  it.each([
    ['a | b', 'a \\| b'],
    ['`code` *b* _i_ ~s~ #1 [x](y) \\', '\\`code\\` \\*b\\* \\_i\\_ \\~s\\~ \\#1 \\[x\\](y) \\\\'],
    ['<script>&amp;', '&lt;script&gt;&amp;amp;'],
    ['@oncall', '@\u200boncall'],
    ['one\r\ntwo\nthree', 'one two three'],
  ])('%j', (text, escaped) => expect(escapeText(text)).toBe(escaped))

  it('lets nothing break out of a cell', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '|', '\\', '<', '>', '@', '\n', '`', '&') }),
        (text) => {
          const escaped = escapeText(text)
          expect(escaped).not.toMatch(/[\n<>]|@(?!\u200b)/)
          // Every bar and backtick has an odd number of backslashes before it.
          for (const [run] of escaped.matchAll(/\\*[|`]/g)) expect(run.length % 2).toBe(0)
        },
      ),
    )
  })
})

it('writes a table of plain text', () => {
  expect(
    table(
      ['What', 'Weight'],
      [
        ['blue|1', '90%'],
        ['green', '10%'],
      ],
    ),
  ).toBe('| What | Weight |\n| --- | --- |\n| blue\\|1 | 90% |\n| green | 10% |')
})

it('fences text longer than any fence within', () => {
  expect(fenced('plain\n\n', 'json')).toBe('```json\nplain\n```')
  expect(fenced('````\nnested')).toBe('`````\n````\nnested\n`````')
})

it('folds a block under a title', () => {
  expect(details('a <b>', 'body')).toBe('<details><summary>a &lt;b&gt;</summary>\n\nbody\n\n</details>')
})
