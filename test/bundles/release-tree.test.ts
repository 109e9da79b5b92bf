import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { suite } from '../../actions/suite'
import { requireComplete } from '../../packages/release-kit/src/bundle'
import { writeRelease } from '../../packages/release-kit/src/release-tree'
import { sizeOf } from '../../packages/release-kit/src/size-budget'

const exact = { repository: 'acme/deploy-actions', version: 'v1.2.3' }
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'release-'))
  await writeRelease({ target: join(folder, 'first'), references: 'self', version: 'v1.2.3' })
  await writeRelease({ target: join(folder, 'second'), references: 'self', version: 'v1.2.3' })
  await writeRelease({ target: join(folder, 'exact'), references: exact, version: 'v1.2.3' })
})
afterAll(() => rm(folder, { recursive: true }))

/** Path -> content of every file. */
async function filesOf(name: string): Promise<Map<string, string>> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name: file }) => join(parentPath, file))
  return new Map(
    await Promise.all(
      paths
        .sort()
        .map(async (path) => [relative(join(folder, name), path), await readFile(path, 'latin1')] as const),
    ),
  )
}

describe('the release tree', () => {
  it('holds what a tag needs and nothing else', async () => {
    const paths = [...(await filesOf('first')).keys()]
    const actions = Object.keys(suite).flatMap((name) =>
      ['README.md', 'action.yml', 'dist/index.js'].map((file) => `${name}/${file}`),
    )
    const single = [
      'LICENSE',
      'NOTICE',
      'README.md',
      'package.json',
      'rollout.schema.json',
      'cli/index.js',
      'cli/region-worker.js',
      'suite/index.js',
    ]
    expect(paths).toEqual(
      expect.arrayContaining([
        ...actions,
        ...single,
        '.github/workflows/rollout.yml',
        '.github/workflows/region.yml',
        'callers/deploy.yml',
      ]),
    )
    const known = [...actions, ...single, '.github/', 'callers/', 'cli/', 'suite/']
    expect(paths.filter((path) => !known.some((part) => path.startsWith(part)))).toEqual([])
  })

  it('is the same whenever it is written', async () => {
    expect(await filesOf('second')).toEqual(await filesOf('first'))
  })

  it('has whole bundles, and the large libraries in chunks of their own', async () => {
    for (const part of ['suite', 'cli']) await requireComplete(join(folder, 'first', part))
    const scripts = [...(await filesOf('first'))].filter(
      ([path]) => path.startsWith('suite/') && path.endsWith('.js'),
    )
    expect(scripts.filter(([, text]) => text.includes('x-ms-blob-type')).map(([path]) => path)).toHaveLength(
      1,
    )
    // The kit and zod, which every action needs.
    expect((await stat(join(folder, 'first/suite/index.js'))).size).toBeLessThan(220_000)
  })

  it('names the licence of what is bundled', async () => {
    const notice = await readFile(join(folder, 'first/NOTICE'), 'utf8')
    for (const name of [
      'zod',
      'yaml',
      'node-fetch',
      '@actions/artifact',
      '@azure/storage-blob',
      'undici',
      '@actions/workflow-parser',
    ])
      expect(notice).toMatch(new RegExp(`^${name}@\\d`, 'm'))
    expect(notice).not.toMatch(/^(jest|typescript|@deploy-actions\/\w+)@/m)
  })

  it('is small enough to be downloaded by every job', async () => {
    expect((await sizeOf(join(folder, 'first'))).gzipped).toBeLessThan(3_000_000)
  })

  it('refers to itself by $/, or by repository and version for an Enterprise Server', async () => {
    const workflows = async (name: string) =>
      [...(await filesOf(name))]
        .filter(([path]) => path.endsWith('.yml') && !path.endsWith('action.yml'))
        .map(([, text]) => text)
    const uses = (texts: string[]) =>
      texts.flatMap((text) =>
        [...text.matchAll(/^\s*(?:- )?uses: (\S+)/gm)].map(([, reference = '']) => reference),
      )
    const foreign = /^actions\/checkout@[0-9a-f]{40}$/
    expect(
      uses(await workflows('first')).filter(
        (reference) => !/^\$\/|^OWNER\/deploy-actions\//.test(reference) && !foreign.test(reference),
      ),
    ).toEqual([])
    const named = uses(await workflows('exact'))
    expect(named).toEqual(
      expect.arrayContaining([
        'acme/deploy-actions/canary-step@v1.2.3',
        'acme/deploy-actions/.github/workflows/region.yml@v1.2.3',
      ]),
    )
    expect(
      named.filter(
        (reference) => !/^acme\/deploy-actions\/\S+@v1\.2\.3$/.test(reference) && !foreign.test(reference),
      ),
    ).toEqual([])
  })
})
