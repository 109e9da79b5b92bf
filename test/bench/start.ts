import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { suite } from '../../actions/suite'
import { bundle } from '../../packages/release-kit/src/bundle'
import { sizeOf } from '../../packages/release-kit/src/size-budget'

/*
 * What an action costs a job: the download of the tree, and the start. Times are medians of interleaved runs, compared
 * with a bundle that holds @actions/core alone, so that the speed of the machine falls out.
 * npm run bench:start -- [--runs 15] [--check]
 */
const LIMITS = { first: 1.7, next: 1.2, gzipped: 3_000_000 }

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '15' }, check: { type: 'boolean', default: false } },
})
const root = resolve(import.meta.dirname, '../..')
const release = join(root, '.release')
const folder = await mkdtemp(join(tmpdir(), 'bench-start-'))
try {
  const core = await bundleCore()
  const size = await sizeOf(release)
  console.log(
    `tree: ${mega(size.plain)} MB, gzipped ${mega(size.gzipped)} MB (limit ${mega(LIMITS.gzipped)})`,
  )
  const times = await measure(core, Number(values.runs))
  const coreMs = median(times.get('core') ?? [])
  console.log(
    `node alone: ${median(times.get('node') ?? []).toFixed(0)} ms, node and @actions/core: ${coreMs.toFixed(0)} ms; medians of ${values.runs}`,
  )
  console.log('action           first start     next starts     files of the suite')
  const over: string[] = size.gzipped > LIMITS.gzipped ? ['the tree is too large'] : []
  for (const action of Object.keys(suite)) {
    const [first, next] = (['first', 'next'] as const).map((kind) =>
      median(times.get(`${action} ${kind}`) ?? []),
    )
    const [firstRatio, nextRatio] = [(first ?? NaN) / coreMs, (next ?? NaN) / coreMs]
    console.log(
      `${action.padEnd(15)} ${ms(first)} x${firstRatio.toFixed(2)}  ${ms(next)} x${nextRatio.toFixed(2)}  ${await loadedFiles(action)}`,
    )
    if (!(firstRatio <= LIMITS.first))
      over.push(
        `${action} starts ${firstRatio.toFixed(2)} times as slowly as @actions/core alone (limit ${LIMITS.first})`,
      )
    if (!(nextRatio <= LIMITS.next))
      over.push(
        `${action} starts again ${nextRatio.toFixed(2)} times as slowly as @actions/core alone (limit ${LIMITS.next})`,
      )
  }
  for (const problem of over) console.log(`over the limit: ${problem}`)
  if (values.check && over.length > 0) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true })
}

/** What an action with the toolkit alone would be. */
async function bundleCore(): Promise<string> {
  // Beside our sources, where @actions/core is found.
  const source = join(root, 'packages/action-kit/.bench')
  await mkdir(source, { recursive: true })
  try {
    const entry = join(source, 'core.ts')
    await writeFile(entry, "import * as core from '@actions/core'\n\ncore.setFailed('no input')\n")
    await bundle(entry, join(folder, 'core'))
    return join(folder, 'core/index.js')
  } finally {
    await rm(source, { recursive: true })
  }
}

/** Real milliseconds from start to exit; an action has no inputs, so it reads them, says what is missing, and ends. */
async function measure(core: string, runs: number): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>()
  const time = (name: string, args: string[], temp: string): void => {
    const started = performance.now()
    start(args, temp)
    times.set(name, [...(times.get(name) ?? []), performance.now() - started])
  }
  for (let run = 0; run < runs; run++) {
    time('node', ['-e', ''], folder)
    time('core', [core], folder)
    for (const action of Object.keys(suite)) {
      const temp = await mkdtemp(join(folder, 'job-'))
      time(`${action} first`, [stub(action)], temp)
      time(`${action} next`, [stub(action)], temp)
    }
  }
  return times
}

/** How many files of the suite the start loads, and their size. */
async function loadedFiles(action: string): Promise<string> {
  const hook = join(folder, 'hook.mjs')
  await writeFile(
    hook,
    `import { registerHooks } from 'node:module'
import { statSync, writeSync } from 'node:fs'
registerHooks({ load(url, context, next) {
  if (url.includes('/suite/')) writeSync(2, 'loaded ' + statSync(new URL(url)).size + '\\n')
  return next(url, context)
} })`,
  )
  const { stderr } = start(['--import', hook, stub(action)], await mkdtemp(join(folder, 'job-')))
  const sizes = [...stderr.matchAll(/^loaded (\d+)$/gm)].map(([, size]) => Number(size))
  return `${sizes.length} files, ${(sizes.reduce((sum, size) => sum + size, 0) / 1000).toFixed(0)} kB`
}

function start(args: string[], temp: string): { stderr: string } {
  const { stderr, error } = spawnSync(process.execPath, args, {
    env: { PATH: process.env['PATH'], RUNNER_TEMP: temp },
    encoding: 'utf8',
  })
  if (error) throw error
  return { stderr }
}

function stub(action: string): string {
  return join(release, action, 'dist/index.js')
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN
}

function ms(value: number | undefined): string {
  return `${(value ?? NaN).toFixed(0).padStart(5)} ms`
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(2)
}
