import { Cancelled, InputError, messageOf } from '@deploy-actions/action-kit'
import type { Reading } from './check'

/** Something that is not as it should be, in words. */
export interface Finding {
  what: string
  /** no waiting will mend it */
  fatal?: boolean
}

/** One line of several findings; where there are none, what is as it should be. */
export function readingOf(findings: readonly Finding[], green: string): Reading {
  if (findings.length === 0) return { state: 'green', detail: green }
  const detail = findings.map(({ what }) => what).join('; ')
  return { state: 'red', detail, ...(findings.some(({ fatal }) => fatal) && { fatal: true }) }
}

/** A look at a cluster: what it does not answer is not known, and what no look will mend is red at once. */
export async function probed(look: () => Promise<Reading>): Promise<Reading> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof Cancelled) throw error
    if (error instanceof InputError) return { state: 'red', fatal: true, detail: oneLine(messageOf(error)) }
    return { state: 'unknown', detail: oneLine(messageOf(error)) }
  }
}

const oneLine = (text: string): string => text.replaceAll('\n', '; ')
