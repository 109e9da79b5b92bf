import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { explained, type Explained } from './explained'
import { mutate, type Mutant } from './mutate'
import { Pool, type Verdict } from './pool'
import { IDS_PER_FILE, type Recorded, type Run } from './protocol'
import { targets, type Target } from './targets'

/*
 * Changes the sources in small ways, one at a time and in memory only, and runs the tests that reach the change: at
 * least one should fail. Lists every change that none of them noticed.
 * npm run test:mutants -- [--changed BASE] [--sample N] [--parts N] [--minutes N] [--seed S] [PATH...]
 */
const ENOUGH = 0.85
/** A sample is below it where that is not how it was drawn: of 100 that are just enough, one is told to be below. */
const SURE_Z = 2.326
/** Tests that take longer, in milliseconds, are asked when all quicker ones of their file have noticed nothing. */
const SLOW_MS = 100

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** only files that differ from this commit */
    changed: { type: 'string' },
    /** so many mutants of all, and those that are explained: an explanation must be true whatever is drawn */
    sample: { type: 'string' },
    /** only so many of the parts, drawn */
    parts: { type: 'string' },
    /** no further mutant of a part is tried after so long; they come in an order that is drawn */
    minutes: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const root = resolve(import.meta.dirname, '../..')

interface Judged {
  mutant: Mutant
  verdict: Verdict
  reached: boolean
  why?: string
}

