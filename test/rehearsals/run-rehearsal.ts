import { spawn } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RegionResult, RehearsalResult } from '@deploy-actions/rehearsal'

/** A rehearsal by the shipped CLI, as a user would run it. */
export interface Rehearsed {
  exitCode: number | null
  output: string
  result: RehearsalResult
  /** the job summaries, one after another */
  summaries: string
  region(name: string): RegionResult
}

/** Runs `.release/cli`. @throws when it wrote no result */
export async function runRehearsal(...args: string[]): Promise<Rehearsed> {
  const folder = await mkdtemp(join(tmpdir(), 'rehearsal-'))
  const file = join(folder, 'result.json')
  const { exitCode, output } = await runCli(
    'rehearse',
    ...args,
    '--result',
    file,
    '--output',
    join(folder, 'output'),
  )
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`the rehearsal wrote no result:\n${output}`)
  })
  const result = JSON.parse(text) as RehearsalResult
  const summaries = (await Promise.all(result.report.summaries.map((path) => readFile(path, 'utf8')))).join(
    '\n',
  )
  return {
    exitCode,
    output,
    result,
    summaries,
    region(name) {
      const found = result.regions.find((region) => region.name === name)
      if (!found) throw new Error(`the result has no region ${name}`)
      return found
    },
  }
}

/** How a command of the CLI ended. */
interface Ended {
  exitCode: number | null
  output: string
}

/** Runs a command of the shipped CLI. */
const runCli = (...args: string[]): Promise<Ended> => runCliIn(process.cwd(), {}, ...args)

/** Runs a command of the shipped CLI in a folder, with more environment. */
export function runCliIn(folder: string, env: Record<string, string>, ...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(process.cwd(), '.release/cli/index.js'), ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, output }))
  })
}
