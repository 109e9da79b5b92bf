import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobView, RunView } from '../workflow/run'

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
