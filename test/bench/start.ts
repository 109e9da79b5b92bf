import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { suite, type ActionName } from '../../actions/suite'
import { bundle } from '../../packages/release-kit/src/bundle'
import { sizeOf } from '../../packages/release-kit/src/size-budget'

/*
 * What an action costs a job: the download of the tree, and the start. A start is compared with one of a bundle that
 * holds @actions/core alone, taken right before it, so that the machine and its load fall out; ratios are medians.
 * npm run bench:start -- [--runs 31] [--check]
 */
// Medians of the same tree differ by up to 0.06 where something else runs beside them.
const LIMITS = { first: 1.7, next: 1.26, post: 1.1, gzipped: 3_000_000 }

/**
 * One start of an action in a new job, the one after it, its post, and the one of @actions/core before them;
 * milliseconds. An action without a post has none.
 */
interface Round {
  core: number
  first: number
  next: number
  post?: number
}

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '31' }, check: { type: 'boolean', default: false } },
})
const root = resolve(import.meta.dirname, '../..')
const release = join(root, '.release')
const folder = await mkdtemp(join(tmpdir(), 'bench-start-'))
try {
  const core = await bundleCore()
  const over = [...(await tooLarge()), ...(await tooSlow(core))]
  for (const problem of over) console.log(`over the limit: ${problem}`)
  if (values.check && over.length > 0) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true })
}

async function tooLarge(): Promise<string[]> {
  const { plain, gzipped } = await sizeOf(release)
  console.log(`tree: ${mega(plain)} MB, gzipped ${mega(gzipped)} MB (limit ${mega(LIMITS.gzipped)})`)
  return gzipped > LIMITS.gzipped ? ['the tree is too large'] : []
}

/** What is over a limit is measured once more: a machine that is busy for a minute is, too, and only the suite is twice. */
async function tooSlow(core: string): Promise<string[]> {
  const suspects = await overLimits(Object.keys(suite) as ActionName[], core)
  if (suspects.length === 0) return []
  console.log('over a limit, and measured once more:')
  const again = await overLimits([...new Set(suspects.map(({ action }) => action))], core)
  return again.map(
    ({ action, kind, ratio }) =>
      `${action}, ${kind} start: ${ratio.toFixed(2)} times @actions/core alone (limit ${LIMITS[kind]})`,
  )
}

interface Slow {
  action: ActionName
  kind: 'first' | 'next' | 'post'
  ratio: number
}

async function overLimits(actions: readonly ActionName[], core: string): Promise<Slow[]> {
  const rounds = new Map(actions.map((action) => [action, [] as Round[]]))
  const node: number[] = []
  for (let run = 0; run < Number(values.runs); run++) {
    node.push(time(['-e', ''], folder))
    for (const [action, taken] of rounds) taken.push(await measure(action, core))
  }
  const all = [...rounds.values()].flat()
  console.log(
    `node alone: ${median(node).toFixed(0)} ms, with @actions/core: ${median(all.map((round) => round.core)).toFixed(0)} ms`,
  )
  console.log('action           first start     next starts     post            files of the suite')
  const over: Slow[] = []
  for (const [action, taken] of rounds) {
    const cells = (['first', 'next', 'post'] as const).map((kind) => {
      const starts = taken.flatMap(({ [kind]: ms, core }) =>
        ms === undefined ? [] : [{ ms, ratio: ms / core }],
      )
      if (starts.length === 0) return ''.padEnd(14)
      const ratio = median(starts.map((start) => start.ratio))
      if (!(ratio <= LIMITS[kind])) over.push({ action, kind, ratio })
      const ms = median(starts.map((start) => start.ms))
      return `${ms.toFixed(0).padStart(5)} ms x${ratio.toFixed(2)}`
    })
    console.log(`${action.padEnd(15)} ${cells.join('  ')}  ${await loadedFiles(action)}`)
  }
  return over
}

/** An action gets no inputs: it reads them, says what is missing, and ends; its post finds nothing to restore. */
async function measure(action: ActionName, core: string): Promise<Round> {
  const temp = await mkdtemp(join(folder, 'job-'))
  const begin = (more: Record<string, string> = {}): number => time([stub(action)], temp, more)
  return {
    core: time([core], temp),
    first: begin(),
    next: begin(),
    ...(suite[action].hasPost && { post: begin({ STATE_started: 'true' }) }),
  }
}

/** Real milliseconds from start to exit. */
function time(args: string[], temp: string, more: Record<string, string> = {}): number {
  const started = performance.now()
  start(args, temp, more)
  return performance.now() - started
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

function start(args: string[], temp: string, more: Record<string, string> = {}): { stderr: string } {
  const { stderr, error } = spawnSync(process.execPath, args, {
    env: { PATH: process.env['PATH'], RUNNER_TEMP: temp, ...more },
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

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(2)
}
