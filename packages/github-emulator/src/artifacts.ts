import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Caller, Repository } from './repository'
import { unzip } from './unzip'

/** Days until an artifact expires; source: GitHub's default retention. */
const RETENTION_DAYS = 90
/** Source: README of actions/upload-artifact, "Limitations". */
const MAXIMUM_PER_JOB = 500

export const artifact = z.strictObject({
  id: z.int(),
  run: z.int(),
  attempt: z.int(),
  job: z.int(),
  name: z.string(),
  mimeType: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  /** Bytes. */
  size: z.int(),
  /** `sha256:...` of the bytes as they were uploaded. */
  digest: z.string(),
  /** Below the artifact folder: the bytes as uploaded. */
  file: z.string(),
})
/** An artifact that was uploaded whole. */
export type Artifact = z.infer<typeof artifact>

/** A name that is taken while its bytes are on their way: nobody lists it, and it is never given again. */
export interface Reservation {
  id: number
  run: number
  attempt: number
  job: number
  name: string
  mimeType: string
  expiresAt?: string | undefined
}

/** Why the service refuses, by the codes of Twirp. */
export class ArtifactError extends Error {
  constructor(
    readonly code: 'already_exists' | 'failed_precondition' | 'invalid_argument' | 'not_found',
    message: string,
  ) {
    super(message)
  }
}

/** All artifacts of the repository and the names that are reserved. Names are unique per run, over its attempts too. */
export class Artifacts {
  all: Artifact[] = []
  /** Files of artifacts that were uploaded before this process began. */
  readonly #kept = new Set<string>()
  readonly #reserved = new Map<number, Reservation>()

  constructor(private readonly repository: Repository) {}

  /** Goes on from what was uploaded before. */
  restore(kept: readonly Artifact[]): void {
    this.all = [...kept]
    for (const { file } of kept) this.#kept.add(file)
  }

  ofRun(run: number): Artifact[] {
    return this.all.filter((artifact) => artifact.run === run)
  }

  find(run: number, name: string): Artifact | undefined {
    return this.all.find((artifact) => artifact.run === run && artifact.name === name)
  }

  reservation(run: number, name: string): Reservation | undefined {
    return [...this.#reserved.values()].find((one) => one.run === run && one.name === name)
  }

  /** @throws ArtifactError when the name is not allowed or is taken, or the job has as many as it may have */
  reserve({ job, run }: Caller, given: Pick<Reservation, 'name' | 'mimeType' | 'expiresAt'>): Reservation {
    const { name } = given
    if (name === '.' || name === '..' || /[":<>|*?\r\n\\/]/.test(name))
      throw new ArtifactError(
        'invalid_argument',
        `the artifact name ${JSON.stringify(name)} is not valid: it holds a character that is not allowed`,
      )
    // A name whose upload failed stays taken (seen on GitHub: DataDog/dd-trace-js#10228).
    if (this.find(run.id, name) ?? this.reservation(run.id, name))
      throw new ArtifactError(
        'already_exists',
        'an artifact with this name already exists on the workflow run',
      )
    const own = [...this.all, ...this.#reserved.values()].filter((one) => one.job === job.id)
    if (own.length >= MAXIMUM_PER_JOB)
      throw new ArtifactError('failed_precondition', `a job may upload at most ${MAXIMUM_PER_JOB} artifacts`)
    const reservation = {
      id: this.repository.nextId(),
      run: run.id,
      attempt: run.attempt,
      job: job.id,
      ...given,
    }
    this.#reserved.set(reservation.id, reservation)
    return reservation
  }

  /** Keeps the bytes of a reservation, packed and unpacked. @throws ArtifactError when they are not what the client says */
  async finish(
    reservation: Reservation,
    bytes: Buffer | undefined,
    said: { size: number; digest?: string | undefined },
  ): Promise<Artifact> {
    if (!bytes) throw new ArtifactError('failed_precondition', `nothing was uploaded for ${reservation.name}`)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (said.size !== bytes.length)
      throw new ArtifactError('invalid_argument', `${bytes.length} bytes were uploaded, not ${said.size}`)
    if (said.digest !== undefined && said.digest !== digest)
      throw new ArtifactError(
        'invalid_argument',
        `what was uploaded has the digest ${digest}, not ${said.digest}`,
      )

    const { id, run, attempt, job, name, mimeType } = reservation
    const isZip = mimeType === 'application/zip'
    const stored = join(String(run), `${id}${isZip ? '.zip' : ''}`)
    const { file, folder } = this.paths({ run, name, file: stored })
    await mkdir(folder, { recursive: true })
    await writeFile(file, bytes)
    await (isZip ? unzip(bytes, folder) : writeFile(join(folder, name), bytes))

    const now = this.repository.options.now()
    const expiresAt =
      reservation.expiresAt ?? new Date(now.getTime() + RETENTION_DAYS * 86_400_000).toISOString()
    const kept: Artifact = {
      id,
      run,
      attempt,
      job,
      name,
      mimeType,
      createdAt: now.toISOString(),
      expiresAt,
      size: bytes.length,
      digest,
      file: stored,
    }
    this.#reserved.delete(id)
    this.all.push(kept)
    return kept
  }

  /** Frees the name. */
  async remove(removed: Artifact): Promise<void> {
    this.all = this.all.filter((artifact) => artifact !== removed)
    const { file, folder } = this.paths(removed)
    await rm(file, { force: true })
    await rm(folder, { recursive: true, force: true })
  }

  /** Where an artifact lies, packed and unpacked. */
  paths({ run, name, file }: Pick<Artifact, 'run' | 'name' | 'file'>): { file: string; folder: string } {
    const { artifactFolder, keptArtifactFolder = artifactFolder } = this.repository.options
    const base = this.#kept.has(file) ? keptArtifactFolder : artifactFolder
    return { file: join(base, file), folder: join(base, String(run), name) }
  }
}
