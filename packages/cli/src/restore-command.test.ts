import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { transactionRecord } from '../../ledger/src/record.fixture'
import { readRestorePoint, restoreByFile } from './restore-command'

let haproxy: FakeHaproxy
let ports: FakePorts
let folder: string
beforeEach(async () => {
  haproxy = await startFakeHaproxy({ blue: 20, green: 80 })
  ports = createFakePorts()
  folder = await mkdtemp(join(tmpdir(), 'restore-command-'))
})
afterEach(() => haproxy.close())

const previous = { version: '1.3.0', digest: `sha256:${'3'.repeat(64)}` }
const script = { kind: 'script', name: 'deploy', arm: 'green', state: '1.3.0' }
const traffic = { kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } }
/** The file as the run uploaded it, or as its log has it. */
async function file(change: Record<string, unknown> = {}): Promise<string> {
  const record = { ...transactionRecord({ previous, restore: [traffic, script] }), ...change }
  const path = join(folder, 'restore-point.json')
  const router = { type: 'haproxy', port: haproxy.port, backend: 'app' }
  await writeFile(
    path,
    JSON.stringify({ record, settings: { router, arms: { baseline: 'blue', canary: 'green' } } }),
  )
  return path
}
const restore = async (path: string, answer = true, asked: string[] = []) =>
  restoreByFile(await readRestorePoint(path), 60_000, ports, {
    ask: (question) => Promise.resolve((asked.push(question), answer)),
  })
const said = () => ports.recorded.log.map(({ line }) => line)

describe('a restore from a terminal', () => {
  it('says what there is and what would be written, asks, and proves what it wrote', async () => {
    const asked: string[] = []
    await restore(await file(), true, asked)
    expect(asked).toEqual(['Write this to the router?'])
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(said()).toEqual([
      'shop in eu: 1001-1-shop-eu-1, opened 2026-11-21T10:00:00.000Z by ann for 1.4.0',
      'now:  the router holds blue 20%, green 80%, in effect blue 20%, green 80%',
      'back: blue 100%, green 0% (canary), where 1.3.0 served',
      'left: script deploy on green, which is restored when GitHub is back',
      expect.stringMatching(/^safe: blue 100%, green 0%, read at \d\d:\d\d:\d\d UTC$/),
      'The ledger does not know of this: when GitHub is back, run emergency-rollback with to: 1001-1-shop-eu-1, which restores the workload, too.',
    ])
  })

  it('writes nothing without a yes', async () => {
    await expect(restore(await file(), false)).rejects.toThrow('nothing was written')
    expect(haproxy.weights).toEqual({ blue: 20, green: 80 })
  })

  it('says that it is not back where that is so', async () => {
    haproxy.before = () => {
      throw new Error('away')
    }
    await expect(restore(await file())).rejects.toThrow('the traffic of 1001-1-shop-eu-1 is NOT back')
    expect(said().join('\n')).toMatch(/now: {2}it cannot be read: [^]*NOT back: /)
  })

  it('takes what another version has written as far as it can read it, and says so', async () => {
    await restore(await file({ v: 2, colour: 'red' }))
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(said().join()).toContain('another version of deploy-actions wrote it')
  })

  it.each([
    ['no JSON', 'Restore point', 'is not a restore point'],
    ['something else', '{"version":1}', 'is not a restore point'],
    [
      'a record alone',
      JSON.stringify({ record: transactionRecord(), settings: {} }),
      'does not tell how its router is reached',
    ],
  ])('is not made of %s', async (_, text, message) => {
    const path = join(folder, 'other.json')
    await writeFile(path, text)
    await expect(readRestorePoint(path)).rejects.toThrow(message)
  })

  it('is not made of a file that is not there', async () =>
    expect(readRestorePoint(join(folder, 'nowhere'))).rejects.toThrow(/cannot be read: .*ENOENT/))
})
