import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

const run = promisify(execFile)
const systems = join(process.cwd(), '.cache/systems/bin')

/** A copy of the release tree and of our own workflows, as a repository. */
let copy: string

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'linters-'))
  await cp('.release', copy, { recursive: true })
  for (const folder of ['callers', 'own']) await mkdir(join(copy, folder), { recursive: true })
  await cp('.github/workflows', join(copy, 'own'), { recursive: true })
})
afterEach(() => rm(copy, { recursive: true }))

async function workflows(): Promise<string[]> {
  const folders = ['.github/workflows', 'callers', 'own']
  const found = await Promise.all(folders.map(async (folder) => (await readdir(join(copy, folder))).map((file) => join(folder, file))))
  return found.flat().sort()
}

async function change(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(copy, file), 'utf8')
  expect(text).toContain(from)
  await writeFile(join(copy, file), text.replaceAll(from, to))
}

/** What a linter prints, and nothing when all is well. */
async function complaints(program: string, args: string[]): Promise<string> {
  return run(join(systems, program), args, { cwd: copy }).then(
    () => '',
    (error: { stdout?: string; message: string }) => error.stdout || error.message,
  )
}

describe('actionlint', () => {
  /** It does not know `$/` (rhysd/actionlint#711) and `queue`; with `./` it also checks inputs of our own actions. */
  const lint = async (): Promise<string> => {
    await mkdir(join(copy, '.git'))
    for (const file of await workflows()) {
      const text = await readFile(join(copy, file), 'utf8')
      await writeFile(join(copy, file), text.replaceAll('uses: $/', 'uses: ./'))
    }
    const files = (await workflows()).filter((file) => file.endsWith('.yml'))
    return complaints('actionlint', ['-ignore', 'unexpected key "queue" for "concurrency" section', ...files])
  }

  it('finds nothing in the shipped workflows, the callers and our own', async () => {
    expect(await lint()).toBe('')
  })

  it('would find an input that the action does not have', async () => {
    await change('.github/workflows/region.yml', 'mode: commit', 'mood: commit')
    expect(await lint()).toContain('"mood"')
  })
})

describe('zizmor', () => {
  const audit = async (): Promise<string> => complaints('zizmor', ['--offline', '--quiet', '--no-progress', ...(await workflows())])

  it('finds nothing in the shipped workflows, the callers and our own', async () => {
    expect(await audit()).toBe('')
  })

  it('would find an input that reaches a shell as text', async () => {
    await change('.github/workflows/region.yml', '$OUTCOME', '${{ inputs.delay }}')
    expect(await audit()).toContain('template-injection')
  })
})
