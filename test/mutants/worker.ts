import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transformSync } from '@swc/core'
import { jestExpect } from '@jest/expect'
import * as circus from 'jest-circus'
import { ModuleMocker } from 'jest-mock'
import { mutate } from './mutate'
import { IDS_PER_FILE, type Job, type Recorded, type Report, type Run } from './protocol'

/*
 * One process that keeps the test files loaded and runs the tests of one mutant after the other. The modules of a
 * mutant that shows only while they are loaded are loaded anew, under addresses of their own.
 */
const root = resolve(import.meta.dirname, '../..')
// A mutant that loses the folder it was to write into writes into the one it runs in: not into the repository, and not
// into what the mutants of an earlier process left.
process.chdir(mkdtempSync(join(tmpdir(), 'worker-')))
const sources = JSON.parse(process.env['MUTATED'] ?? '[]') as string[]
const NONE = -1

let active = NONE
let recording: Set<number> | undefined
let generation = 0

const shared = {
  active(id: number): boolean {
    recording?.add(id)
    return id === active
  },
}
const mocker = new ModuleMocker(globalThis)
const { describe, it, test, beforeAll, beforeEach, afterAll, afterEach } = circus
Object.assign(globalThis, {
  __mutants: shared,
  __globals: {
    ...{ describe, it, test, beforeAll, beforeEach, afterAll, afterEach, expect: jestExpect },
    jest: {
      fn: mocker.fn.bind(mocker),
      spyOn: mocker.spyOn.bind(mocker),
      restoreAllMocks: () => mocker.restoreAllMocks(),
      resetAllMocks: () => mocker.resetAllMocks(),
    },
  },
})

const compiled = new Map<string, string>()

function compile(path: string): string {
  const known = compiled.get(path)
  if (known !== undefined) return known
  const text = readFileSync(path, 'utf8')
  const index = sources.indexOf(relative(root, path))
  const { code } = transformSync(index < 0 ? text : mutate(path, text, index * IDS_PER_FILE).code, {
    filename: path,
    swcrc: false,
    sourceMaps: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
    module: { type: 'es6' },
  })
  compiled.set(path, code)
  return code
}

const ours = (path: string): boolean => path.startsWith(`${root}/`) && !path.includes('/node_modules/')

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '@jest/globals') return { url: 'mutants:globals', shortCircuit: true }
    const from = context.parentURL ?? ''
    const tag = /\?generation=\d+$/.exec(from)?.[0] ?? ''
    if (tag === '') return next(specifier, context)
    if (specifier.startsWith('.')) {
      const path = join(dirname(fileURLToPath(from)), specifier)
      const found = [path, `${path}.ts`, join(path, 'index.ts')].find(
        (file) => /\.\w+$/.test(file) && existsSync(file),
      )
      if (found !== undefined) return { url: pathToFileURL(found).href + tag, shortCircuit: true }
    }
    const resolved = next(specifier, { ...context, parentURL: from.slice(0, -tag.length) })
    const isOurs = resolved.url.startsWith('file:') && ours(fileURLToPath(resolved.url))
    return isOurs
      ? { ...resolved, url: `${resolved.url.replace(/\?.*/, '')}${tag}`, shortCircuit: true }
      : resolved
  },
  load(url, context, next) {
    if (url === 'mutants:globals')
      return {
        format: 'module',
        shortCircuit: true,
        source:
          'export const { describe, it, test, beforeAll, beforeEach, afterAll, afterEach, expect, jest } = globalThis.__globals',
      }
    if (!/\?generation=\d+$/.test(url)) return next(url, context)
    const path = fileURLToPath(url)
    if (path.endsWith('.json'))
      return { format: 'module', shortCircuit: true, source: `export default ${readFileSync(path, 'utf8')}` }
    if (!path.endsWith('.ts')) return next(url, context)
    return { format: 'module', shortCircuit: true, source: compile(path) }
  },
})

interface Loaded {
  state: circus.State
  tests: Test[]
  /** those that the file itself does not skip, by their place */
  own: number[]
  /** mutants that were evaluated while it was loaded */
  atLoad: number[]
}
type Test = circus.State['rootDescribeBlock']['tests'][number]

const loaded = new Map<string, Promise<Loaded>>()

/** A test file with modules of its own, once for all mutants that do not need it anew. */
function load(file: string): Promise<Loaded> {
  const known = loaded.get(file) ?? collect(file)
  loaded.set(file, known)
  return known
}

