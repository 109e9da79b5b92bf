import { readFile } from 'node:fs/promises'
import { InputError, messageOf, secretLines, type Secrets } from '@deploy-actions/action-kit'

/** Reads KEY=VALUE lines, as DEPLOY_SECRETS has them. @throws InputError when it cannot be read as these */
export async function readSecrets(file: string): Promise<Secrets> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new InputError([{ where: file, message: `cannot be read: ${messageOf(error)}` }])
  })
  const read = secretLines.safeParse(text)
  if (read.success) return read.data
  throw new InputError(read.error.issues.map(({ message }) => ({ where: file, message })))
}
