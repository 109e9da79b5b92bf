import { details, escapeText, fenced, table } from '@deploy-actions/action-kit'
import {
  attributeChangesOf,
  VERBS,
  type Verb,
  type AttributeChange,
  type Change,
  type FailedCheck,
  type OutputChange,
  type SensitiveTexts,
} from '@deploy-actions/terraform'

/** A plan as people are shown it. Nothing sensitive is in it. */
export interface Shown {
  title: string
  verdict: string
  changes: readonly Change[]
  outputs: readonly OutputChange[]
  drift: readonly Change[]
  checks: readonly FailedCheck[]
  violations: readonly string[]
  secrets: SensitiveTexts
}

/** GitHub drops a summary of more than 1 MiB whole, and the kit cuts before that, wherever it is. */
const MOST_BYTES = 960 * 1024
/** Of these the addresses take so much, and the attributes of changes, as many as fit whole, so much of what is left. */
const OF_ADDRESSES = 0.73
const OF_DETAILS = 0.4
/** So many sentences of one kind are shown, such as violations: the addresses stand beneath them. */
const MOST_TOLD = 50
/** Of what is created or only moves, of outputs and of drift, so many are named; of what is lost or changed, all. */
const MOST_NAMED = 500

/** The plan for the person who approves it: what is lost first. @param most bytes of the whole */
export function planSummary(shown: Shown, most = MOST_BYTES): string {
  const { title, verdict, changes, outputs, drift, checks, violations, secrets } = shown
  const sections = [
    `### ${escapeText(title)}\n\n${escapeText(verdict)}`,
    ...listed('Refused', violations, secrets),
    ...addresses(changes, secrets, OF_ADDRESSES * most),
    ...named(
      ['Output', ''],
      outputs.map(({ name, verb }) => [name, verb]),
    ),
    ...named(
      ['Changed outside', ''],
      drift.map(({ address, verb }) => [secrets.clean(address), verb === 'delete' ? 'gone' : 'changed']),
    ),
    ...listed(
      'Checks that fail',
      checks.map(({ name, problems }) => [name, ...problems].join(': ')),
      secrets,
    ),
  ]
  const text = wholeWithin(sections, most)
  const room = Math.min(OF_DETAILS * most, most - Buffer.byteLength(text) - MARKUP_BYTES)
  return wholeWithin([text, ...attributes(changes, secrets, room)], most)
}

/** What is left out is said; whatever is lost stays, since it comes first. */
function wholeWithin(sections: readonly string[], most: number): string {
  let text = ''
  for (const [index, section] of sections.entries()) {
    const next = text === '' ? section : `${text}\n\n${section}`
    if (Buffer.byteLength(next) > most)
      return `${text}\n\n${sections.length - index} parts are left out, for want of room.`
    text = next
  }
  return text
}

function listed(title: string, sentences: readonly string[], secrets: SensitiveTexts): string[] {
  if (sentences.length === 0) return []
  const left = sentences.length - MOST_TOLD
  const lines = sentences
    .slice(0, MOST_TOLD)
    .map((one) => escapeText(cut(secrets.clean(one), LONGEST_SENTENCE)))
  return [
    `**${title}**\n\n${[...lines, ...(left > 0 ? [`and ${left} more`] : [])].map((line) => `- ${line}`).join('\n')}`,
  ]
}

function named(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const left = rows.length - MOST_NAMED
  return [table(header, rows.slice(0, MOST_NAMED)) + (left > 0 ? `\n\nand ${left} more` : '')]
}

const WHY: Readonly<Record<string, string>> = {
  replace_because_cannot_update: 'cannot be changed in place',
  replace_because_tainted: 'is tainted',
  replace_by_request: 'as asked for',
  replace_by_triggers: 'by its triggers',
  delete_because_no_resource_config: 'is no longer in the configuration',
  delete_because_wrong_repetition: 'has another kind of repetition',
  delete_because_count_index: 'is beyond count',
  delete_because_each_key: 'has no key in for_each',
  delete_because_no_module: 'its module is no longer there',
  delete_because_no_move_target: 'has nowhere to move to',
  read_because_config_unknown: 'is known only after the apply',
  read_because_dependency_pending: 'what it depends on changes',
  read_because_check_nested: 'is a part of a check',
}

