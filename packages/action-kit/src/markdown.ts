/** Makes any text safe inside a Markdown table cell or sentence: no markup, no mention, no HTML, no line break. */
export function escapeText(text: string): string {
  return text
    .replace(/[\\`*_[\]|~#]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@/g, '@\u200b')
    .replace(/\r\n?|\n/g, ' ')
}

/** A table; cells are escaped here, so callers pass plain text. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(header.map(escapeText)),
    line(header.map(() => '---')),
    ...rows.map((row) => line(row.map(escapeText))),
  ].join('\n')
}

/** Literal text on its own lines: the fence is longer than any run of backticks within. */
export function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`
}

/** A folded block. */
export function details(title: string, body: string): string {
  return `<details><summary>${escapeText(title)}</summary>\n\n${body}\n\n</details>`
}

/** An ISO 8601 moment as people read it beside others of the same day: `10:12:03 UTC`. */
export const clockTime = (iso: string): string => `${iso.slice(11, 19)} UTC`
