import type { Annotation } from '../run-view'
import type { Masks } from './masks'

/** Source: ExecutionContext.cs of actions/runner. */
const ANNOTATIONS_PER_LEVEL = 10
const ANNOTATION_LENGTH = 4096

/** Where the lines of a step go. */
interface LogSink {
  masks: Masks
  line(text: string): void
  annotate(annotation: Annotation): void
}

/** Reads the output of one step: workflow commands are obeyed, everything is masked. */
export class LogCommands {
  private stoppedBy: string | undefined
  private readonly counts = { error: 0, warning: 0, notice: 0 }

  constructor(
    private readonly sink: LogSink,
    private readonly step: number,
  ) {}

  /** Takes one line of output, without its newline. The old form, `##[`, may stand anywhere in it (ActionCommand.cs). */
  write(raw: string): void {
    const line = raw.replace(/\r$/, '')
    const command =
      /^\s*::([^\s:]+)(?: (.*?))?::(.*)$/.exec(line) ?? /##\[([a-z-]+)(?: (.*?))?\](.*)$/i.exec(line)
    if (this.stoppedBy !== undefined) {
      if (line.trim() === `::${this.stoppedBy}::`) this.stoppedBy = undefined
      return this.print(line)
    }
    if (!command) return this.print(line)
    const [, name = '', properties = '', data = ''] = command
    this.obey(name.toLowerCase(), readProperties(properties), unescapeData(data), line)
  }

  /** Writes a text of the runner's own: masked, but not searched for commands. */
  print(text: string): void {
    for (const line of text.split('\n')) this.sink.line(this.sink.masks.hide(line))
  }

  /** Keeps a message of the step as the runner does: ten per level, cut at 4096 characters. */
  annotate(level: Annotation['level'], message: string, properties: Record<string, string> = {}): void {
    this.print(`##[${level}]${message}`)
    if (this.counts[level] >= ANNOTATIONS_PER_LEVEL) return
    this.counts[level]++
    const { title, file, line } = properties
    this.sink.annotate({
      level,
      message: this.sink.masks.hide(message).slice(0, ANNOTATION_LENGTH),
      ...(title === undefined ? {} : { title: this.sink.masks.hide(title) }),
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line: Number(line) }),
      step: this.step,
    })
  }

  private obey(name: string, properties: Record<string, string>, data: string, line: string): void {
    switch (name) {
      case 'error':
      case 'warning':
      case 'notice':
        return this.annotate(name, data, properties)
      case 'add-mask':
        this.sink.masks.add(data)
        return this.print('::add-mask::***')
      case 'stop-commands':
        this.stoppedBy = data
        return this.print(line)
      case 'group':
        return this.print(`##[group]${data}`)
      case 'endgroup':
        return this.print('##[endgroup]')
      case 'debug':
        return
      case 'set-output':
      case 'save-state':
      case 'set-env':
      case 'add-path':
        return this.annotate(
          'error',
          `The command '${name}' is not supported by the rehearsal: write to the file instead`,
        )
      default:
        return this.print(line)
    }
  }
}

function readProperties(text: string): Record<string, string> {
  const pairs = text
    .split(',')
    .map((pair) => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')] as const)
  return Object.fromEntries(
    pairs.filter(([key]) => key.trim() !== '').map(([key, value]) => [key.trim(), unescapeProperty(value)]),
  )
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','))
}
