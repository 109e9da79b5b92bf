import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * Git knows this folder and nothing else: no variable of the caller's (a hook has GIT_DIR set), no settings of the user's
 * or the machine's, no repository that the folder lies in.
 */
const ALONE = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }

/** The same files are the same commit: nobody in particular makes it, at no time in particular. */
const NOBODY = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((role) => [
    [`GIT_${role}_NAME`, 'rehearsal'],
    [`GIT_${role}_EMAIL`, 'rehearsal@example.com'],
    [`GIT_${role}_DATE`, '2000-01-01T00:00:00Z'],
  ]),
)

/** Every commit that was ever rehearsed in a world has a name of its own there. */
const KEPT = ['+refs/kept/*:refs/kept/*']

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024

const git = async (folder: string, ...args: string[]): Promise<string> => {
  const { stdout } = await execute('git', args, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...ALONE, ...NOBODY },
    maxBuffer: MAX_OUTPUT_BYTES,
  })
  return stdout
}

/** Paths of what a commit of the working tree would hold; undefined where git is not there, or does not know the folder. */
export async function committable(folder: string): Promise<string[] | undefined> {
  // In a container the folder may belong to somebody else; reading it is all that is done.
  const anyOwner = ['-c', 'safe.directory=*']
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = await git(folder, ...anyOwner, ...list).catch(() => undefined)
  return listed?.split('\0').filter((path) => path !== '')
}

/**
 * Commits all of a folder on `main`, which makes it a repository of its own.
 * @param earlier a repository whose commits can be had in this one, too
 * @returns the id of the commit; undefined where git is not there
 */
export async function commitAll(folder: string, earlier?: string): Promise<string | undefined> {
  const there = await git(folder, '--version').then(
    () => true,
    () => false,
  )
  if (!there) return undefined
  await git(folder, 'init', '--quiet', '--template=', '--initial-branch=main')
  await git(folder, 'add', '--all', '--force')
  await git(folder, 'commit', '--quiet', '--no-verify', '--message', 'What is rehearsed')
  const head = (await git(folder, 'rev-parse', 'HEAD')).trim()
  if (earlier !== undefined && existsSync(join(earlier, '.git')))
    await git(folder, 'fetch', '--quiet', '--no-tags', earlier, ...KEPT)
  await git(folder, 'update-ref', `refs/kept/${head}`, head)
  return head
}
