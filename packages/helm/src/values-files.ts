import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER = 'helm-values-'

/** Hands one text to a program as a file that only its owner reads, for as long as `use` takes. */
export const withPrivateFile = <T>(
  temp: string,
  text: string,
  use: (file: string) => Promise<T>,
): Promise<T> => withValuesFiles(temp, [text], ([file = '']) => use(file))

/**
 * Hands texts of values to Helm as files that only their owner reads, in the folder that a job has for itself, and
 * removes them again however it ended. Never as `--set`: everybody on the machine sees the arguments of a program, and
 * Helm repeats them in its errors.
 */
export async function withValuesFiles<T>(
  temp: string,
  texts: readonly string[],
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  if (texts.length === 0) return use([])
  const folder = await mkdtemp(join(temp, FOLDER))
  try {
    const files = texts.map((_, index) => join(folder, `${index}.yaml`))
    for (const [index, text] of texts.entries())
      await writeFile(files[index] ?? '', text, { mode: 0o600, flag: 'wx' })
    return await use(files)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Removes what a main that was killed could not: nobody may find its values when the job is over. */
export async function removeValuesFiles(temp: string): Promise<void> {
  const left = (await readdir(temp)).filter((name) => name.startsWith(FOLDER))
  await Promise.all(left.map((name) => rm(join(temp, name), { recursive: true, force: true })))
}
