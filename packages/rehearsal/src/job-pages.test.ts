import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearPages } from './job-pages'

let output: string
beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), 'pages-'))
})
afterEach(() => rm(output, { recursive: true, force: true }))

it('takes what an earlier rehearsal left of its jobs away, and nothing else', async () => {
  for (const folder of ['jobs/1001', 'logs', 'summaries', 'artifacts', 'mine']) {
    await mkdir(join(output, folder), { recursive: true })
    await writeFile(join(output, folder, 'old.log'), 'of yesterday')
  }
  await clearPages(output)
  expect((await readdir(output)).toSorted()).toEqual(['artifacts', 'mine'])
})
