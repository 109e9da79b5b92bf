import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The files through which a step talks to its job, by the variable that names each. */
const FILES = {
  GITHUB_OUTPUT: 'set_output',
  GITHUB_ENV: 'set_env',
  GITHUB_STATE: 'save_state',
  GITHUB_PATH: 'add_path',
  GITHUB_STEP_SUMMARY: 'step_summary',
} as const

/** What a step left in its files. */
interface FileCommands {
  outputs: Record<string, string>
  env: Record<string, string>
  state: Record<string, string>
  paths: string[]
  summary: string | undefined
  /** What could not be read, in the runner's words; a broken output, env or state file fails the step. */
  errors: string[]
  /** What is wrong with the summary; it does not fail the step. */
  summaryError: string | undefined
}

/** Larger summaries are dropped whole; source: FileCommandManager.cs of actions/runner. */
const SUMMARY_LIMIT = 1024 * 1024

/** Makes the empty files of one step. @returns the variables that name them */
export async function createCommandFiles(folder: string): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true })
  const named = Object.entries(FILES).map(([variable, name]) => [variable, join(folder, name)] as const)
  await Promise.all(named.map(([, path]) => writeFile(path, '')))
  return Object.fromEntries(named)
}

/** Reads the files of one step after it has ended. A file that the step removed counts as empty. */
export async function readCommandFiles(folder: string): Promise<FileCommands> {
  const read = (variable: keyof typeof FILES) =>
    readFile(join(folder, FILES[variable]), 'utf8').catch(() => '')
  const errors: string[] = []
  const pairs = async (variable: keyof typeof FILES, what: string) => {
    try {
      return parsePairs(await read(variable))
    } catch (error) {
      errors.push(`Unable to process file command '${what}' successfully.`, (error as Error).message)
      return {}
    }
  }
  const env = await pairs('GITHUB_ENV', 'env')
  if ('NODE_OPTIONS' in env) {
    delete env.NODE_OPTIONS
    errors.push(`Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.`)
  }
  return {
    outputs: await pairs('GITHUB_OUTPUT', 'output'),
    env,
    state: await pairs('GITHUB_STATE', 'state'),
    paths: (await read('GITHUB_PATH')).split(/\r?\n/).filter((line) => line !== ''),
    errors,
    ...(await readSummary(join(folder, FILES.GITHUB_STEP_SUMMARY))),
  }
}

async function readSummary(path: string): Promise<Pick<FileCommands, 'summary' | 'summaryError'>> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size === 0) return { summary: undefined, summaryError: undefined }
  if (size > SUMMARY_LIMIT)
    return {
      summary: undefined,
      summaryError: `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.ceil(size / 1024)}k.`,
    }
  return { summary: await readFile(path, 'utf8'), summaryError: undefined }
}

/**
 * Parses `name=value` and `name<<DELIMITER` lines.
 * @throws Error in the runner's words
 */
export function parsePairs(text: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  const lines = text.split(/\r?\n/)
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      if (equals === 0) throw new Error(`Invalid format '${line}'. Name must not be empty`)
      pairs[line.slice(0, equals)] = line.slice(equals + 1)
    } else if (heredoc >= 0) {
      const [name, delimiter] = [line.slice(0, heredoc), line.slice(heredoc + 2)]
      if (name === '' || delimiter === '')
        throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`)
      const end = lines.indexOf(delimiter, index + 1)
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`)
      pairs[name] = lines.slice(index + 1, end).join('\n')
      index = end
    } else throw new Error(`Invalid format '${line}'`)
  }
  return pairs
}
