import { followProgress, type ProgressEvent, type ProgressReader } from '@deploy-actions/evidence'
import { tempFolder, type JobView } from '@deploy-actions/workflow-engine'

/** Hears what the jobs of a run tell while they run. */
export class JobProgress {
  readonly #readers = new Map<number, ProgressReader>()
  readonly #ended = new Set<number>()

  /** @param work folder of the engine's jobs */
  constructor(
    private readonly work: string,
    private readonly tell: (job: JobView, event: ProgressEvent) => void,
  ) {}

  /** Tells what is new since the last call; a job that has ended is heard once more, to its last word. */
  async hear(jobs: readonly JobView[]): Promise<void> {
    for (const job of jobs) {
      if (job.startedAt === null || this.#ended.has(job.id)) continue
      const ended = job.status === 'completed'
      for (const event of await this.#readerOf(job).next()) this.tell(job, event)
      if (ended) this.#ended.add(job.id)
    }
  }

  #readerOf({ id }: JobView): ProgressReader {
    const known = this.#readers.get(id) ?? followProgress(tempFolder(this.work, id))
    this.#readers.set(id, known)
    return known
  }
}
