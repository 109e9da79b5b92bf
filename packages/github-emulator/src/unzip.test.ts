import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { unzip } from './unzip'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'unzip-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** A zip file with one stored entry; source of the layout: APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16. */
function zipOf(name: string, content: string): Buffer {
  const about = Buffer.alloc(26)
  about.writeUInt16LE(20, 0)
  about.writeUInt32LE(crc32(content), 10)
  about.writeUInt32LE(content.length, 14)
  about.writeUInt32LE(content.length, 18)
  about.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), about, Buffer.from(name + content)])
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\x00'),
    about,
    Buffer.alloc(14),
    Buffer.from(name),
  ])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 0, 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}

describe('unzip', () => {
  it('writes the entries below the folder', async () => {
    await unzip(zipOf('logs/deploy.txt', 'all well'), join(root, 'artifact'))
    expect(await readFile(join(root, 'artifact/logs/deploy.txt'), 'utf8')).toBe('all well')
  })

  it.each(['../outside.txt', '/outside.txt', 'logs/../../outside.txt'])(
    'refuses an entry that would leave the folder: %s',
    async (name) => {
      await expect(unzip(zipOf(name, 'x'), join(root, 'artifact'))).rejects.toThrow(
        /relative path|absolute path/,
      )
      expect(await readdir(root)).toEqual([])
    },
  )

  it('refuses what is not a zip file, and one that is cut', async () => {
    await expect(unzip(Buffer.from('all well'), root)).rejects.toThrow()
    const whole = zipOf('deploy.txt', 'all well')
    await expect(unzip(whole.subarray(0, whole.length - 10), root)).rejects.toThrow()
  })
})
