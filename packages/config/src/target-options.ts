import { checks, type TargetOption } from '@deploy-actions/checks'
import type { ValuePath } from './variables'
import { loose } from './yaml-source'

/** A document whose checks say everything, and where they did not. */
export interface CompletedChecks {
  value: unknown
  /** options that nobody wrote: they stand elsewhere in the file, and so does what is wrong with them */
  added: readonly ValuePath[]
}

/** What the target of a document is, as far as it says so. */
function targetOf(value: unknown): Record<TargetOption, unknown> {
  const document = loose(value)
  return {
    router: loose(loose(document['traffic'])['canary'])['router'],
    arms: loose(document['arms'])['names'],
  }
}

/** Gives each check the options that it leaves to its target. */
export async function completeChecks(value: unknown): Promise<CompletedChecks> {
  const target = targetOf(value)
  const added: ValuePath[] = []
  const written = loose(value)['checks']
  // A list is refused as it is.
  if (Array.isArray(written)) return { value, added }
  const completed = await Promise.all(
    Object.entries(loose(written)).map(async ([name, check]) => {
      const given = loose(check)
      const left = (await ofTarget(given['type'])).filter(
        (option) => given[option] === undefined && target[option] !== undefined,
      )
      for (const option of left) added.push(['checks', name, option])
      if (left.length === 0) return [name, check]
      return [name, { ...given, ...Object.fromEntries(left.map((option) => [option, target[option]])) }]
    }),
  )
  return added.length === 0
    ? { value, added }
    : { value: { ...loose(value), checks: Object.fromEntries(completed) as unknown }, added }
}

/** The options that a type of check leaves to its target. */
async function ofTarget(type: unknown): Promise<readonly TargetOption[]> {
  const known = typeof type === 'string' && checks.types.includes(type)
  return known ? ((await checks.load(type)).ofTarget ?? []) : []
}
