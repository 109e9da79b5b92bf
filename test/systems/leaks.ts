import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { escapeText } from '@deploy-actions/action-kit'
import { unzip } from '../../packages/github-emulator/src/unzip'

// Looks for values in all that a run has left.

/** Something that is looked through: a file, a log, the arguments of a program. */
export interface Left {
  where: string
  bytes: Buffer
}

/** A value that was found where it may not be. */
export interface Leak {
  /** name of the value */
  value: string
  /** how it stands there */
  form: string
  where: string
}

/** Where values are, by their names, in any form; each form of each is said once for a place. */
export function leaksIn(left: readonly Left[], values: Readonly<Record<string, string>>): Leak[] {
  const all = Object.entries(values).flatMap(([value, text]) =>
    [...formsOf(text)].map(([form, bytes]) => ({ value, form, bytes })),
  )
  return left.flatMap(({ where, bytes }) =>
    all.filter((one) => bytes.includes(one.bytes)).map(({ value, form }) => ({ value, form, where })),
  )
}

/** How a text may stand in another one. */
export function formsOf(text: string): Map<string, string> {
  const once = escapedOf(text)
  return new Map([
    ['plain', text],
    ...once.map((form, index) => [`JSON ${index}`, form] as const),
    ...once.flatMap(escapedOf).map((form, index) => [`JSON in JSON ${index}`, form] as const),
    ...[0, 1, 2].flatMap((offset) => base64Of(text, offset)),
    ['URL', encodeURIComponent(text)],
    ['URL of a form', encodeURIComponent(text).replaceAll('%20', '+')],
    ['URL in lower case', encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase())],
    ['Markdown', escapeText(text)],
    ['command', text.replaceAll('%', '%25')],
  ])
}

/** Inside the quotes of JSON: as JavaScript, Go and whoever writes ASCII alone have it. */
function escapedOf(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1)
  const coded = (pattern: RegExp): string =>
    plain.replace(pattern, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return [plain, coded(/[<>&]/g), coded(/[^ -~]/g)]
}

/** What of a text is the same in every base64 that has it behind so many other bytes. */
function base64Of(text: string, offset: number): [form: string, text: string][] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)])
  const [first, last] = [Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6)]
  return (['base64', 'base64url'] as const).map((alphabet) => [
    `${alphabet} behind ${offset}`,
    bytes.toString(alphabet).slice(first, last),
  ])
}

/** All files beneath a folder, and what is packed in them. `without` says which paths beneath it are left out. */
export async function filesBeneath(folder: string, without?: RegExp): Promise<Left[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !without?.test(path.relative(folder, file)))
  const read = files.map(async (file) => opened({ where: file, bytes: await readFile(file) }))
  return (await Promise.all(read)).flat()
}

/** With what is in it, where it is a gzip or a zip. */
async function opened(left: Left): Promise<Left[]> {
  const { where, bytes } = left
  const begin = bytes.subarray(0, 4).toString('latin1')
  if (begin.startsWith('\x1f\x8b'))
    return [left, ...(await opened({ where: `${where} (gzip)`, bytes: gunzipSync(bytes) }))]
  if (!begin.startsWith('PK\x03\x04')) return [left]
  const folder = await mkdtemp(path.join(tmpdir(), 'opened-'))
  try {
    await unzip(bytes, folder)
    const inside = await filesBeneath(folder)
    return [left, ...inside.map((one) => ({ ...one, where: `${where} (zip): ${path.basename(one.where)}` }))]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The arguments of all programs that this process starts, and that those start, as often as can be. */
export function watchArguments(): { stop(): Promise<Left[]> } {
  const seen = new Set<string>()
  let stopped = false
  const watching = (async () => {
    while (!stopped) {
      for (const pid of await childrenOf('self')) await look(pid, seen)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  return {
    async stop() {
      stopped = true
      await watching
      return [...seen].map((line) => ({ where: `arguments: ${line}`, bytes: Buffer.from(line) }))
    },
  }
}

async function look(pid: string, seen: Set<string>): Promise<void> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  seen.add(line.split('\0').join(' '))
  for (const child of await childrenOf(pid)) await look(child, seen)
}

/** Whoever has ended meanwhile has none. */
async function childrenOf(pid: string): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = threads.map((thread) =>
    readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''),
  )
  return (await Promise.all(lists)).flatMap((list) => list.split(' ').filter(Boolean))
}
