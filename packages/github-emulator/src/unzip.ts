import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { inflateRawSync } from 'node:zlib'

/** Marks and lengths of the parts of a zip file; source: APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16. */
const END = { mark: 0x06054b50, length: 22 }
const ENTRY = { mark: 0x02014b50, length: 46 }
const LOCAL_HEADER_LENGTH = 30

/**
 * Unpacks what GitHub's artifact client packs: stored or deflated entries, no zip64. Own code, since Node inflates
 * and the zip libraries at hand only stream, which cannot be trusted with sizes that stand at the end.
 * @throws Error when it is no such zip file, or an entry would leave the folder
 */
export async function unzip(bytes: Buffer, folder: string): Promise<void> {
  for (const { name, content } of entries(bytes)) {
    const file = resolve(folder, name)
    if (!file.startsWith(resolve(folder) + sep)) throw new Error(`zip entry ${name} would leave its folder`)
    if (name.endsWith('/')) continue
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
}

function* entries(bytes: Buffer): Generator<{ name: string; content: Buffer }> {
  const tail = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (tail < 0 || tail + END.length > bytes.length)
    throw new Error('this is no zip file: it has no central directory')
  const count = bytes.readUInt16LE(tail + 10)
  let at = bytes.readUInt32LE(tail + 16)
  for (let number = 0; number < count; number++) {
    if (at + ENTRY.length > bytes.length || bytes.readUInt32LE(at) !== ENTRY.mark)
      throw new Error(`zip entry ${number + 1} is broken`)
    const method = bytes.readUInt16LE(at + 10)
    const size = bytes.readUInt32LE(at + 20)
    const nameLength = bytes.readUInt16LE(at + 28)
    const local = bytes.readUInt32LE(at + 42)
    const name = bytes.toString('utf8', at + ENTRY.length, at + ENTRY.length + nameLength)
    const start =
      local + LOCAL_HEADER_LENGTH + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const packed = bytes.subarray(start, start + size)
    if (method !== 0 && method !== 8) throw new Error(`zip entry ${name} is packed by method ${method}`)
    yield { name, content: method === 0 ? packed : inflateRawSync(packed) }
    at += ENTRY.length + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
}
