import { InputError, type Problem } from '@deploy-actions/action-kit'

/** What is read; or undefined where it has problems, which are kept with the others, to be told all at once. */
export async function gathered<T>(problems: Problem[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}
