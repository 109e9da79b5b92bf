import { copyFile, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { committable } from './git'

/** What earlier rehearsals left. */
const REHEARSALS = '.rehearsal'
/** Never copied where git does not say what a commit holds: large, and not part of one. */
const NOT_COMMITTED = ['node_modules', '.git', '.release', REHEARSALS]

/** The repository that a file is part of: the nearest folder above it that git knows as one, else the file's own. */
export function repositoryOf(file: string): string {
  const own = dirname(resolve(file))
  for (let folder = own; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder
    if (folder === dirname(folder)) return own
  }
}

/**
 * Copies the files of a repository as a commit has them, symbolic links as they are.
 * @param leftOut folders that are not the repository's, though they may lie in it
 */
export async function copyFiles(source: string, target: string, leftOut: readonly string[]): Promise<void> {
  const outside = [join(source, REHEARSALS), ...leftOut].map((folder) => resolve(folder))
  const known = existsSync(join(source, '.git')) ? await committable(source) : undefined
  const paths = known ?? (await walk(source, '', outside))
  for (const path of paths) {
    const from = resolve(source, path)
    if (!outside.some((folder) => from === folder || from.startsWith(`${folder}/`)))
      await copyEntry(from, join(target, path))
  }
}

async function walk(source: string, folder: string, outside: readonly string[]): Promise<string[]> {
  const entries = await readdir(join(source, folder), { withFileTypes: true })
  const paths = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name)
      if (NOT_COMMITTED.includes(entry.name) || outside.includes(resolve(source, path))) return []
      return entry.isDirectory() ? walk(source, path, outside) : [path]
    }),
  )
  return paths.flat()
}

/** A link that is made absolute would lead back into the user's own files; what is neither file nor link is no commit's. */
async function copyEntry(from: string, to: string): Promise<void> {
  const entry = await lstat(from).catch(() => undefined)
  if (!entry?.isFile() && !entry?.isSymbolicLink()) return
  await mkdir(dirname(to), { recursive: true })
  if (entry.isSymbolicLink()) await symlink(await readlink(from), to)
  else await copyFile(from, to)
}
