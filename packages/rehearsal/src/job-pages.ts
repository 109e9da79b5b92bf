import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'

/** The engine's folder of the jobs' own files. */
export const jobFolder = (output: string): string => join(output, 'jobs')

/** Takes away what an earlier rehearsal left here of its jobs: they have the same numbers, and would be read as of this one. */
export async function clearPages(output: string): Promise<void> {
  const folders = [jobFolder(output), join(output, 'logs'), join(output, 'summaries')]
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
}

/** The log of every job, as GitHub's page would have it. */
export async function writeLogs({ jobs }: RunView, output: string): Promise<void> {
  await mkdir(join(output, 'logs'), { recursive: true })
  const text = ({ steps }: JobView): string =>
    steps.map(({ name, conclusion, log }) => `##[${conclusion ?? 'unfinished'}] ${name}\n${log}`).join('\n')
  await Promise.all(
    jobs.map((job) =>
      writeFile(join(output, 'logs', `${job.id}-${job.name.replace(/[^A-Za-z0-9]+/g, '-')}.log`), text(job)),
    ),
  )
}

/** The job summaries as GitHub would show them, a file a job, in the order in which the jobs began. */
export async function writeSummaries(run: RunView, folder: string): Promise<string[]> {
  const target = join(folder, 'summaries')
  await mkdir(target, { recursive: true })
  const jobs = run.jobs
    .filter(({ steps }) => steps.some(({ summary }) => summary))
    .sort((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? ''))
  return Promise.all(
    jobs.map(async ({ name, steps }, index) => {
      const file = join(
        target,
        `${String(index + 1).padStart(2, '0')}-${name.replace(/[^A-Za-z0-9]+/g, '-')}.md`,
      )
      await writeFile(file, `${steps.flatMap(({ summary }) => summary ?? []).join('\n\n')}\n`)
      return file
    }),
  )
}
