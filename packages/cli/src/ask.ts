import { createInterface } from 'node:readline/promises'

/** What asks a person; false is no. */
export type Ask = (question: string) => Promise<boolean>

/** A person can be asked. */
export const isTerminal = (): boolean => process.stdin.isTTY

/** @param question with its space at the end */
export async function askLine(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return (await terminal.question(question)).trim()
  } finally {
    terminal.close()
  }
}
