import { InputError } from '@deploy-actions/action-kit'
import { selectRegions } from '@deploy-actions/rollout'

/**
 * Those of a file that a run is for, in the order of the file.
 * @param wanted `all` or names, separated by commas or blanks
 * @throws InputError with every name that none of them has, or where it names none
 */
export function chosen<R extends { name: string }>(
  all: readonly R[],
  wanted: string,
  { input, noun, path }: { input: string; noun: string; path: string },
): R[] {
  const { selected, unknown } = selectRegions(all, wanted)
  const known = all.map(({ name }) => name).join(', ') || 'none'
  const where = `input \`${input}\``
  if (unknown.length > 0)
    throw new InputError(
      unknown.map((name) => ({
        where,
        message: `no ${noun} is named ${name}; known in ${path}: ${known}`,
      })),
    )
  if (selected.length === 0)
    throw new InputError([{ where, message: `names no ${noun}; write all or some of ${known}` }])
  return selected
}
