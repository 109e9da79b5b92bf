import { clean } from './screen'

/** A repository as GitHub's own command line is told of it. */
export interface GhRepository {
  owner: string
  repo: string
  /** of an Enterprise Server */
  host?: string
}

const WIDTH = 72

/** A word of a command for any POSIX shell: as it is, or in single quotes; without what a terminal would obey. */
const quoted = (given: string): string => {
  const word = clean(given)
  return /^[\w@%+=:,./-][\w@%+=:,./#-]*$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** A part of a command that a shell is to read as it is written. */
class Written {
  constructor(readonly text: string) {}
}

type Word = string | Written

const shown = (word: Word): string => (word instanceof Written ? word.text : quoted(word))

/** A command of words, each of which may be several; broken before one of these where it is long. */
export function command(...words: readonly (Word | readonly Word[])[]): string {
  const [first = '', ...rest] = words.map((word) =>
    (word instanceof Array ? word : [word]).map(shown).join(' '),
  )
  const lines: string[] = []
  let line = first
  for (const word of rest) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(`${line} \\`)
      line = `  ${word}`
    } else line += ` ${word}`
  }
  return [...lines, line].join('\n')
}

/** The number of whoever runs the command, as a value of {@link ghApi}. */
export const OWN_ID = new Written('$(gh api user --jq .id)')

type Fields = readonly (readonly [key: string, value: string | number | boolean | Written | undefined])[]

/** `gh api -X PUT repos/OWNER/NAME/PATH -F key=value`; a key with brackets is one in an object, and `key[]` without a value an empty list. */
export function ghApi(
  { owner, repo, host }: GhRepository,
  method: 'PUT' | 'POST' | 'DELETE' | 'GET',
  path: string,
  fields: Fields = [],
): string {
  return command(
    ['gh', 'api', '-X', method],
    ...(host === undefined ? [] : [['--hostname', host]]),
    `repos/${owner}/${repo}/${path}`,
    ...fields.map(([key, value]) => field(key, value)),
  )
}

/**
 * -f takes a text as it is, to -F it may be a number, true, or a file. Objects in lists are -F throughout, since gh reads
 * all of -f before all of -F, and would not know which belong together.
 */
function field(key: string, value: Fields[number][1]): Word[] {
  if (value === undefined) return ['-F', key]
  if (value instanceof Written) return ['-F', new Written(`"${key}=${value.text}"`)]
  return [typeof value === 'string' && !key.includes('[][') ? '-f' : '-F', `${key}=${value}`]
}

const repoFlag = ({ owner, repo, host }: GhRepository): string[] => [
  '--repo',
  `${host === undefined ? '' : `${host}/`}${owner}/${repo}`,
]

/** `gh workflow run FILE --repo OWNER/NAME -f key=value` */
export const ghWorkflowRun = (
  repository: GhRepository,
  file: string,
  inputs: Readonly<Record<string, string>>,
): string =>
  command(
    ['gh', 'workflow', 'run', file],
    repoFlag(repository),
    ...Object.entries(inputs).map(([name, value]) => ['-f', `${name}=${value}`]),
  )

/** `gh secret set NAME --repo OWNER/NAME`, which asks for the value. */
export const ghSecretSet = (repository: GhRepository, name: string): string =>
  command(['gh', 'secret', 'set', name], repoFlag(repository))
