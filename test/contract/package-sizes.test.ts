import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

/** Lines of what ships of a workspace: tests and fixtures do not count. */
function linesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$|(^|\/)(node_modules|dist)\//.test(file))
    .reduce((sum, file) => sum + readFileSync(join(folder, file), 'utf8').split('\n').length, 0)
}

it('no package holds more than a quarter of the sources', () => {
  const folders = ['packages', 'actions'].flatMap((kind) =>
    readdirSync(kind, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(kind, name)),
  )
  const lines = Object.fromEntries(folders.map((folder) => [folder, linesOf(folder)]))
  const all = Object.values(lines).reduce((sum, count) => sum + count, 0)
  expect(all).toBeGreaterThan(10_000)
  const large = Object.entries(lines).filter(([, count]) => count > all / 4)
  expect(large).toEqual([])
})
