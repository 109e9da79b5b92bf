import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { rolloutJsonSchema } from '@deploy-actions/config/json-schema'
import { suite } from '../../../actions/suite'
import { builtFolder, projectRoot } from './project-root'
import { withReferences, type References } from './references'
import { stub } from './stub'

interface ReleaseOptions {
  /** folder that is replaced as a whole once everything is there */
  target: string
  references: References
  version: string
}

/** Writes the tree that the tags point to. Two runs over the same sources give the same bytes. */
export async function writeRelease({ target, ...options }: ReleaseOptions): Promise<void> {
  // Beside the target, so that it can take its place at once.
  await mkdir(dirname(target), { recursive: true })
  const draft = await mkdtemp(`${target}-`)
  await chmod(draft, 0o755)
  try {
    await writeTree(draft, options)
    await swap(draft, target)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function writeTree(
  draft: string,
  { references, version }: Omit<ReleaseOptions, 'target'>,
): Promise<void> {
  for (const action of Object.keys(suite)) await writeAction(draft, action)
  await writeWorkflows(draft, 'workflows-templates', '.github/workflows', references)
  await writeWorkflows(draft, 'workflows-templates/callers', 'callers', references)
  for (const folder of ['suite', 'cli', 'NOTICE'])
    await cp(join(builtFolder, folder), join(draft, folder), { recursive: true })
  for (const folder of ['example', 'recorded'])
    await cp(join(projectRoot, 'packages/rehearsal', folder), join(draft, 'cli', folder), { recursive: true })
  for (const file of ['README.md', 'LICENSE']) await cp(join(projectRoot, file), join(draft, file))
  await writeFile(join(draft, 'package.json'), json(manifest(version)))
  await writeFile(join(draft, 'rollout.schema.json'), json(await rolloutJsonSchema()))
}

async function writeAction(draft: string, action: string): Promise<void> {
  const source = join(projectRoot, 'actions', action)
  await mkdir(join(draft, action, 'dist'), { recursive: true })
  for (const file of ['action.yml', 'README.md']) await cp(join(source, file), join(draft, action, file))
  await writeFile(join(draft, action, 'dist/index.js'), stub(action))
}

async function writeWorkflows(
  draft: string,
  from: string,
  to: string,
  references: References,
): Promise<void> {
  const source = join(projectRoot, from)
  await mkdir(join(draft, to), { recursive: true })
  for (const file of (await readdir(source)).filter((name) => name.endsWith('.yml')))
    await writeFile(
      join(draft, to, file),
      withReferences(await readFile(join(source, file), 'utf8'), references),
    )
}

/** `npx github:OWNER/deploy-actions#v1` runs the CLI; `type` is for all scripts of the tree. */
const manifest = (version: string) => ({
  name: 'deploy-actions',
  version: version.replace(/^v/, ''),
  description: 'GitHub Actions and workflows for progressive delivery over several regions.',
  license: 'Apache-2.0',
  type: 'module',
  engines: { node: '>=24.5' },
  bin: { 'deploy-actions': 'cli/index.js' },
})

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** The old tree steps aside and the new one takes its place: nobody ever sees half a tree. */
async function swap(draft: string, target: string): Promise<void> {
  const old = `${draft}-old`
  await rename(target, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rename(draft, target)
  await rm(old, { recursive: true, force: true })
}
