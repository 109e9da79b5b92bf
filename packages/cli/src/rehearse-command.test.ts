import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { rehearseCommand } from './rehearse-command'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'))
  await writeFile(join(folder, 'file'), '')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it.each([
  ['', /is a folder; name a file for the result$/],
  ['file/result.json', /the result cannot be written there .*; name another place$/],
])('a result that cannot be written to %j is told before the rehearsal', async (path, message) => {
  const output = join(folder, 'output')
  const ended = rehearseCommand().parseAsync(['--result', join(folder, path), '--output', output], {
    from: 'user',
  })
  const error = await ended.catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(InputError)
  expect((error as Error).message).toMatch(message)
  expect(await readdir(folder)).toEqual(['file'])
})
