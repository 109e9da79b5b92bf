import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { createSummary, SUMMARY_BUDGET_BYTES } from './summary'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'summary-'))
  file = join(folder, 'summary.md')
  await writeFile(file, '# before\n')
})
afterEach(() => rm(folder, { recursive: true }))

async function written(...sections: string[]): Promise<string> {
  const summary = createSummary(file)
  for (const section of sections) summary.add(section)
  await summary.write()
  return (await readFile(file, 'utf8')).slice('# before\n'.length)
}

it('adds its sections to what is there', async () => {
  expect(await written('## one\n\n', '## two')).toBe('## one\n\n## two\n')
})

it('writes nothing without sections or without a file', async () => {
  expect(await written()).toBe('')
  const nowhere = createSummary(undefined)
  nowhere.add('x')
  await expect(nowhere.write()).resolves.toBeUndefined()
})

it('stays whole up to the budget', async () => {
  const full = 'x'.repeat(SUMMARY_BUDGET_BYTES - 1)
  expect(await written(full)).toBe(`${full}\n`)
})

it('is cut at a line, in bytes, and says so', async () => {
  // Two bytes each and a line break: 1000 KiB hold fewer than 342,000 such lines.
  const text = await written(Array.from({ length: 400_000 }, () => 'é').join('\n'))
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(SUMMARY_BUDGET_BYTES)
  expect(Buffer.byteLength(text)).toBeGreaterThan(SUMMARY_BUDGET_BYTES - 10)
  expect(text).toMatch(
    /^(é\n)+\n*_The rest is left out to keep within the size that GitHub shows; the evidence has all of it\._\n$/,
  )
})
