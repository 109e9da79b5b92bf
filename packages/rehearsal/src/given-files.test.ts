import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { folderFor, readGiven } from './given-files'
import { plainView } from './plain-view'
import { parseScenario } from './scenario'
import { readScript } from './setup'
import { readWorld } from './world-folder'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'given-'))
  await writeFile(join(folder, 'file'), 'text')
  await mkdir(join(folder, 'folder'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** What is said of a problem, without the folder of the test and what the realm of a test adds. */
const refusal = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'no error',
    (error: unknown) =>
      error instanceof InputError
        ? error.message.replaceAll(folder, '.').replace('(Error: ', '(')
        : `thrown: ${String(error)}`,
  )

it.each([
  [
    'is not there',
    'nope',
    "./nope: cannot be read (ENOENT: no such file or directory, open './nope'); name a list",
  ],
  [
    'is a folder',
    'folder',
    './folder: cannot be read (EISDIR: illegal operation on a directory, read); name a list',
  ],
])('a file that %s is told, and what to do', async (_, path, message) => {
  expect(await refusal(readGiven(join(folder, path), 'a list'))).toBe(message)
})

it('a folder is made, and told of where a file is in its way', async () => {
  await folderFor(join(folder, 'a/b'), 'the list')
  expect((await stat(join(folder, 'a/b'))).isDirectory()).toBe(true)
  expect(await refusal(folderFor(join(folder, 'file/b'), 'the list'))).toMatch(
    /^\.\/file\/b: the list cannot be written there \(ENOTDIR: .*\); name another place$/,
  )
})

describe('the world of a rehearsal before', () => {
  it('is none where nothing was kept', async () => expect(await readWorld(folder)).toBeUndefined())

  it.each(['', '{bad', '{"v":2}', '\u0000\u0001'])('that reads %j is refused by name', async (text) => {
    await writeFile(join(folder, 'world.json'), text)
    expect(await refusal(readWorld(folder))).toBe(
      './world.json: is not a world that this version has kept; remove it to begin anew, or name another folder',
    )
  })
})

describe('before a rehearsal begins', () => {
  const example = new URL('../example', import.meta.url).pathname
  const begin = async (more: object): Promise<string> => {
    await mkdir(join(folder, 'tree/callers'), { recursive: true })
    await writeFile(join(folder, 'tree/callers/deploy.yml'), 'jobs: {}')
    const options = {
      ...{ releaseTree: join(folder, 'tree'), repository: example, config: 'rollout.yml', own: false },
      systems: folder,
      ...{ release: { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }, regions: 'all', speed: 60 },
      ...{ output: join(folder, 'output'), view: plainView(() => undefined) },
    }
    const scenario = () => parseScenario('{}', 'healthy.yml', [])
    return refusal(readScript({ ...options, scenario, ...more }))
  }

  it('nothing is wrong with what is there', async () => expect(await begin({})).toBe('no error'))

  it.each([
    ['workflow', 'nope.yml', /^\.\/nope.yml: cannot be read \(ENOENT.*name the file of a workflow$/],
    ['workflow', 'folder', /^\.\/folder: cannot be read \(EISDIR/],
    [
      'releaseTree',
      'folder',
      /^\.\/folder\/callers\/deploy.yml: cannot be read .*name the folder of an assembled suite$/,
    ],
    ['output', 'file', /^\.\/file: what the rehearsal leaves cannot be written there \(EEXIST/],
    ['worldFolder', 'file', /^\.\/file: the world cannot be written there \(EEXIST/],
  ])('a wrong %s is told: %s', async (option, path, message) => {
    expect(await begin({ [option]: join(folder, path) })).toMatch(message)
  })
})
