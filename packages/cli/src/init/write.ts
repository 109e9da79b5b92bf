import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InputError, messageOf } from '@deploy-actions/action-kit'
import type { NewFile } from './files'

/**
 * Writes all files, or none. What is there already stays as it is.
 * @throws InputError that names every file that is there, or the one that could not be written
 */
export async function writeAll(folder: string, files: readonly NewFile[]): Promise<void> {
  const there = files.filter(({ path }) => existsSync(join(folder, path)))
  if (there.length > 0)
    throw new InputError(
      there.map(({ path }) => ({
        where: path,
        message: 'is there already and stays as it is; move it away, or leave it out with --only',
      })),
    )
  const made: string[] = []
  for (const { path, text } of files)
    try {
      const target = join(folder, path)
      const first = await mkdir(dirname(target), { recursive: true })
      if (first !== undefined) made.push(first)
      await writeFile(target, text, { flag: 'wx' })
      made.push(target)
    } catch (error) {
      for (const one of made.reverse()) await rm(one, { recursive: true, force: true })
      throw new InputError([
        { where: path, message: `cannot be written, and nothing was: ${messageOf(error)}` },
      ])
    }
}
