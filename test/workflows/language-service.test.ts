import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { parseRollout, resolveAll } from '@deploy-actions/config'
import { suite } from '../../actions/suite'
import { findings } from './language-service'

const root = process.cwd()
const variables = {
  version: '1.0.0',
  digest: `sha256:${'0'.repeat(64)}`,
  image: 'image',
  commit: 'c',
  'run-id': '1',
  'correlation-id': 'x',
}

async function yamlFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true })
  return names.filter((name) => name.endsWith('.yml')).map((name) => join(folder, name))
}

async function readmes(): Promise<string[]> {
  const actions = (await readdir(join(root, 'actions'), { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  )
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'))
  return [
    'README.md',
    ...docs.map((name) => join('docs', name)),
    ...actions.map(({ name }) => join('actions', name, 'README.md')),
  ]
}

/** The fenced YAML blocks of a page, each with the line it begins at. */
function yamlBlocks(page: string): { line: number; text: string }[] {
  return [...page.matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: page.slice(0, match.index).split('\n').length,
    text: match[1] ?? '',
  }))
}

/** A block of steps or of one job is put into a workflow, as a reader would. */
function asWorkflow(text: string): string | undefined {
  const value = parse(text) as unknown
  const indented = (by: number): string => text.replace(/^/gm, ' '.repeat(by))
  if (
    Array.isArray(value) &&
    value.some((step) => typeof step === 'object' && step !== null && 'uses' in step)
  )
    return `name: x\non: push\npermissions: {}\njobs:\n${earlierJobs(text)}  x:\n    runs-on: ubuntu-latest\n    needs: [${earlierJobNames(text).join(', ')}]\n    steps:\n${earlierSteps(text)}${indented(6)}`
  if (typeof value !== 'object' || value === null) return undefined
  if ('on' in value && 'jobs' in value) return text
  return 'jobs' in value ? `name: x\non: push\n${text}` : undefined
}

/** The jobs whose results a snippet takes, each with the output that it names. */
function earlierJobNames(text: string): string[] {
  return [...new Set([...text.matchAll(/needs\.([a-z-]+)\./g)].map(([, id = '']) => id))]
}

function earlierJobs(text: string): string {
  const outputs = (id: string): string =>
    [...text.matchAll(new RegExp(`needs\\.${id}\\.outputs\\.([a-z0-9-]+)`, 'g'))]
      .map(([, output]) => `${output}: x`)
      .join(', ')
  return earlierJobNames(text)
    .map(
      (id) =>
        `  ${id}:\n    runs-on: ubuntu-latest\n    outputs: { ${outputs(id)} }\n    steps: [{ run: ./earlier }]\n`,
    )
    .join('')
}

/** The steps that a snippet speaks of and leaves to the reader. */
function earlierSteps(text: string): string {
  const named = [...new Set([...text.matchAll(/steps\.([a-z-]+)\./g)].map(([, id = '']) => id))]
  return named
    .filter((id) => !text.includes(`id: ${id}`))
    .map((id) => `      - id: ${id}\n        run: ./earlier\n`)
    .join('')
}

describe("GitHub's language service", () => {
  it('finds nothing in the templates, the callers and the workflows of this repository', async () => {
    const files = [...(await yamlFiles('workflows-templates')), ...(await yamlFiles('.github/workflows'))]
    expect(files.length).toBeGreaterThanOrEqual(4)
    const found = await Promise.all(
      files.map(async (file) => findings(file, await readFile(join(root, file), 'utf8'))),
    )
    expect(found.flat()).toEqual([])
  })

  it('finds nothing in any action.yml', async () => {
    const files = (await yamlFiles('actions')).filter((file) => file.endsWith('/action.yml'))
    expect(files).toHaveLength(Object.keys(suite).length)
    const found = await Promise.all(
      files.map(async (file) => findings(file, await readFile(join(root, file), 'utf8'))),
    )
    expect(found.flat()).toEqual([])
  })

  it('would find an input that the action does not have', async () => {
    const text = (await readFile(join(root, 'workflows-templates/region.yml'), 'utf8')).replace(
      'mode: commit',
      'mood: commit',
    )
    expect((await findings('region.yml', text)).join()).toMatch(/mood/)
  })
})

describe('the snippets of README and docs', () => {
  it('are valid: workflows by the language service, rollout.yml by its own schema', async () => {
    const problems: string[] = []
    let checked = 0
    for (const file of await readmes()) {
      const page = await readFile(join(root, file), 'utf8')
      for (const { line, text } of yamlBlocks(page)) {
        const workflow = asWorkflow(text)
        if (workflow !== undefined)
          problems.push(...(await findings(`${file.replaceAll('/', '-')}-${line}.yml`, workflow)))
        else if (/^service:/m.test(text))
          await resolveAll(await parseRollout(text, `${file}:${line}`), { variables }).catch((error: Error) =>
            problems.push(error.message),
          )
        else continue
        checked++
      }
    }
    expect(problems).toEqual([])
    // The quick start alone has two.
    expect(checked).toBeGreaterThanOrEqual(8)
  })
})
