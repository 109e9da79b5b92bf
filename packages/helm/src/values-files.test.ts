import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { withValuesFiles } from './values-files'

it('B6 50: values are in files that only their owner reads, and only while Helm runs', async () => {
  const temp = await mkdtemp(join(tmpdir(), 'values-'))
  const texts = await withValuesFiles(temp, ['a: 1', 'b: 2'], async (files) => {
    for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600)
    return Promise.all(files.map((file) => readFile(file, 'utf8')))
  })
  expect(texts).toEqual(['a: 1', 'b: 2'])
  await expect(withValuesFiles(temp, ['c: 3'], () => Promise.reject(new Error('killed')))).rejects.toThrow(
    'killed',
  )
  expect(await readdir(temp)).toEqual([])
})
