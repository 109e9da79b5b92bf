import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getProjectLicenses, type ILicense } from 'generate-license-file'
import { projectRoot } from './project-root'

const HEAD = `deploy-actions
Copyright 2026 the deploy-actions authors

Licensed under the Apache License 2.0 (see LICENSE). It includes the packages below under their own licences.
`

/** Packages that state no licence; they come with a library that is licensed as a whole. */
const unstated: Record<string, string> = {
  'buffers@0.1.1': 'none stated; by James Halliday, a part of @actions/artifact (MIT)',
}

/**
 * The licences of all that is bundled. `ncc --license` lists only the packages of one chunk.
 * @param folders of the npm packages that are bundled
 * @throws Error when the licence of a bundled package is unknown
 */
export async function notice(folders: readonly string[]): Promise<string> {
  const bundled = await Promise.all([...new Set(folders)].map(readPackage))
  const missing = new Map(bundled.map((entry) => [entry.id, entry]))
  const blocks: string[] = []
  for (const { content, notices, dependencies } of await licences()) {
    const included = dependencies.filter((id) => missing.has(id)).sort()
    for (const id of included) missing.delete(id)
    if (included.length > 0) blocks.push([included.join('\n'), content.trim(), ...notices].join('\n\n'))
  }
  for (const { id, license = unstated[id] } of missing.values()) {
    if (license === undefined)
      throw new Error(`${id} is bundled, but nothing says under which licence it comes`)
    blocks.push(`${id}\n\nLicence: ${license} (the package holds no licence text)`)
  }
  return [HEAD, ...blocks.sort()].map((block) => `${block.trim()}\n`).join(`\n${'-'.repeat(80)}\n\n`)
}

/** The licences of all that our packages depend on. */
async function licences(): Promise<ILicense[]> {
  const packages = join(projectRoot, 'packages')
  const folders = (await readdir(packages)).sort().map((name) => join(packages, name))
  const exclude = (await Promise.all(folders.map(readPackage))).map(({ id }) => id)
  // It does not look into linked workspaces, so each is asked for.
  return (
    await Promise.all(folders.map((folder) => getProjectLicenses(join(folder, 'package.json'), { exclude })))
  ).flat()
}

async function readPackage(folder: string): Promise<{ id: string; license: string | undefined }> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as Record<string, unknown>
  return {
    id: `${String(name)}@${String(version)}`,
    license: typeof license === 'string' ? license : undefined,
  }
}
