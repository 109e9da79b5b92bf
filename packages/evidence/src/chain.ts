import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { chainManifest, evidenceRecord, type ChainManifest, type EvidenceRecord } from './record'

const MANIFEST = 'chain.json'
const RECORD = /^\d{4}\.json$/

/** sha256 over the canonical JSON (RFC 8785), as `sha256:...`. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')}`
}

/** The evidence chain of one job: a folder of numbered records that every action run of the job appends to. */
export interface Chain {
  /** Appends a record, linked to the last one, and returns its file. Half-written files never have a record's name. */
  append(record: Omit<EvidenceRecord, 'seq' | 'previous'>): Promise<string>
  /** Writes the manifest that says whose chain this is and where it ends. */
  seal(about: Pick<ChainManifest, 'jobId' | 'job' | 'region' | 'attempt'>): Promise<ChainManifest>
}

export function openChain(folder: string): Chain {
  const last = async (): Promise<EvidenceRecord | undefined> => (await readRecords(folder)).at(-1)
  return {
    async append(record) {
      await mkdir(folder, { recursive: true })
      const before = await last()
      const seq = before ? before.seq + 1 : 0
      const file = join(folder, `${String(seq).padStart(4, '0')}.json`)
      await writeWhole(
        file,
        evidenceRecord.parse({ ...record, seq, previous: before ? digestOf(before) : null }),
      )
      return file
    },
    async seal(about) {
      await mkdir(folder, { recursive: true })
      const records = await readRecords(folder)
      const end = records.at(-1)
      const manifest: ChainManifest = {
        v: 1,
        ...about,
        records: records.length,
        head: end ? digestOf(end) : null,
      }
      await writeWhole(join(folder, MANIFEST), manifest)
      return manifest
    },
  }
}

const badOutcomes = ['failed', 'error', 'invalid', 'cancelled']

/** Why a job went wrong, as far as it has come: the reason of the first action of it that did not succeed. */
export async function firstFailure(folder: string): Promise<string | undefined> {
  return (await readRecords(folder)).find(({ outcome }) => badOutcomes.includes(outcome))?.reason
}

async function writeWhole(file: string, value: unknown): Promise<void> {
  await writeFile(`${file}.part`, `${JSON.stringify(value, null, 2)}\n`)
  await rename(`${file}.part`, file)
}

async function readRecords(folder: string): Promise<EvidenceRecord[]> {
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => RECORD.test(name)).sort()
  return Promise.all(
    files.map(async (name) => evidenceRecord.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))),
  )
}

/** A chain as it was read back: its manifest, its records, and everything that is wrong with it. */
export interface ReadChain {
  manifest: ChainManifest | undefined
  records: EvidenceRecord[]
  problems: string[]
}

/** Reads a downloaded chain and checks every link; what does not fit is listed, never thrown. */
export async function readChain(folder: string): Promise<ReadChain> {
  const problems: string[] = []
  const read = async <T>(name: string, schema: { parse(value: unknown): T }): Promise<T | undefined> => {
    try {
      return schema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))
    } catch (error) {
      problems.push(`${name} cannot be read: ${(error as Error).message.split('\n')[0]}`)
      return undefined
    }
  }
  const names = (await readdir(folder).catch(() => [])).filter((name) => RECORD.test(name)).sort()
  const records = (await Promise.all(names.map((name) => read(name, evidenceRecord)))).filter(
    (record) => record !== undefined,
  )
  const manifest = await read(MANIFEST, chainManifest())
  problems.push(...brokenLinks(records))
  const end = records.at(-1)
  if (manifest && manifest.head !== (end ? digestOf(end) : null))
    problems.push(
      `the chain ends at ${end ? digestOf(end) : 'nothing'}, its manifest says ${manifest.head ?? 'nothing'}`,
    )
  if (manifest && manifest.records !== records.length)
    problems.push(`${records.length} records are there, the manifest counts ${manifest.records}`)
  return { manifest, records, problems }
}

function brokenLinks(records: readonly EvidenceRecord[]): string[] {
  return records.flatMap((record, index) => {
    const before = records[index - 1]
    const expected = before ? digestOf(before) : null
    if (record.seq !== index) return [`record ${index} says it is number ${record.seq}: one is missing`]
    return record.previous === expected
      ? []
      : [`record ${index} follows ${record.previous ?? 'nothing'}, not ${expected ?? 'nothing'}`]
  })
}

/** One value that stands for the evidence of a whole run: the sha256 over the sorted heads of its chains. */
export function rootOf(heads: readonly string[]): string {
  return digestOf([...heads].sort())
}
