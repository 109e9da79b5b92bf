import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

// actionlint and zizmor over everything that users call or copy, and over the workflows of this repository.

const root = process.cwd()
const bin = (name: string): string => join(root, '.cache/systems/bin', name)

/** A repository as actionlint can read it: it does not know `$/`, so that is `./` here. */
let local: string
/** The same with `$/`, as it is shipped. */
let shipped: string

beforeAll(async () => {
  local = await repository((text) =>
    text
      .replaceAll('uses: $/', 'uses: ./')
      .replaceAll('uses: OWNER/deploy-actions/', 'uses: ./')
      .replace(/(uses: \.\/\S+)@v1/g, '$1'),
  )
  shipped = await repository((text) => text)
})
afterAll(() => Promise.all([local, shipped].map((folder) => rm(folder, { recursive: true }))))

async function repository(change: (text: string) => string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lint-'))
  const workflows = join(folder, '.github/workflows')
  await mkdir(workflows, { recursive: true })
  await run('git', ['init', '--quiet'], folder)
  for (const source of ['workflows-templates', 'workflows-templates/callers', '.github/workflows'])
    for (const name of (await readdir(join(root, source))).filter((name) => name.endsWith('.yml'))) {
      // A caller may be called as what it calls.
      const own = source.endsWith('callers') ? `caller-${name}` : name
      await writeFile(join(workflows, own), change(await readFile(join(root, source, name), 'utf8')))
    }
  for (const entry of await readdir(join(root, 'actions'), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    await mkdir(join(folder, entry.name, 'dist'), { recursive: true })
    await cp(join(root, 'actions', entry.name, 'action.yml'), join(folder, entry.name, 'action.yml'))
    await writeFile(join(folder, entry.name, 'dist/index.js'), '')
  }
  return folder
}

function run(command: string, args: string[], cwd: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number')
        reject(new Error(`${command} cannot be run; run test/systems/install first`, { cause: error }))
      else resolve({ code: error ? Number(error.code) : 0, output: `${stdout}${stderr}` })
    })
  })
}

describe('actionlint', () => {
  const lint = (folder: string) =>
    run(
      bin('actionlint'),
      ['-no-color', '-ignore', 'unexpected key "queue" for "concurrency" section'],
      folder,
    )

  it('finds nothing', async () => {
    expect(await lint(local)).toEqual({ code: 0, output: '' })
  }, 60_000)

  it('would find an input that an action does not have', async () => {
    const file = join(local, '.github/workflows/region.yml')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('mode: commit', 'mood: commit'))
    const { code, output } = await lint(local)
    await writeFile(file, text)
    expect({ code, names: output.includes('input "mood" is not defined in action') }).toEqual({
      code: 1,
      names: true,
    })
  }, 60_000)
})

describe('zizmor', () => {
  const audit = (folder: string) =>
    run(
      bin('zizmor'),
      ['--offline', '--no-progress', '--color=never', '--config', join(root, '.github/zizmor.yml'), '.'],
      folder,
    )

  it('finds nothing', async () => {
    const { code, output } = await audit(shipped)
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
  }, 60_000)

  it('would find an expression in a shell line', async () => {
    const file = join(shipped, '.github/workflows/region.yml')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('exit 1', 'echo ${{ inputs.region }}'))
    const { code, output } = await audit(shipped)
    await writeFile(file, text)
    expect({ failed: code !== 0, names: output.includes('template-injection') }).toEqual({
      failed: true,
      names: true,
    })
  }, 60_000)
})
