import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { minify } from '@swc/core'
import { bundledPackages, type BundleStats } from './bundled-packages'

const run = promisify(execFile)
const ncc = createRequire(import.meta.url).resolve('@vercel/ncc/dist/ncc/cli.js')

/**
 * Bundles an entry with everything it imports; a dynamic import becomes a chunk of its own.
 * @returns folders of the npm packages that went in
 * @throws Error when a module or a chunk is missing
 */
export async function bundle(entry: string, folder: string): Promise<string[]> {
  const temp = await mkdtemp(join(tmpdir(), 'deploy-actions-bundle-'))
  try {
    const stats = join(temp, 'stats.json')
    await rm(folder, { recursive: true, force: true })
    const options = [
      '--transpile-only',
      '--minify',
      '--quiet',
      '--no-cache',
      '--stats-out',
      stats,
      '--out',
      folder,
    ]
    await run(process.execPath, [ncc, 'build', entry, ...options])
    await requireComplete(folder)
    await minifyChunks(folder)
    return bundledPackages(JSON.parse(await readFile(stats, 'utf8')) as BundleStats)
  } finally {
    await rm(temp, { recursive: true })
  }
}

/** `ncc --minify` leaves the chunks as they are. Names stay, since errors are told apart by them. */
async function minifyChunks(folder: string): Promise<void> {
  const names = { keep_classnames: true, keep_fnames: true }
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.js') && name !== 'index.js')) {
    const path = join(folder, file)
    const { code } = await minify(await readFile(path, 'utf8'), {
      module: true,
      ecma: 2022,
      compress: names,
      mangle: names,
      format: { comments: false },
    })
    await writeFile(path, code)
  }
}

/**
 * ncc exits with 0 although a module could not be found, and the bundle then breaks when it runs
 * (redhat-actions/s2i-build#66).
 * @throws Error naming what is missing
 */
export async function requireComplete(folder: string): Promise<void> {
  const files = await readdir(folder)
  const scripts = files.filter((file) => file.endsWith('.js'))
  const texts = await Promise.all(scripts.map((file) => readFile(join(folder, file), 'utf8')))
  const broken = scripts.filter((_, index) => texts[index]?.includes('webpackMissingModule'))
  if (broken.length > 0)
    throw new Error(
      `${folder}: a module is missing from ${broken.join(', ')}; is it in package.json, and does it export what is imported?`,
    )
  const wanted = new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/nccwpck_require__\.e\((\d+)\)/g)].map(([, id]) => `${id}.index.js`),
    ),
  )
  const absent = [...wanted].filter((file) => !files.includes(file))
  if (absent.length > 0) throw new Error(`${folder}: the chunks ${absent.join(', ')} are missing`)
}
