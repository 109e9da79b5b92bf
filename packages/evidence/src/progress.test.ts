import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { followProgress, writeProgress, type ProgressEvent } from './progress'

let temp: string
beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'progress-'))
})
afterEach(() => rm(temp, { recursive: true, force: true }))

const verdict = (weight: number, more: Partial<ProgressEvent> = {}): ProgressEvent => ({
  kind: 'verdict',
  at: '2026-11-21T10:00:00.000Z',
  region: 'eu-west',
  stage: 0,
  weight,
  verdict: 'pass',
  reason: 'Fehlerrate über allem: 0 – gut',
  final: false,
  ...more,
})
const file = () => join(temp, 'deploy-actions', 'progress.jsonl')

describe('the progress of a job', () => {
  it('is read event by event, each once', async () => {
    const reader = followProgress(temp)
    expect(await reader.next()).toEqual([])
    writeProgress(temp, verdict(1000))
    writeProgress(temp, verdict(1000, { final: true }))
    expect(await reader.next()).toEqual([verdict(1000), verdict(1000, { final: true })])
    expect(await reader.next()).toEqual([])
    writeProgress(temp, verdict(2500))
    expect(await reader.next()).toEqual([verdict(2500)])
  })

  it('waits for the end of a line that is being written', async () => {
    const reader = followProgress(temp)
    const line = Buffer.from(`${JSON.stringify(verdict(1000))}\n`)
    await mkdir(join(temp, 'deploy-actions'))
    await writeFile(file(), line.subarray(0, 40))
    expect(await reader.next()).toEqual([])
    await appendFile(file(), line.subarray(40))
    expect(await reader.next()).toEqual([verdict(1000)])
  })

  it('leaves out what it does not know', async () => {
    const reader = followProgress(temp)
    writeProgress(temp, verdict(1000))
    await appendFile(file(), 'no JSON\n{"kind":"of another version"}\n')
    writeProgress(temp, verdict(2500))
    expect((await reader.next()).map(({ weight }) => weight)).toEqual([1000, 2500])
  })

  it('takes no event that is not one', () => {
    expect(() => writeProgress(temp, verdict(10_001))).toThrow('weight')
  })
})