async function collect(file: string): Promise<Loaded> {
  circus.resetState()
  recording = new Set()
  await import(`${pathToFileURL(join(root, file)).href}?generation=${++generation}`)
  const atLoad = [...recording]
  recording = undefined
  const state = circus.getState()
  const tests = testsOf(state.rootDescribeBlock)
  return { state, tests, atLoad, own: tests.flatMap(({ mode }, index) => (mode === 'skip' ? [] : [index])) }
}

function testsOf(block: circus.State['rootDescribeBlock']): Test[] {
  return block.children.flatMap((child) => (child.type === 'describeBlock' ? testsOf(child) : [child]))
}

let onTest: ((event: 'start' | 'done', test: Test) => void) | undefined
let running: Test | undefined
circus.addEventHandler((event) => {
  if (event.name === 'test_start') {
    running = event.test
    onTest?.('start', event.test)
  } else if (event.name === 'test_done') {
    onTest?.('done', event.test)
    running = undefined
  }
})
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error: unknown) => running?.errors.push(error))

/**
 * Runs these tests of a file until one fails.
 * @returns the place of that one
 */
async function run(
  { state, tests }: Loaded,
  { tests: chosen, timeoutMs }: Pick<Run, 'tests' | 'timeoutMs'>,
  each?: typeof onTest,
): Promise<number> {
  circus.setState(state)
  let failed = NONE
  state.testTimeout = timeoutMs
  tests.forEach((test, index) => {
    test.errors = []
    test.timeout = timeoutMs
    test.mode = chosen.includes(index) ? undefined : 'skip'
  })
  state.unhandledErrors = []
  onTest = (event, test) => {
    if (event === 'start' && failed !== NONE) test.mode = 'skip'
    if (event === 'start' && test.mode !== 'skip') send({ kind: 'alive' })
    if (event === 'done' && test.errors.length > 0 && failed === NONE) failed = tests.indexOf(test)
    each?.(event, test)
  }
  await circus.run()
  onTest = undefined
  return failed
}

/** Which mutants each test of a file reaches, and how long it takes. */
async function record(file: string): Promise<Recorded> {
  const known = await load(file)
  const tests: Recorded['tests'] = []
  const problems: string[] = []
  recording = new Set()
  let began = 0
  await run(known, { tests: known.own, timeoutMs: 60_000 }, (event, test) => {
    if (event === 'start') {
      began = performance.now()
      return
    }
    const index = known.tests.indexOf(test)
    tests.push({ index, ms: performance.now() - began, reached: [...(recording ?? [])] })
    recording = new Set()
    if (test.errors.length > 0)
      problems.push(`${file}: ${test.name}: ${String(test.errors[0]).slice(0, 400)}`)
  })
  recording = undefined
  return { file, atLoad: known.atLoad, tests, problems }
}

async function judge({ id, runs }: Extract<Job, { kind: 'mutant' }>): Promise<Report> {
  for (const one of runs) {
    const failed = one.fresh ? await tryFresh(id, one) : await tryLoaded(id, one)
    if (failed) return { kind: 'judged', id, verdict: failed }
  }
  return { kind: 'judged', id, verdict: 'survived' }
}

async function tryFresh(id: number, one: Run): Promise<'killed' | undefined> {
  active = id
  try {
    const anew = await collect(one.file)
    return (await run(anew, one)) === NONE ? undefined : 'killed'
  } catch {
    return 'killed'
  } finally {
    active = NONE
  }
}

async function tryLoaded(id: number, one: Run): Promise<'killed' | 'unclear' | undefined> {
  const known = await load(one.file)
  active = id
  const failed = await run(known, one).finally(() => (active = NONE))
  if (failed === NONE) return undefined
  // What an earlier mutant left behind must not count for this one: without it the same test passes.
  return (await run(known, { tests: [failed], timeoutMs: one.timeoutMs * 2 })) === NONE ? 'killed' : 'unclear'
}

function send(report: Report): void {
  process.send?.(report)
}

await import(`${pathToFileURL(join(root, 'test/setup.ts')).href}?generation=0`)
let queue = Promise.resolve()
process.on('message', (job: Job) => {
  queue = queue.then(async () => {
    send(job.kind === 'record' ? { kind: 'recorded', recorded: await record(job.file) } : await judge(job))
  })
})
process.on('disconnect', () => process.exit())
send({ kind: 'alive' })
