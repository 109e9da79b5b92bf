import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { requireComplete } from './bundle'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'))
  await writeFile(join(folder, 'index.js'), 'const load=()=>__nccwpck_require__.e(12).then(()=>1)')
  await writeFile(join(folder, '12.index.js'), 'export const modules={}')
})
afterEach(() => rm(folder, { recursive: true }))

describe('a bundle', () => {
  it('is complete with all its chunks', async () => {
    await expect(requireComplete(folder)).resolves.toBeUndefined()
  })

  it('is refused when a chunk is not there', async () => {
    await rm(join(folder, '12.index.js'))
    await expect(requireComplete(folder)).rejects.toThrow('12.index.js')
  })

  it('is refused when ncc could not find a module', async () => {
    await writeFile(join(folder, '12.index.js'), 'Object(function webpackMissingModule(){throw e}())')
    await expect(requireComplete(folder)).rejects.toThrow('a module is missing from 12.index.js')
  })
})
