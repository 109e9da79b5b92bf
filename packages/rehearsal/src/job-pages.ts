import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '@deploy-actions/action-kit'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'

/** The engine's folder of the jobs' own files. */
export const jobFolder = (output: string): string => join(output, 'jobs')

/** In a folder of output, that a rehearsal wrote it. */
const MARK = '.rehearsed'
/** What one leaves there of its jobs, by the names of the folders. */
const OURS = /^(jobs|logs|summaries|run-\d+)$/

/**
 * Makes a folder ready for what a rehearsal leaves, and takes away what an earlier one has left of its jobs: they have the
 * same numbers, and would be read as of this one. Nothing that somebody else put there is touched.
 * @throws InputError where folders of these names are there and no rehearsal wrote them
 */
export async function clearPages(output: string): Promise<void> {
  const names = await readdir(output)
  const ours = names.filter((name) => OURS.test(name))
  if (ours.length > 0 && !names.includes(MARK))
    throw new InputError([
      {
        where: output,
        message: `has ${ours.join(', ')} already, which no rehearsal of this version wrote; name an empty folder, or one that is not there yet`,
      },
    ])
  await writeFile(join(output, MARK), '')
  await Promise.all(ours.map((name) => rm(join(output, name), { recursive: true, force: true })))
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
