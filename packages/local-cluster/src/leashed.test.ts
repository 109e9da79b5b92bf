import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { startLeashed } from './leashed'
import { until } from './until'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leashed-'))
})
afterEach(() => rm(folder, { recursive: true }))

const log = () => join(folder, 'log')
/** prints its number, and stays */
const STAYS = ['sh', '-c', 'echo $$; exec sleep 600']
const pidIn = (file: string): Promise<number> =>
  until(async () => {
    const pid = Number(await readFile(file, 'utf8'))
    if (pid > 0) return pid
    throw new Error('it has said nothing yet')
  })
const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const mustBeGone = (pid: number): Promise<void> =>
  until(async () => {
    if (isThere(pid)) throw new Error(`${pid} is still there`)
  })

it('ends when it is let go', async () => {
  const leashed = startLeashed('sleep', STAYS, log())
  const pid = await pidIn(log())
  expect(isThere(pid)).toBe(true)
  await leashed.close()
  await mustBeGone(pid)
})

it('says how it ended by itself, and what it printed is kept', async () => {
  const leashed = startLeashed('etcd', ['sh', '-c', 'echo no disk >&2; exit 3'], log())
  await expect(leashed.ended).rejects.toThrow(`etcd ended with 3; see ${log()}`)
  await until(async () => expect(await readFile(log(), 'utf8')).toBe('no disk\n'))
  await leashed.close()
})

it('ends with whoever holds it, also when that is killed', async () => {
  const script = join(folder, 'holder.mts')
  const leashed = fileURLToPath(new URL('leashed.ts', import.meta.url))
  await writeFile(
    script,
    `import { startLeashed } from ${JSON.stringify(leashed)}
startLeashed('sleep', ${JSON.stringify(STAYS)}, ${JSON.stringify(log())})
setInterval(() => undefined, 1000)`,
  )
  const holder = spawn(process.execPath, ['--experimental-strip-types', script], { stdio: 'ignore' })
  const pid = await pidIn(log())
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await mustBeGone(pid)
})
