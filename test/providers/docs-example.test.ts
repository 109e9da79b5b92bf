import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { copySources, root, type SourceCopy } from './source-copy'

// The worked example of docs/providers.md is what a contributor copies: it is written into a copy of the sources as
// the page says, type-checked there and held against the contract of its kind.

const PAGE = 'docs/providers.md'
const LIMIT = 300_000

/** A code block that begins with the file that it is, or with the table into which its line goes. */
interface Block {
  path: string
  intoTable: boolean
  code: string
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```ts\n\/\/ ([\w./-]+)(, in the table)?\n([^]*?)^```$/gm)].map(
    ([, path = '', table, code = '']) => ({ path, intoTable: table !== undefined, code: code.trimStart() }),
  )
}

let copy: SourceCopy
let blocks: Block[]
beforeAll(async () => {
  blocks = blocksOf(await readFile(join(root, PAGE), 'utf8'))
  copy = await copySources()
  for (const { path, intoTable, code } of blocks) {
    const file = join(copy.folder, path)
    if (intoTable) {
      const table = await readFile(file, 'utf8')
      await writeFile(file, table.replace(/^\}\)$/m, `  ${code}})`))
    } else await writeFile(file, code, { flag: 'wx' })
  }
}, LIMIT)
afterAll(() => copy.remove())

it('the page has the three things that a provider is', () => {
  expect(blocks.map(({ path, intoTable }) => [path, intoTable])).toEqual([
    ['packages/checks/src/json.ts', false],
    ['packages/checks/src/registry.ts', true],
    ['test/contract/checks/json.lab.ts', false],
  ])
})

it(
  'its example type-checks',
  async () => {
    const project = {
      extends: './tsconfig.json',
      include: blocks.map(({ path }) => path),
    }
    await writeFile(join(copy.folder, 'tsconfig.example.json'), JSON.stringify(project))
    const problems = await copy
      .run('typescript/bin/tsc', '--project', 'tsconfig.example.json')
      .then(({ stdout }) => stdout)
      .catch((error: { stdout: string }) => error.stdout)
    expect(problems).toBe('')
  },
  LIMIT,
)

it(
  'its example passes the contract of its kind',
  async () => {
    const { stderr } = await copy.jest('contract', '--verbose', '--', 'test/contract/checks.test.ts')
    expect(stderr).toContain('the json check of a server')
    expect(stderr).toMatch(/Tests: +(\d+) passed, \1 total/)
  },
  LIMIT,
)

it(
  'its example is in the generated pages and formatted as the rest',
  async () => {
    await copy.run('tsx/dist/cli.mjs', 'packages/release-kit/src/docs.ts')
    expect(await readFile(join(copy.folder, 'docs/rollout-yml.md'), 'utf8')).toContain(
      '### checks.NAME of type json',
    )
    expect(await readFile(join(copy.folder, 'README.md'), 'utf8')).toContain('`json`')
    await copy.run('prettier/bin/prettier.cjs', '--check', ...blocks.map(({ path }) => path))
  },
  LIMIT,
)
