import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { commitAll } from './git'
import { copyFiles, repositoryOf } from './repository-files'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'repository-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), path)
  }
}

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trimEnd()

/** Copies the folder into `.rehearsal/run` of itself. @returns the paths of the files that came */
async function copied(...leftOut: string[]): Promise<string[]> {
  const target = join(folder, '.rehearsal/run/repository')
  await copyFiles(
    folder,
    target,
    leftOut.map((path) => join(folder, path)),
  )
  const entries = await readdir(target, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
    .sort()
}

describe('the copy of a repository', () => {
  const files = ['rollout.yml', 'ops/deploy.sh', 'world/world.json', '.rehearsal/old/x', 'node_modules/a/b']

  it('lies within it, and takes neither itself nor what a rehearsal keeps there', async () => {
    await write(...files)
    expect(await copied('world')).toEqual(['ops/deploy.sh', 'rollout.yml'])
  })

  it('of a repository of git is what a commit holds', async () => {
    await write(...files, 'secret.env', 'gone')
    await writeFile(join(folder, '.gitignore'), 'secret.env\nnode_modules\n')
    git('init', '--quiet')
    git('add', 'gone')
    await rm(join(folder, 'gone'))
    expect(await copied('world')).toEqual(['.gitignore', 'ops/deploy.sh', 'rollout.yml'])
  })

  it('keeps links as they are: none leads back', async () => {
    await write('ops/deploy.sh')
    await symlink('ops', join(folder, 'scripts'))
    await copied()
    expect(await readlink(join(folder, '.rehearsal/run/repository/scripts'))).toBe('ops')
  })
})

describe('the repository of a config', () => {
  it('is the folder that git knows as one, or the folder of the file', async () => {
    await write('deploy/eu/rollout.yml')
    expect(repositoryOf(join(folder, 'deploy/eu/rollout.yml'))).toBe(join(folder, 'deploy/eu'))
    await mkdir(join(folder, '.git'))
    expect(repositoryOf(join(folder, 'deploy/eu/rollout.yml'))).toBe(folder)
  })
})

describe('the commit of a copy', () => {
  it('is the same for the same files, and no other repository has a part in it', async () => {
    await write('a/rollout.yml', 'a/.gitignore', 'hooks/commit-msg')
    await writeFile(join(folder, 'a/.gitignore'), 'ignored')
    await writeFile(join(folder, 'a/ignored'), 'all the same')
    git('init', '--quiet')
    // As within a hook of the outer repository.
    process.env['GIT_DIR'] = join(folder, '.git')
    process.env['GIT_INDEX_FILE'] = join(folder, '.git/index')
    const first = await commitAll(join(folder, 'a')).finally(() => {
      delete process.env['GIT_DIR']
      delete process.env['GIT_INDEX_FILE']
    })
    expect(first).toMatch(/^[0-9a-f]{40}$/)
    expect(git('-C', 'a', 'ls-files')).toBe('.gitignore\nignored\nrollout.yml')
    expect(git('status', '--porcelain')).toBe('?? a/\n?? hooks/')
    await rm(join(folder, 'a/.git'), { recursive: true })
    expect(await commitAll(join(folder, 'a'))).toBe(first)
    expect(await readFile(join(folder, 'a/rollout.yml'), 'utf8')).toBe('a/rollout.yml')
  })
})
