import { describe, expect, it } from '@jest/globals'
import type { Annotation } from '../run-view'
import { LogCommands } from './log-commands'
import { Masks } from './masks'

function log(...lines: string[]): { lines: string[]; annotations: Annotation[] } {
  const seen = { lines: [] as string[], annotations: [] as Annotation[] }
  const sink = {
    masks: new Masks(),
    line: (text: string) => seen.lines.push(text),
    annotate: (annotation: Annotation) => seen.annotations.push(annotation),
  }
  const commands = new LogCommands(sink, 3)
  for (const line of lines) commands.write(line)
  return seen
}

describe('workflow commands', () => {
  it('become annotations with their properties', () => {
    expect(log('::error file=a.yml,line=7,title=Bad%2C bad::50%25 of%0Atwo lines').annotations).toEqual([
      { level: 'error', message: '50% of\ntwo lines', title: 'Bad, bad', file: 'a.yml', line: 7, step: 3 },
    ])
    expect(log('  ::notice::a :: b').annotations).toEqual([{ level: 'notice', message: 'a :: b', step: 3 }])
  })

  it('are obeyed in their old form anywhere in a line', () => {
    expect(log('the value is ##[error]no').annotations).toEqual([{ level: 'error', message: 'no', step: 3 }])
    expect(log('the value is ##[unknown]no').annotations).toEqual([])
  })

  it('keep ten per level and cut long messages', () => {
    const many = log(...Array.from({ length: 12 }, () => '::warning::w'), `::error::${'x'.repeat(5000)}`)
    expect(many.annotations.filter(({ level }) => level === 'warning')).toHaveLength(10)
    expect(many.annotations.at(-1)?.message).toHaveLength(4096)
    expect(many.lines).toHaveLength(13)
  })

  it('mask what is registered, from then on, in its encodings too', () => {
    const { lines, annotations } = log(
      'key swordfish',
      '::add-mask::swordfish',
      'key swordfish',
      '::add-mask::-----BEGIN%0Alonger one',
      'longer one',
      `basic ${Buffer.from('swordfish').toString('base64')}`,
      '::error::swordfish',
    )
    expect(lines).toEqual([
      'key swordfish',
      '::add-mask::***',
      'key ***',
      '::add-mask::***',
      '***',
      'basic ***',
      '##[error]***',
    ])
    expect(annotations).toEqual([{ level: 'error', message: '***', step: 3 }])
  })

  it('are not obeyed between stop-commands and its token', () => {
    const { lines, annotations } = log('::stop-commands::t0k3n', '::error::x', '::t0k3n::', '::error::y')
    expect(lines).toEqual(['::stop-commands::t0k3n', '::error::x', '::t0k3n::', '##[error]y'])
    expect(annotations.map(({ message }) => message)).toEqual(['y'])
  })

  it('group, hide debug output, and refuse the old ways to set outputs', () => {
    const { lines, annotations } = log(
      '::group::Plan',
      'x',
      '::endgroup::',
      '::debug::no',
      '::set-output name=a::b',
    )
    expect(lines.slice(0, 3)).toEqual(['##[group]Plan', 'x', '##[endgroup]'])
    expect(lines).toHaveLength(4)
    expect(annotations[0]?.message).toContain("'set-output' is not supported")
  })
})