const tracked = git('ls-files', '--cached', '--others', '--exclude-standard')
const folder = await mkdtemp(join(tmpdir(), 'deploy-actions-mutants-'))
try {
  process.exitCode = (await main()) ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function main(): Promise<boolean> {
  const wanted = chosenTargets()
  const sources = wanted.flatMap(({ files }) => files)
  const all = sources.flatMap(
    (file, index) => mutate(file, readFileSync(join(root, file), 'utf8'), index * IDS_PER_FILE).mutants,
  )
  const stale = explained.filter(
    (one) => sources.includes(one.file) && !all.some((mutant) => explains(one, mutant)),
  )
  const told = all.filter((mutant) => explained.some((one) => explains(one, mutant)))
  const chosen = new Set([...drawn(all, values.sample), ...told].map(({ id }) => id))
  if (chosen.size === 0)
    throw new Error('there is nothing to change in what was chosen: fewer words, or more parts')
  const pools = Array.from({ length: availableParallelism() }, () => new Pool(sources, folder))
  const judged: Judged[] = []
  try {
    for (const target of wanted) judged.push(...(await judgeTarget(target, all, chosen, pools)))
  } finally {
    for (const pool of pools) await pool.stop()
  }
  return tell(wanted, judged, stale)
}

async function judgeTarget(
  { name, files, tests }: Chosen,
  all: readonly Mutant[],
  chosen: ReadonlySet<number>,
  pools: readonly Pool[],
): Promise<Judged[]> {
  const recorded = await inTurn(pools, tests, recordTests)
  const problems = recorded.flatMap((file) => file.problems)
  if (problems.length > 0) throw new Error(`these tests fail without any mutant:\n${problems.join('\n')}`)
  const count = recorded.reduce((sum, { tests }) => sum + tests.length, 0)
  const mutants = shuffled(all.filter(({ id, file }) => files.includes(file) && chosen.has(id)))
  console.log(`${name}: ${mutants.length} mutants, ${count} tests in ${tests.length} files`)
  let done = 0
  let shown = Date.now()
  const end = shown + Number(values.minutes ?? Infinity) * 60_000
  const judged = await inTurn(pools, mutants, async (pool, mutant) => {
    if (done > 0 && Date.now() > end) return undefined
    const runs = runsOf(mutant, recorded)
    const verdict = runs.length === 0 ? 'survived' : await pool.judge({ kind: 'mutant', id: mutant.id, runs })
    const why = explained.find((one) => explains(one, mutant))?.why
    const one = { mutant, verdict, reached: runs.length > 0, ...(why !== undefined && { why }) }
    if (verdict === 'survived') tellSurvivor(one)
    done++
    if (Date.now() - shown > 20_000) {
      shown = Date.now()
      console.log(`${name}: ${done} of ${mutants.length}`)
    }
    return one
  })
  const tried = judged.filter((one) => one !== undefined)
  if (tried.length < mutants.length)
    console.log(`${name}: the time is over after ${tried.length} of ${mutants.length}`)
  return tried
}

async function recordTests(pool: Pool, file: string): Promise<Recorded> {
  const first = await pool.record(file)
  if (first.problems.length === 0) return first
  // What fails once on a busy machine is asked again in a new process.
  await pool.stop()
  return pool.record(file)
}

/** Has each pool do the next one as soon as it is done with one; gives what came of them in their order. */
async function inTurn<One, Result>(
  pools: readonly Pool[],
  list: readonly One[],
  one: (pool: Pool, next: One) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = list.entries()
  await Promise.all(
    pools.map(async (pool) => {
      for (const [index, next] of waiting) results[index] = await one(pool, next)
    }),
  )
  return results
}

/** The tests that reach a mutant, quickest first. One that is evaluated at loading is reached by all of a file. */
function runsOf({ id, static: atLoadOnly }: Mutant, recorded: readonly Recorded[]): Run[] {
  return recorded
    .flatMap(({ file, atLoad, tests }) => {
      const fresh = atLoad.includes(id) || (atLoadOnly && tests.some(({ reached }) => reached.includes(id)))
      const hit = fresh ? tests : tests.filter(({ reached }) => reached.includes(id))
      // To load a file anew takes longer than what is gained by asking its slow tests last.
      const parts = fresh
        ? [hit]
        : [hit.filter(({ ms }) => ms <= SLOW_MS), hit.filter(({ ms }) => ms > SLOW_MS)]
      return parts.map((part) => ({
        ms: part.reduce((sum, { ms }) => sum + ms, 0),
        run: { file, fresh, timeoutMs: timeoutMs(part), tests: part.map(({ index }) => index) },
      }))
    })
    .filter(({ run }) => run.tests.length > 0)
    .toSorted((a, b) => a.ms - b.ms)
    .map(({ run }) => run)
}

/** Far longer than a test takes, for a machine that is busy: a mutant that takes longer waits for ever. */
function timeoutMs(tests: readonly { ms: number }[]): number {
  return 1_500 + 4 * Math.max(0, ...tests.map(({ ms }) => ms))
}

interface Chosen extends Pick<Target, 'name'> {
  files: string[]
  tests: string[]
}

function chosenTargets(): Chosen[] {
  const changed = values.changed === undefined ? undefined : git('diff', '--name-only', values.changed, '--')
  const isWanted = (file: string): boolean =>
    (changed?.includes(file) ?? true) &&
    (positionals.length === 0 ||
      positionals.some((path) => file === path || file.startsWith(`${path.replace(/\/$/, '')}/`)))
  return drawn(targets, values.parts)
    .map(({ name, sources, tests }) => ({
      name,
      files: within(sources).filter((file) => !/\.(test|fixture)\.ts$/.test(file) && isWanted(file)),
      tests: within(tests).filter((file) => file.endsWith('.test.ts')),
    }))
    .filter(({ files }) => files.length > 0)
}

function within(places: readonly string[]): string[] {
  return tracked.filter(
    (file) => file.endsWith('.ts') && places.some((place) => file === place || file.startsWith(`${place}/`)),
  )
}

/** So many, or all where nobody says how many: in their order, and the same ones for the same seed. */
function drawn<One>(all: readonly One[], count: string | undefined): readonly One[] {
  if (count === undefined) return all
  const chosen = new Set(shuffled(all).slice(0, Number(count)))
  return all.filter((one) => chosen.has(one))
}

/** In an order that the seed draws. */
function shuffled<One>(all: readonly One[]): One[] {
  let state = Number(values.seed) >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
  return all
    .map((one) => ({ one, order: next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ one }) => one)
}

function explains(one: Explained, { file, within, from, to }: Mutant): boolean {
  return one.file === file && one.within === within && one.from === from && one.to === to
}

function tellSurvivor({ mutant: { file, line, within, from, to }, reached, why }: Judged): void {
  console.log(`survived: ${file}:${line}${within && ` in ${within}`}: ${from} -> ${to}`)
  if (why !== undefined) console.log(`  explained: ${why}`)
  else if (!reached) console.log('  no test reaches it')
}

function tell(wanted: readonly Chosen[], judged: readonly Judged[], stale: readonly Explained[]): boolean {
  const scores = wanted.flatMap(({ name, files }) => {
    const of = (file: string): Judged[] => judged.filter(({ mutant }) => mutant.file === file)
    for (const file of files) if (of(file).length > 0) row(file, of(file))
    return [row(name, files.flatMap(of)).score]
  })
  const gone = stale.map(
    ({ file, from, to }) => `${file}: ${from} -> ${to} is explained, and not there any more`,
  )
  const dead = explained
    .filter((one) => {
      const its = judged.filter(({ mutant }) => explains(one, mutant))
      // On a machine that is busy a test may run out of time without any fault.
      return its.length > 0 && its.every(({ verdict }) => verdict === 'killed')
    })
    .map(({ file, from, to }) => `${file}: ${from} -> ${to} is explained, but dies: take it from the list`)
  for (const problem of [...gone, ...dead]) console.log(problem)
  const { killed, able } = row('all', judged)
  const atMost = highestShare(killed, able, SURE_Z)
  const low = values.sample === undefined ? scores.some((score) => score < ENOUGH) : atMost < ENOUGH
  if (low)
    console.log(
      `below ${ENOUGH * 100} %: kill the survivors by tests, or explain them in test/mutants/explained.ts`,
    )
  else if (values.sample !== undefined)
    console.log(`of all, at most ${(atMost * 100).toFixed(1)} % are noticed; ${ENOUGH * 100} % are enough`)
  return !low && gone.length + dead.length === 0
}

/** Wilson's upper score bound (JASA 22, 1927) of the share of `some` in `all`, at `z` standard errors; 1 of none. */
function highestShare(some: number, all: number, z: number): number {
  if (all === 0) return 1
  const share = some / all
  const spread = z * Math.sqrt((share * (1 - share)) / all + z ** 2 / (4 * all ** 2))
  return Math.min(1, (share + z ** 2 / (2 * all) + spread) / (1 + z ** 2 / all))
}

/** @returns how many died of those that can, and their share */
function row(name: string, judged: readonly Judged[]): { killed: number; able: number; score: number } {
  const survived = judged.filter(({ verdict }) => verdict === 'survived')
  const known = survived.filter(({ why }) => why !== undefined).length
  const timedOut = judged.filter(({ verdict }) => verdict === 'timed out').length
  const [killed, able] = [judged.length - survived.length, judged.length - known]
  const score = able === 0 ? 1 : killed / able
  const cells = [
    `${judged.length} mutants`,
    `${killed} killed (${timedOut} by time)`,
    `${survived.length - known} survived`,
    `${known} explained`,
    `${(score * 100).toFixed(1)} %`,
  ]
  console.log(`${name.padEnd(46)} ${cells.join(', ')}`)
  return { killed, able, score }
}

function git(...args: string[]): string[] {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)
}
