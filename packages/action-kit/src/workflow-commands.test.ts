import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as core from '@actions/core'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { command, print, saveState, setOutput } from './workflow-commands'

const text = '100% sure: a,b\r\n::set-output name=x::y\n<ü>'

let folder: string
const written: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workflow-commands-'))
  written.length = 0
  jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0)
})
afterEach(async () => {
  jest.restoreAllMocks()
  delete process.env['GITHUB_OUTPUT']
  delete process.env['GITHUB_STATE']
  await rm(folder, { recursive: true })
})

/** What a call prints. */
function printed(call: () => void): string {
  written.length = 0
  call()
  return written.join('')
}

describe('the log', () => {
  it.each([
    ['error', core.error],
    ['warning', core.warning],
    ['notice', core.notice],
    ['debug', core.debug],
    ['add-mask', core.setSecret],
  ] as const)('gives %s as @actions/core does', (name, original) => {
    expect(printed(() => command(name, text))).toBe(printed(() => original(text)))
  })

  it('gives groups and lines as @actions/core does', () => {
    expect(printed(() => command('group', 'Plan: 3 regions'))).toBe(
      printed(() => core.startGroup('Plan: 3 regions')),
    )
    expect(printed(() => command('endgroup'))).toBe(printed(() => core.endGroup()))
    expect(printed(() => print('a line'))).toBe(printed(() => core.info('a line')))
  })
})

describe('the files', () => {
  it.each([
    ['GITHUB_OUTPUT', setOutput, core.setOutput],
    ['GITHUB_STATE', saveState, core.saveState],
  ] as const)('hold in %s what @actions/core writes', async (variable, ours, original) => {
    const read = async (call: (name: string, value: string) => void): Promise<string> => {
      const file = join(folder, 'file')
      await writeFile(file, 'before\n')
      process.env[variable] = file
      call('the-name', text)
      return (await readFile(file, 'utf8')).replaceAll(/ghadelimiter_[0-9a-f-]{36}/g, 'DELIMITER')
    }
    expect(await read(ours)).toBe(await read(original))
  })

  it('keep a value that looks like the end of another one', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    process.env['GITHUB_OUTPUT'] = file
    setOutput('reason', 'ghadelimiter_1\nverdict=pass')
    const [, delimiter] = /^reason<<(ghadelimiter_[0-9a-f-]{36})\n/.exec(await readFile(file, 'utf8')) ?? []
    expect(await readFile(file, 'utf8')).toBe(
      `reason<<${delimiter}\nghadelimiter_1\nverdict=pass\n${delimiter}\n`,
    )
  })

  it('are not there outside a runner: the value is shown', () => {
    expect(printed(() => setOutput('verdict', 'pass'))).toBe('GITHUB_OUTPUT: verdict=pass\n')
  })
})
