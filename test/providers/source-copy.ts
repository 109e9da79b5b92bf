import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)
export const root = resolve(import.meta.dirname, '../..')

/** A copy of the sources in which a test may add what a contributor would add. */
export interface SourceCopy {
  folder: string
  /** Runs a program of the project in the copy. */
  run(program: string, ...args: string[]): Promise<{ stdout: string; stderr: string }>
  /** Runs tests of the copy; arguments as jest takes them. */
  jest(project: string, ...args: string[]): Promise<{ stdout: string; stderr: string }>
  remove(): Promise<void>
}

export async function copySources(): Promise<SourceCopy> {
  const place = await mkdtemp(join(tmpdir(), 'providers-'))
  const folder = join(place, 'sources')
  // What the tests of the copy leave there goes with it.
  const temp = join(place, 'temp')
  await mkdir(temp)
  const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root })
  for (const file of stdout.split('\n').filter(Boolean))
    // What git still lists may have been moved since.
    await cp(join(root, file), join(folder, file)).catch(() => undefined)
  await linkModules(folder)
  const inCopy: SourceCopy['run'] = (program, ...args) =>
    run(process.execPath, ['--experimental-vm-modules', join('node_modules', program), ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], CI: 'true', TMPDIR: temp },
      maxBuffer: 64 * 1024 * 1024,
    })
  return {
    folder,
    run: inCopy,
    jest: (project, ...args) =>
      inCopy('jest/bin/jest.js', '--selectProjects', project, '--reporters', 'default', ...args),
    remove: () => rm(place, { recursive: true, force: true }),
  }
}

/** The libraries as they are installed, our own packages from the copy. */
async function linkModules(folder: string): Promise<void> {
  const installed = join(root, 'node_modules')
  await mkdir(join(folder, 'node_modules/@deploy-actions'), { recursive: true })
  for (const name of await readdir(installed))
    if (name !== '@deploy-actions') await symlink(join(installed, name), join(folder, 'node_modules', name))
  for (const name of await readdir(join(folder, 'packages')))
    await symlink(join(folder, 'packages', name), join(folder, 'node_modules/@deploy-actions', name))
}
