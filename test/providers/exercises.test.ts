import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copySources, root, run, type SourceCopy } from './source-copy'

// What a new provider costs: its file, its line in the table, its lab for the contract run. Three unlike ones are kept
// as patches; each is applied to a copy of the sources, its touched files are counted, and all that a contributor
// would run is run there.

const here = import.meta.dirname
const LIMIT = 300_000

const exercises = [
  { patch: 'envoy-admin', kind: 'routers', folder: 'packages/traffic/src' },
  { patch: 'tcp', kind: 'checks', folder: 'packages/checks/src' },
  { patch: 'increase-api', kind: 'sources', folder: 'packages/metrics/src' },
]

let copy: SourceCopy
beforeAll(async () => {
  copy = await copySources()
}, LIMIT)
afterAll(() => copy.remove())

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
      await run('git', ['apply', file], { cwd: copy.folder })
      const { stderr } = await copy.jest('contract', '--', `test/contract/${kind}.test.ts`)
      // The contract was run against the new one, too.
      expect(stderr).toMatch(/Tests: +(\d+) passed, \1 total/)
      const verbose = await copy.jest(
        'contract',
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
    await run('git', ['apply', join(here, 'authenticated-restore.patch')], { cwd: copy.folder })
    const { stderr } = await copy.jest('unit', '--', test)
    expect(stderr).toMatch(/Tests: +(\d+) passed, \1 total/)
  },
  LIMIT,
)

it(
  'the documents tell of them without a hand, and everything type-checks',
  async () => {
    await copy.run('tsx/dist/cli.mjs', 'packages/release-kit/src/docs.ts')
    const page = await readFile(join(copy.folder, 'docs/rollout-yml.md'), 'utf8')
    for (const { patch } of exercises) expect(page).toContain(`\`${patch}\``)
    await copy.run('tsx/dist/cli.mjs', 'packages/release-kit/src/docs.ts', '--check')
    await copy.run('typescript/bin/tsc')
  },
  LIMIT,
)
