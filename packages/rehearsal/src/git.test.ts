import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { commitAll } from './git'

let folders: string[]
beforeEach(async () => {
  folders = await Promise.all([1, 2, 3].map(() => mkdtemp(join(tmpdir(), 'git-'))))
})
afterEach(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

const show = (folder: string, commit: string): string =>
  execFileSync('git', ['-C', folder, 'show', `${commit}:file`], { encoding: 'utf8' })

it('holds the commits of earlier repositories, however many there were, and has none of them before its own', async () => {
  const commits: string[] = []
  for (const [index, folder] of folders.entries()) {
    await writeFile(join(folder, 'file'), `${index}`)
    commits.push((await commitAll(folder, folders[index - 1])) ?? '')
  }
  const last = folders.at(-1) ?? ''
  expect(commits.map((commit) => show(last, commit))).toEqual(['0', '1', '2'])
  expect(execFileSync('git', ['-C', last, 'rev-list', '--count', 'main'], { encoding: 'utf8' }).trim()).toBe(
    '1',
  )
})

it('asks nothing of an earlier folder that is no repository', async () => {
  const [folder = '', none] = folders
  await writeFile(join(folder, 'file'), 'x')
  expect(show(folder, (await commitAll(folder, none)) ?? '')).toBe('x')
})
