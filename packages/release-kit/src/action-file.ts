import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { projectRoot } from './project-root'

/** An action.yml as we write it. */
export interface ActionFile {
  name: string
  description: string
  author: string
  branding: { icon: string; color: string }
  inputs: Record<string, { description: string; required: boolean; default?: string }>
  outputs: Record<string, { description: string }>
  runs: { using: string; main: string; post?: string }
}

/** Folder of an action. */
export const actionFolder = (action: string): string => join(projectRoot, 'actions', action)

/** Reads the action.yml of an action. */
export async function readActionFile(action: string): Promise<ActionFile> {
  return parse(await readFile(join(actionFolder(action), 'action.yml'), 'utf8')) as ActionFile
}
