import { fileURLToPath } from 'node:url'
import type { SuiteFolders } from '@deploy-actions/rehearsal'

/** Beside the bundled CLI in a release tree, or in the sources. */
const inSources = import.meta.url.endsWith('.ts')
const folder = (inTree: string, inRepository: string): string =>
  fileURLToPath(new URL(inSources ? `../../../${inRepository}` : `../${inTree}`, import.meta.url))

/** Where the templates and actions of this very version are. */
export const suiteFolders: SuiteFolders = {
  workflows: folder('.github/workflows', 'workflows-templates'),
  actions: folder('.', 'actions'),
}

/** The ready callers, to be copied. */
export const callersFolder = folder('callers', 'workflows-templates/callers')
