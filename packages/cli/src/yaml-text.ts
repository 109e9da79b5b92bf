import { parse } from 'yaml'

/** A text as YAML reads it back, in one line, and plain where that is safe. */
export function yamlText(text: string): string {
  const isPlain = /^[A-Za-z0-9][\w./-]*$/.test(text) && parse(text) === text
  return isPlain ? text : JSON.stringify(text)
}
