import { constants } from 'node:fs'
import { access, mkdir, readFile } from 'node:fs/promises'
import { InputError, messageOf } from '@deploy-actions/action-kit'

/**
 * The text of a file that somebody named.
 * @param what it is to be, for people: `a workflow`
 * @throws InputError when it cannot be read
 */
export async function readGiven(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unusable(path, `cannot be read (${messageOf(error)}); name ${what}`)
  }
}

/**
 * Makes a folder that somebody named, unless it is there: what takes minutes is not lost in the end for want of it.
 * @param what goes there, for people: `the world`
 * @throws InputError when it cannot be written to
 */
export async function folderFor(path: string, what: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK)
  } catch (error) {
    throw unusable(path, `${what} cannot be written there (${messageOf(error)}); name another place`)
  }
}

const unusable = (path: string, message: string): InputError => new InputError([{ where: path, message }])
