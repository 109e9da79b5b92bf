import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** The runner downloads the whole tree in every job that uses one of its actions. */
const BUDGET_BYTES = 3_000_000

/** Bytes of all files of a folder, plain and gzipped one by one. */
export async function sizeOf(folder: string): Promise<{ plain: number; gzipped: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const contents = await Promise.all(files.map((file) => readFile(file)))
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0)
  return {
    plain: sum(contents.map((content) => content.length)),
    gzipped: sum(contents.map((content) => gzipSync(content).length)),
  }
}

/** @throws Error when the tree is larger than what a job should have to download */
export async function requireSize(folder: string): Promise<void> {
  const { gzipped } = await sizeOf(folder)
  if (gzipped > BUDGET_BYTES)
    throw new Error(`${folder} takes ${gzipped} bytes gzipped; the budget is ${BUDGET_BYTES}`)
}
