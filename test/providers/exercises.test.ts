import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

// What a new provider costs: its file, its line in the table, its lab for the contract run. Three unlike ones are kept
// as patches; each is applied to a copy of the sources, its touched files are counted, and all that a contributor
// would run is run there.

const run = promisify(execFile)
const here = import.meta.dirname
const root = resolve(here, '../..')
const LIMIT = 300_000

const exercises = [
  { patch: 'envoy-admin', kind: 'routers', folder: 'packages/traffic/src' },
  { patch: 'tcp', kind: 'checks', folder: 'packages/checks/src' },
  { patch: 'increase-api', kind: 'sources', folder: 'packages/metrics/src' },
]

let copy: string
/** Runs a program of the project in the copy. */
const inCopy = (program: string, ...args: string[]) =>
  run(process.execPath, ['--experimental-vm-modules', join('node_modules', program), ...args], {
    cwd: copy,
    env: { PATH: process.env['PATH'], CI: 'true' },
    maxBuffer: 64 * 1024 * 1024,
  })
const contractOf = (kind: string) =>
  inCopy(
    'jest/bin/jest.js',
    '--selectProjects',
    'contract',
    '--reporters',
    'default',
    '--',
    `test/contract/${kind}.test.ts`,
  )

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'providers-'))
  const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root })
  for (const file of stdout.split('\n').filter(Boolean))
    // What git still lists may have been moved since.
    await cp(join(root, file), join(copy, file)).catch(() => undefined)
  await linkModules()
}, LIMIT)
afterAll(() => rm(copy, { recursive: true, force: true }))

/** The libraries as they are installed, our own packages from the copy. */
async function linkModules(): Promise<void> {
  const installed = join(root, 'node_modules')
  await mkdir(join(copy, 'node_modules/@deploy-actions'), { recursive: true })
  for (const name of await readdir(installed))
    if (name !== '@deploy-actions') await symlink(join(installed, name), join(copy, 'node_modules', name))
  for (const name of await readdir(join(copy, 'packages')))
    await symlink(join(copy, 'packages', name), join(copy, 'node_modules/@deploy-actions', name))
}

describe.each(exercises)('$patch', ({ patch, kind, folder }) => {
  it(
    'is its file, a line in the table and its lab, and passes the contract',
    async () => {
      const file = join(here, `${patch}.patch`)
      const { stdout } = await run('git', ['apply', '--numstat', '--summary', file], { cwd: root })
      const touched = [...stdout.matchAll(/^(\d+)\t(\d+)\t(.+)$/gm)]
        .map(([, added, removed, path]) => ({ path, added: Number(added), removed: Number(removed) }))
        .sort((a, b) => a.path!.localeCompare(b.path!))
      const created = [...stdout.matchAll(/^ create mode \d+ (.+)$/gm)].map(([, path]) => path).sort()
      const own = [`${folder}/${patch}.ts`, `test/contract/${kind}/${patch}.lab.ts`]
      expect(created).toEqual(own)
      expect(touched.map(({ path }) => path)).toEqual([...own, `${folder}/registry.ts`].sort())
      expect(touched.find(({ path }) => path === `${folder}/registry.ts`)).toMatchObject({
        added: 1,
        removed: 0,
      })
      await run('git', ['apply', file], { cwd: copy })
      const { stderr } = await contractOf(kind)
      // The contract was run against the new one, too.
      expect(stderr).toMatch(/Tests: +(\d+) passed, \1 total/)
      const verbose = await inCopy(
        'jest/bin/jest.js',
        '--selectProjects',
        'contract',
        '--reporters',
        'default',
        '--verbose',
        '--testNamePattern',
        `the ${patch} `,
        '--',
        `test/contract/${kind}.test.ts`,
      )
      expect(verbose.stderr).toMatch(new RegExp(`the ${patch} [a-z]+ (before|of) `))
    },
    LIMIT,
  )
})

it(
  'an authenticated router is put back by the post of a cancelled job, and by a restore step',
  async () => {
    const test = 'packages/transaction/src/authenticated-restore.test.ts'
    await run('git', ['apply', join(here, 'authenticated-restore.patch')], { cwd: copy })
    const { stderr } = await inCopy(
      'jest/bin/jest.js',
      '--selectProjects',
      'unit',
      '--reporters',
      'default',
      '--',
      test,
    )
    expect(stderr).toMatch(/Tests: +(\d+) passed, \1 total/)
  },
  LIMIT,
)

it(
  'the documents tell of them without a hand, and everything type-checks',
  async () => {
    await inCopy('tsx/dist/cli.mjs', 'packages/release-kit/src/docs.ts')
    const page = await readFile(join(copy, 'docs/rollout-yml.md'), 'utf8')
    for (const { patch } of exercises) expect(page).toContain(`\`${patch}\``)
    await inCopy('tsx/dist/cli.mjs', 'packages/release-kit/src/docs.ts', '--check')
    await inCopy('typescript/bin/tsc')
  },
  LIMIT,
)
