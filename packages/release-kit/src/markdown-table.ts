/** A Markdown table; cells are Markdown already, only their pipes are escaped. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Puts a content between the markers of that name. @throws Error when the page lacks them */
export function between(page: string, name: string, content: string): string {
  const block = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`)
  if (!block.test(page)) throw new Error(`the page has no <!-- ${name} --> and <!-- /${name} -->`)
  return page.replace(block, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`)
}
