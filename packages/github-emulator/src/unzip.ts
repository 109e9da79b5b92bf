import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fromBufferPromise } from 'yauzl'

/**
 * Unpacks a zip file into a folder. The reader goes by the central directory, as GitHub's own does, and refuses entries
 * that would leave the folder.
 * @throws Error when the bytes are not a zip file that holds what it says
 */
export async function unzip(bytes: Buffer, folder: string): Promise<void> {
  const zip = await fromBufferPromise(bytes, { lazyEntries: true })
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/')) continue
    const file = join(folder, entry.fileName)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, await buffer(await zip.openReadStreamPromise(entry)))
  }
}
