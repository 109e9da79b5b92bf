import { appendFileSync, mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'

/** What an action tells while it runs, for whoever looks on: a live view, a terminal. Evidence is what it leaves. */
export const progressEvent = lazily(() =>
  z.discriminatedUnion('kind', [
    /** The verdict of a stage: when it changes, and at the stage's end. */
    z.strictObject({
      kind: z.literal('verdict'),
      /** by the action's clock */
      at: z.iso.datetime(),
      region: z.string().optional(),
      /** from 0 */
      stage: z.int().min(0),
      /** of the canary, in basis points */
      weight: z.int().min(0).max(10_000),
      verdict: z.enum(['pass', 'fail', 'inconclusive', 'error']),
      reason: z.string(),
      /** the stage ends with it */
      final: z.boolean(),
    }),
  ]),
)
export type ProgressEvent = z.infer<ReturnType<typeof progressEvent>>

/** The file in a job's temporary folder to which all its actions append: one line of JSON an event. */
const progressFile = (temp: string): string => join(temp, 'deploy-actions', 'progress.jsonl')

/**
 * Appends an event. Synchronously, so that lines keep their order and none is lost when the process ends.
 * @throws when the file cannot be written
 */
export function writeProgress(temp: string, event: ProgressEvent): void {
  const file = progressFile(temp)
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, `${JSON.stringify(progressEvent().parse(event))}\n`)
}

/** Follows the progress of one job. */
export interface ProgressReader {
  /** The events since the last call, none when there is no file yet; lines of kinds not known here are left out. */
  next(): Promise<ProgressEvent[]>
}

export function followProgress(temp: string): ProgressReader {
  let at = 0
  let rest = ''
  return {
    async next() {
      const added = await readFrom(progressFile(temp), at)
      at += added.length
      const lines = (rest + added.toString('utf8')).split('\n')
      // What stands after the last newline is a line that is still being written.
      rest = lines.pop() ?? ''
      return lines.flatMap(parseLine)
    },
  }
}

async function readFrom(file: string, position: number): Promise<Buffer> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return Buffer.alloc(0)
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(size - position),
      0,
      size - position,
      position,
    )
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function parseLine(line: string): ProgressEvent[] {
  try {
    const read = progressEvent().safeParse(JSON.parse(line))
    return read.success ? [read.data] : []
  } catch {
    return []
  }
}
