import type { Remedy } from './finding'

/** A terminal of the usual width; what is longer and cannot be broken, such as an address, is left whole. */
const WIDTH = 80

/** Foreign text as a terminal may have it: in one line, without what would move the cursor or turn the writing round. */
export const clean = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .trim()

/**
 * Lines of at most 80 columns, where words allow it.
 * @param label before the first line; the others are indented as far
 */
export function wrapped(label: string, text: string): string[] {
  const indent = ' '.repeat(label.length)
  const lines: string[] = []
  let line = label
  let isEmpty = true
  for (const word of clean(text).split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].map((one) => one.trimEnd())
}

/** How something is mended, below it. */
export function remedyLines(mend: readonly Remedy[], indent: string): string[] {
  return mend.flatMap((one) =>
    'run' in one
      ? one.run.split('\n').map((line) => `${indent}${line}`)
      : [`${indent}in ${clean(one.edit)}:`, ...one.to.split('\n').map((line) => `${indent}  ${line}`)],
  )
}

/** ISO 8601 as people read it: `2026-11-20 12:04 UTC`. */
export const moment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`

/** `1 region`, `2 regions`. */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`
