import { z } from 'zod'

/** How something is mended: a command for a shell, or a change of a file. */
const remedy = z.union([
  z.strictObject({ run: z.string() }),
  z.strictObject({ edit: z.string().describe('path of the file'), to: z.string() }),
])
export type Remedy = z.infer<typeof remedy>

/** Something that a person has to see to. */
export const findingOf = <const K extends readonly string[]>(kinds: K) =>
  z.strictObject({
    kind: z.enum(kinds),
    where: z.string().describe('region, environment or file'),
    what: z.string(),
    why: z.string().describe('why it hurts, in one clause'),
    mend: z.array(remedy),
  })

/** What could not be looked at: neither right nor wrong. */
export const unchecked = z.strictObject({ what: z.string(), why: z.string() })
export type Unchecked = z.infer<typeof unchecked>
