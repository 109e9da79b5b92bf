import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createLog } from './log'

let printed = ''
beforeEach(() => {
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((printed += String(chunk)), true))
})
afterEach(() => void jest.restoreAllMocks())

const log = createLog()

describe('the log', () => {
  it('has a line or a command for everything', () => {
    log.info('a line')
    log.debug('d')
    log.notice('n')
    log.warning('w')
    log.error('two\nlines')
    log.mask('swordfish')
    log.group('Plan', ['one', 'two'])
    expect(printed.split('\n')).toEqual([
      'a line',
      '::debug::d',
      '::notice::n',
      '::warning::w',
      '::error::two%0Alines',
      '::add-mask::swordfish',
      '::group::Plan',
      'one',
      'two',
      '::endgroup::',
      '',
    ])
  })

  it.each([
    ['::set-output name=x::y', ': :set-output name=x::y'],
    ['  ::error::no', '  : :error::no'],
    ['\u0085::stop-commands::x', '\u0085: :stop-commands::x'],
    ['said ##[add-path]/tmp/evil', 'said ## [add-path]/tmp/evil'],
    ['a\r::warning::b\nc', 'a\n: :warning::b\nc'],
    ['200 ::1 is not a command', '200 ::1 is not a command'],
  ])('never lets the runner obey a part of its own texts: %j', (text, expected) => {
    log.info(text)
    log.group('Why', [text])
    expect(printed).toBe(`${expected}\n::group::Why\n${expected}\n::endgroup::\n`)
  })

  it('fences what others wrote: a token of its own each time ends it', () => {
    log.foreign('Output', 'fine\n::set-output name=x::y\n')
    log.foreign('Output', 'more')
    const lines = printed.split('\n')
    const [first, second] = lines.flatMap(
      (line) => /^::stop-commands::([0-9a-f-]{36})$/.exec(line)?.[1] ?? [],
    )
    expect(lines).toEqual([
      '::group::Output',
      `::stop-commands::${first}`,
      'fine',
      '::set-output name=x::y',
      `::${first}::`,
      '::endgroup::',
      '::group::Output',
      `::stop-commands::${second}`,
      'more',
      `::${second}::`,
      '::endgroup::',
      '',
    ])
    expect(first).not.toBe(second)
  })

  it('passes over silence', () => {
    log.foreign('Output', ' \n')
    expect(printed).toBe('')
  })
})
