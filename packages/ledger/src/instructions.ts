import { z } from 'zod'
import { formatPercent, lazily, percent } from '@deploy-actions/rollout'
import { cutTo } from './note'

/**
 * What a person may say to a rollout that is under way. `hold`: it waits at its stage, watched; `release` ends that.
 * `confirm`: yes to the stage that waits for it. `skip`: on to 100 % at once, for a hotfix. `abort`: as if the stage had
 * failed.
 */
export const instructionKinds = ['hold', 'release', 'confirm', 'skip', 'abort'] as const
export type InstructionKind = (typeof instructionKinds)[number]

/** What is said, to one transaction. */
export interface Instruction {
  kind: InstructionKind
  /** with `confirm`: the stage that is confirmed, in basis points; a yes to another one is none */
  stage?: number | undefined
  by: string
  reason: string
}

/** As it stands in the ledger: of two, the one with the greater number was said later. */
export interface GivenInstruction extends Instruction {
  number: number
}

/** `instruction confirm 25% by ann: looks good`, cut to what a ledger keeps. */
export function describeInstruction({ kind, stage, by, reason }: Instruction, longest: number): string {
  const what = stage === undefined ? kind : `${kind} ${formatPercent(stage)}`
  return cutTo(longest, `instruction ${what} by ${by}: ${reason.replace(/\s+/g, ' ')}`)
}

const WRITTEN = new RegExp(
  `^instruction (?<kind>${instructionKinds.join('|')})(?: (?<stage>\\d+(?:\\.\\d+)?%))? by (?<by>[^:]+): (?<reason>.*)$`,
)

/** Reads what {@link describeInstruction} wrote; undefined for any other text. */
export function readInstruction(text: string): Instruction | undefined {
  return written().safeParse(WRITTEN.exec(text)?.groups).data
}

/** A yes names its stage, and nothing else does. */
const written = lazily(() =>
  z
    .object({
      kind: z.enum(instructionKinds),
      stage: percent.optional(),
      by: z.string(),
      reason: z.string(),
    })
    .refine(({ kind, stage }) => (kind === 'confirm') === (stage !== undefined)),
)

/**
 * The artifact that a run uploads before it says something: who posts a status may be anybody. Its names in the order in
 * which they are tried, since one whose upload failed stays taken.
 */
export function instructionArtifacts(
  id: string,
  { kind, stage }: Pick<Instruction, 'kind' | 'stage'>,
): string[] {
  const name = `instruction-${id}-${kind}${stage === undefined ? '' : `-${stage}`}`
  return [name, `${name}-2`, `${name}-3`]
}
