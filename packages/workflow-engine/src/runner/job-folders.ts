import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Folders of one job on its machine, all new. */
export interface JobFolders {
  root: string
  workspace: string
  temp: string
  home: string
  tools: string
  /** One folder per step, with the files it writes its outputs to. */
  commands: string
}

/** RUNNER_TEMP of a job: what its actions leave there can be read while it runs. @param work as in EngineOptions */
export const tempFolder = (work: string, jobId: number): string => join(rootFolder(work, jobId), '_temp')

const rootFolder = (work: string, jobId: number): string => join(work, `job-${jobId}`)

/** Makes the folders of a job; whatever an earlier engine left there goes. */
export async function createJobFolders(work: string, jobId: number, repository: string): Promise<JobFolders> {
  const root = rootFolder(work, jobId)
  const temp = tempFolder(work, jobId)
  const name = repository.split('/')[1] ?? repository
  const folders: JobFolders = {
    root,
    workspace: join(root, name, name),
    temp,
    home: join(root, 'home'),
    tools: join(root, '_tool'),
    commands: join(temp, '_runner_file_commands'),
  }
  await rm(root, { recursive: true, force: true })
  await Promise.all((Object.values(folders) as string[]).map((folder) => mkdir(folder, { recursive: true })))
  return folders
}

/** The `runner` context. */
export function runnerContext(name: string, folders: JobFolders): Record<string, string> {
  return {
    name,
    os: process.platform === 'darwin' ? 'macOS' : 'Linux',
    arch: process.arch.toUpperCase(),
    environment: 'github-hosted',
    temp: folders.temp,
    tool_cache: folders.tools,
    workspace: dirname(folders.workspace),
  }
}
