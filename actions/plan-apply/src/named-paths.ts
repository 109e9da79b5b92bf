/** Linux takes no longer path. */
const LONGEST_PATH = 4096
/** A text that names more is a list of what may be anywhere. */
const MOST_PATHS = 1_000
/** No folder is as deep as a path that goes up more often. */
const MOST_UPS = 50

/** `${path.module}` and the like in a template. Each is tried as the folder of the file and as that of the stack. */
const HERE = /\$\{~?\s*(?:abspath\(\s*path\.(?:module|root|cwd)\s*\)|path\.(?:module|root|cwd))\s*~?\}/g
const MARK = '\0'

/** Where it is the folder itself, or gives no more than its name. */
const PLAIN =
  /=\s*path\.(?:module|root|cwd)(?=\s*(?:[,)}\n#]|$))|\bfileset\(\s*path\.(?:module|root|cwd)\s*,|\bbasename\(\s*(?:abspath\(\s*path\.(?:module|root|cwd)\s*\)|path\.(?:module|root|cwd))\s*\)/g

/** What makes another folder of one. */
const MADE = /\bpath\.(?:module|root|cwd)\b|\b(?:dirname|abspath)\s*\(/

/** A path, or a part of one that has a blank or a variable in it. */
const WORD = /[\p{L}\p{M}\p{N}_.+@~/\0-]+/gu
/** What may stand before the beginning of a path. */
const BEFORE = /^$|[\s"'`=([,:;<>|&!#]/
const GOES_UP = /(?:^|\/)\.\.(?:\/|$)/
const ONLY_UP = /^(?:\.\.?(?:\/|$))+$/
/** Followed by what is not known: a variable, a pattern, the verb of a format. */
const OPEN = /[$*?{[%\\\0]/
/** Of these a path with a part `..` may follow, unlike of a pattern. */
const VARIABLE = /[$%\0]/
const SOURCE = /\bsource"?\s*[=:]\s*"$/
/** Where a text is a path from its beginning on: nothing that is named elsewhere stands before it. */
const FROM_ITS_BEGINNING =
  /\b(?:source"?\s*[=:]|(?:file\w*|templatefile)\(|fileset\(\s*(?:path\.\w+|"\0")\s*,)\s*"$/
/** That, and what is said in a line of its own of comments. */
const STANDS_ALONE = new RegExp(`${FROM_ITS_BEGINNING.source}|(?:^|\\n)\\s*(?:#|//)[^\\n]*$`)
/** The folder itself, where a path that is known elsewhere may be put behind it. */
const KEPT = /=\s*path\.(?:module|root|cwd)\b|\bfileset\(\s*(?:path\.\w+|"\0")\s*,\s*[^\s"]/
/** A template is read whatever it is called. */
const TEMPLATE = /\btemplatefile\(\s*"([^"$%*?]+)"/g
/** Before a text of data that stands by itself. */
const AS_VALUE = /["']$|[:=,[{-]\s*$/

interface Word {
  word: string
  /** the text before it */
  before: string
  /** it, and what follows up to the end of its quotes or its line */
  rest: string
}

/** What a text says of paths that lead out of a folder. */
export interface Named {
  paths: readonly string[]
  /** one of them may be the beginning of a path that is put together of several */
  isBeginning: boolean
  /** the folder of the file itself may be one, where that is another than the stack's */
  isHere: boolean
  /** those that may be put behind such a beginning, or one behind another, and go up from there */
  ends: readonly string[]
}

/**
 * The paths in a text that lead out of a folder, as they stand there: words with a part `..`, whatever surrounds them, up to
 * their end and up to that of their quotes. Of a path that ends in a variable or a pattern it is the folder before that.
 * `anywhere`, where it cannot be known: where a variable comes before the `..`; where a text is `..` alone, and no module's
 * source, so that it becomes a part of some path; and, in a configuration, where `path.module`, `path.root` or `path.cwd` is
 * used in another way than PLAIN, or a path is made by `dirname` or `abspath`. This is no parser: what is found in a comment
 * makes a plan more.
 */
export function namedPaths(text: string, isConfiguration: boolean): Named | 'anywhere' {
  const plain = text.replaceAll(HERE, MARK).replaceAll(/\\[nrt"]/g, '"')
  if (isConfiguration && MADE.test(plain.replaceAll(PLAIN, ''))) return 'anywhere'
  const paths = new Set<string>()
  const ends = new Set<string>()
  let isBeginning = false
  let isHere = isConfiguration && KEPT.test(plain)
  for (const { 0: word, index } of plain.matchAll(WORD)) {
    const goesUp = GOES_UP.test(word)
    if (word.length > LONGEST_PATH || !(goesUp || word.includes(MARK))) continue
    const [rest = ''] = plain.slice(index, index + LONGEST_PATH).split(/["\n]/, 1)
    const one = { word, before: plain.slice(Math.max(0, index - 100), index), rest }
    if (!isConfiguration && isProse(one)) continue
    if (isAnywhere(one)) return 'anywhere'
    if (!goesUp) {
      isHere ||= VARIABLE.test(rest.slice(word.length))
      continue
    }
    const found = pathsOf(one)
    for (const path of found) paths.add(path)
    if (paths.size > MOST_PATHS || found.some((path) => path.split('..').length > MOST_UPS)) return 'anywhere'
    isBeginning ||= mayBegin(one)
    if (!word.includes(MARK) && !STANDS_ALONE.test(one.before)) ends.add(word)
  }
  if (isConfiguration) for (const [, template = ''] of plain.matchAll(TEMPLATE)) paths.add(fromHere(template))
  return { paths: [...paths], isBeginning, isHere, ends: [...ends] }
}

const isProse = ({ word, before, rest }: Word): boolean =>
  word === '..' && !AS_VALUE.test(before) && rest.trim() !== '..'

/** Something comes behind it, or it is kept, and has a place that others are from. */
const mayBegin = ({ word, before, rest }: Word): boolean =>
  VARIABLE.test(rest.slice(word.length)) || (word.includes(MARK) && !FROM_ITS_BEGINNING.test(before))

function isAnywhere({ word, before, rest }: Word): boolean {
  const isOpen = OPEN.test(rest.charAt(word.length))
  // The folder, or a path within: with more of a name at its end, or something before it, it is another one.
  if (word.includes(MARK)) return !/^(?:\.?\/)*\0(?:\/[^\0]*)?$/.test(word) || (isOpen && word.endsWith(MARK))
  if (!BEFORE.test(before.slice(-1))) return true
  return ONLY_UP.test(word) && !isOpen && !SOURCE.test(before)
}

/** Both ends that it may have: a name may hold blanks, and a command goes on after them. */
function pathsOf({ word, rest }: Word): string[] {
  const [end, quoted] = [fromHere(word), fromHere(rest)]
  const open = quoted.search(OPEN)
  const whole = open === -1 ? quoted : folderBefore(quoted.slice(0, open))
  return [open === end.length ? folderBefore(end) : end, whole]
}

/** A slash at its beginning is of what it is put behind. */
const fromHere = (path: string): string => path.replace(/^(?:\.?\/)*\0?\/*/, '')

const folderBefore = (path: string): string =>
  /(?:^|\/)\.\.$/.test(path) ? path : path.slice(0, path.lastIndexOf('/') + 1)
