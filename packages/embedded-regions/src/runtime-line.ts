/** What a stats socket may do: HAProxy's `level`. */
export type Level = 'user' | 'operator' | 'admin'

/** One connection to the command port: settings last as long as it does. */
export interface CommandSession {
  level: Level
  severity: 'none' | 'number' | 'string'
  /** Told of each command that changed something, as it was written. */
  changed?(command: string): void
}

/** A refusal: HAProxy's text, without the newline that ends every reply. */
export class Refusal {
  constructor(
    readonly text: string,
    readonly severity: { number: number; string: string } = { number: 3, string: 'err' },
  ) {}
}

/** A command of the runtime API. */
export interface Command {
  /** The words it begins with. */
  words: string[]
  usage: string
  /** Only for level `admin`. */
  writes?: boolean
  /** `argument` gives the words after the command's own. */
  run(argument: (index: number) => string | undefined, session: CommandSession): string | Refusal
}

/**
 * Runs a line of HAProxy's runtime API and gives the reply to the byte, as HAProxy 2.6 was seen to answer.
 * Commands are chained by `;`. What the embedded proxy does not have is answered as an unknown command.
 */
export function runLine(line: string, commands: readonly Command[], session: CommandSession): string {
  return splitLine(line)
    .map((words) => runCommand(words, commands, session))
    .join('')
}

function runCommand(words: string[], commands: readonly Command[], session: CommandSession): string {
  const command = commands.find((known) => known.words.every((word, index) => word === words[index]))
  if (command === undefined) return reply(unknown(words, commands), session)
  if (command.writes === true && session.level !== 'admin')
    return reply(new Refusal('Permission denied\n'), session)
  const answer = command.run((index) => words[command.words.length + index], session)
  if (command.writes === true && !(answer instanceof Refusal)) session.changed?.(words.join(' '))
  return reply(answer, session)
}

/** Every reply ends with a newline of its own; those that are text have one before it. */
function reply(answer: string | Refusal, session: CommandSession): string {
  if (!(answer instanceof Refusal)) return `${answer}\n`
  const prefix = session.severity === 'none' ? '' : `[${answer.severity[session.severity]}]: `
  return `${prefix}${answer.text}\n`
}

function unknown(words: string[], commands: readonly Command[]): Refusal {
  const opening =
    words.length === 0
      ? 'Unknown command. Please enter one of the following commands only:'
      : 'Unknown command, but maybe one of the following ones is a better match:'
  return new Refusal(usageList(opening, commands), { number: 6, string: 'info' })
}

/** What HAProxy lists for `help` and for a command it does not know. */
export function usageList(opening: string, commands: readonly Command[]): string {
  return [opening, ...commands.map((command) => `  ${command.usage}`), ''].join('\n')
}

/** Splits at `;` and at blanks; a backslash keeps the next character as it is. */
function splitLine(line: string): string[][] {
  const commands: string[][] = [[]]
  const token = /\\(.)|([;\s])|([^\\;\s]+)/gs
  let word: string | undefined
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  for (const [, escaped, separator, plain] of line.matchAll(token)) {
    if (separator === undefined) word = (word ?? '') + (escaped ?? plain ?? '')
    else endWord()
    if (separator === ';') commands.push([])
  }
  endWord()
  return commands
}