const why = ({ reason, movedFrom, importedAs, deposed, createsFirst }: Change): string =>
  [
    reason === undefined ? '' : (WHY[reason] ?? reason),
    movedFrom === undefined ? '' : `moved from ${movedFrom}`,
    importedAs === undefined ? '' : `imported as ${importedAs || 'an id that is not known yet'}`,
    deposed === undefined ? '' : `left behind by a replacement (${deposed})`,
    createsFirst ? 'the new one is made first' : '',
  ]
    .filter(Boolean)
    .join('; ')

const LOST: readonly Verb[] = ['replace', 'delete', 'forget']
const QUIET: readonly Verb[] = ['create', 'import', 'move', 'read']

/** Who approves must have read what is lost: where there is too much of it, why is left out, and then the others. */
function addresses(changes: readonly Change[], secrets: SensitiveTexts, most: number): string[] {
  if (changes.length === 0) return []
  const quiet = changes.filter(({ verb }) => QUIET.includes(verb))
  const shown = [...changes.filter(({ verb }) => !QUIET.includes(verb)), ...quiet.slice(0, MOST_NAMED)]
  const rows = shown.map((one) => [one.verb, secrets.clean(one.address), secrets.clean(why(one))])
  const lost = shown.filter(({ verb }) => LOST.includes(verb)).length
  const isTooMuch = fitting(rows.slice(0, lost), most) < lost
  const told = rows.map(([verb = '', address = '', reason = ''], index) => [
    ...[verb, address],
    isTooMuch && index < lost ? '' : reason,
  ])
  const many = fitting(told, most)
  const left = [...shown.slice(many), ...quiet.slice(MOST_NAMED)]
  return [
    table(['', 'Address', 'Why'], told.slice(0, many)) +
      (left.length > 0 ? `\n\nand ${left.length} more that are not named here: ${countsLine(left, [])}` : ''),
  ]
}

/** How many rows of a table take so many bytes at the most. */
function fitting(rows: readonly (readonly string[])[], most: number): number {
  let bytes = 0
  const end = rows.findIndex((row) => {
    bytes += Buffer.byteLength(`| ${row.map(escapeText).join(' | ')} |\n`)
    return bytes > most
  })
  return end === -1 ? rows.length : end
}

const SIGNS = { add: '+', remove: '-', change: '~' } as const
/** A value or a sentence longer than this is cut, whole characters only. */
const LONGEST_VALUE = 300
const LONGEST_SENTENCE = 2_000
/** For what stands around them. */
const MARKUP_BYTES = 4 * 1024

function attributes(changes: readonly Change[], secrets: SensitiveTexts, most: number): string[] {
  const shown: string[] = []
  let bytes = 0
  for (const [index, change] of changes.entries()) {
    const lines = attributeChangesOf(change.planned.change, secrets).map(attributeLine)
    if (lines.length === 0) continue
    const block = [`${change.verb} ${secrets.clean(change.address)}`, ...lines].join('\n')
    bytes += Buffer.byteLength(block) + 2
    if (bytes > most) {
      shown.push(`and those of ${changes.length - index} more objects`)
      break
    }
    shown.push(block)
  }
  return shown.length === 0 ? [] : [details('Attributes', fenced(shown.join('\n\n'), 'diff'))]
}

function attributeLine({ path, kind, before, after, forcesReplacement }: AttributeChange): string {
  const values = [before, after].filter((one) => one !== undefined).map((one) => cut(one, LONGEST_VALUE))
  return `${SIGNS[kind]} ${path} = ${values.join(' -> ')}${forcesReplacement ? '  # forces replacement' : ''}`
}

function cut(text: string, longest: number): string {
  const characters = Array.from(text)
  return characters.length <= longest
    ? text
    : `${characters.slice(0, longest).join('')}... (${characters.length} characters)`
}

/** `2 to replace, 1 to destroy, 3 to change, 10 to add`; what there is none of is left out. */
export function countsLine(changes: readonly Change[], outputs: readonly OutputChange[]): string {
  const words = {
    ...Object.fromEntries(VERBS.map((verb) => [verb, `to ${verb}`])),
    delete: 'to destroy',
    create: 'to add',
    update: 'to change',
  } as Record<string, string>
  const counts = VERBS.flatMap((verb) => {
    const many = changes.filter((change) => change.verb === verb).length
    return many === 0 ? [] : [`${many} ${words[verb]}`]
  })
  const more =
    outputs.length === 0 ? [] : [`${outputs.length} ${outputs.length === 1 ? 'output' : 'outputs'} to change`]
  return [...counts, ...more].join(', ')
}
