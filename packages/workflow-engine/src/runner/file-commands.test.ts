import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createCommandFiles, parsePairs, readCommandFiles } from './file-commands'

describe('pairs', () => {
  it('are single lines or heredocs', () => {
    const text = 'a=1\nb=x=y\nlist<<EOF_1\none\n\nEOF\nEOF_1\r\nc=\n'
    expect(parsePairs(text)).toEqual({ a: '1', b: 'x=y', list: 'one\n\nEOF', c: '' })
  })

  it.each([
    ['no equals', "Invalid format 'no equals'"],
    ['=x', "Invalid format '=x'. Name must not be empty"],
    ['a<<\nx', "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"],
    ['a<<END\nx\n', "Invalid value. Matching delimiter not found 'END'"],
  ])('refuse %j in words of the runner', (text, message) => {
    expect(() => parsePairs(text)).toThrow(message)
  })
})

describe('command files', () => {
  let folder: string
  let files: Record<string, string>
  const write = (variable: string, text: string) => writeFile(files[variable] ?? '', text)
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rehearsal-'))
    files = await createCommandFiles(folder)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('are read after the step', async () => {
    await write('GITHUB_OUTPUT', 'weight=25\n')
    await write('GITHUB_ENV', 'A=1\n')
    await write('GITHUB_STATE', 'id=7\n')
    await write('GITHUB_PATH', '/one\n/two\n')
    await write('GITHUB_STEP_SUMMARY', '# done')
    expect(await readCommandFiles(folder)).toEqual({
      outputs: { weight: '25' },
      env: { A: '1' },
      state: { id: '7' },
      paths: ['/one', '/two'],
      summary: '# done',
      errors: [],
      summaryError: undefined,
    })
  })

  it('drop a summary over 1 MiB whole', async () => {
    await write('GITHUB_STEP_SUMMARY', 'x'.repeat(1024 * 1024))
    expect((await readCommandFiles(folder)).summary).toHaveLength(1024 * 1024)
    await write('GITHUB_STEP_SUMMARY', 'x'.repeat(1024 * 1024 + 1))
    expect(await readCommandFiles(folder)).toMatchObject({
      summary: undefined,
      errors: [],
      summaryError: '$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1025k.',
    })
  })

  it('keep NODE_OPTIONS and broken files out', async () => {
    await write('GITHUB_ENV', 'NODE_OPTIONS=--inspect\nA=1\n')
    await write('GITHUB_OUTPUT', 'broken\n')
    expect(await readCommandFiles(folder)).toMatchObject({
      env: { A: '1' },
      outputs: {},
      errors: [
        "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.",
        "Unable to process file command 'output' successfully.",
        "Invalid format 'broken'",
      ],
    })
  })
})
