import { resolve } from 'node:path'

/** Folder of the whole repository. */
export const projectRoot = resolve(import.meta.dirname, '../../..')

/** What `build` leaves for `assemble`: `suite/`, `cli/` and `NOTICE`. */
export const builtFolder = resolve(import.meta.dirname, '../dist')
