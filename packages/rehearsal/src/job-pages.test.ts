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

const ALL = ['jobs/1001', 'logs', 'summaries', 'run-1002/logs', 'artifacts', 'mine']

async function fill(): Promise<void> {
  for (const folder of ALL) {
    await mkdir(join(output, folder), { recursive: true })
    await writeFile(join(output, folder, 'old.log'), 'of yesterday')
  }
}

it('takes what an earlier rehearsal left of its jobs away, and nothing else', async () => {
  await clearPages(output)
  await fill()
  await clearPages(output)
  expect((await readdir(output)).toSorted()).toEqual(['.rehearsed', 'artifacts', 'mine'])
})

it('touches nothing in a folder that no rehearsal wrote, and says so', async () => {
  await fill()
  const refusal = await clearPages(output).catch((error: unknown) => error as Error)
  expect(refusal).toMatchObject({
    outcome: 'invalid',
    message: expect.stringContaining('has jobs, logs, run-1002, summaries already'),
  })
  expect((await readdir(output)).toSorted()).toEqual([
    'artifacts',
    'jobs',
    'logs',
    'mine',
    'run-1002',
    'summaries',
  ])
})
