import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { createFakeClock, createFakePorts } from '@deploy-actions/testing'
import type { Permissions } from '@deploy-actions/workflow-engine'
import type { TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { repositoryAccess, type RepositoryAccess } from '../../packages/cli/src/repository-access'

/** What a person's token may see who looks at everything. */
export const seeing: Permissions = {
  ...{ deployments: 'read', actions: 'read', contents: 'read' },
  ...{ administration: 'read', secrets: 'read' },
}

/** The moment at which people look. */
export const LOOKED_AT = '2026-11-20T12:00:00.000Z'

/** The repository as a person's terminal reaches it. */
export function accessTo(
  world: TestGitHub,
  permissions = seeing,
  repository = 'acme/shop',
): RepositoryAccess {
  const { job } = world.begin(permissions, { id: 999_000 + world.runs.length })
  const env = {
    GH_TOKEN: job.token,
    GITHUB_API_URL: world.github.url,
    GITHUB_SERVER_URL: 'https://github.com',
  }
  return repositoryAccess({ repository }, env, createFakePorts({ clock: createFakeClock(LOOKED_AT) }))
}

/** A folder of files, removed with `remove`. */
export async function folderOf(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'looked-at-'))
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Path and content of every file of a folder. */
export async function contentOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(
    await Promise.all(files.sort().map(async (file) => [file, await readFile(file, 'utf8')] as const)),
  )
}

/** That since the first of these calls nothing was asked of GitHub that would change anything. */
export function onlyLooked(world: TestGitHub, since: number): void {
  const methods = world.github.calls.slice(since).map(({ method }) => method)
  expect([...new Set(methods)]).toEqual(['GET'])
}
