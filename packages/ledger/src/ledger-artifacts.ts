import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { answerWithin, ProviderError, type Ports, type StoredArtifact } from '@deploy-actions/action-kit'
import { lazily, transactionStates, type TransactionState } from '@deploy-actions/rollout'
import { idIn, restorePointArtifact, RESTORE_POINT_FILE, stateArtifacts } from './artifact-names'
import { instructionArtifacts, type Instruction } from './instructions'
import type { Upload } from './ledger'
import { oldArmArtifacts, type OldArmWord } from './old-arm'
import { readRecord, type TransactionRecord } from './record'
import type { RunProofs } from './run-proofs'

/** A service that lists what a run has uploaded is not waited for any longer, in real milliseconds: REST knows it, too. */
const ANSWERS_WITHIN_MS = 20_000

/** The restore-point artifact: the record as it was opened, and what its restorers need beside it. */
const keptFile = lazily(() => z.looseObject({ record: z.unknown(), settings: z.unknown() }))
type KeptFile = z.infer<ReturnType<typeof keptFile>>

/** What the runs of a service upload beside the ledger, as the proof of what they write into it. */
export interface LedgerArtifacts {
  /** Before a record is opened. */
  keep(record: TransactionRecord, settings: unknown): Promise<void>
  /** Before a mark is made that frees a target: it is what the mark is believed for. */
  uploadState(id: string, state: TransactionState, note: string): Promise<void>
  /** Before something is said to a transaction: it is what that is believed for. */
  uploadInstruction(id: string, instruction: Instruction): Promise<void>
  /** Before something is said of an old arm: it is what that is believed for. */
  uploadOldArm(id: string, word: OldArmWord): Promise<void>
  /** @param run where it is not this attempt of this run */
  download(artifact: StoredArtifact, run?: number): Promise<KeptFile>
  /** Ids that this attempt of the run has used. */
  taken(): Promise<string[]>
  /** What this run kept to open transactions of a region. */
  uploadedHere(region: string): Promise<Upload[]>
}

export function ledgerArtifacts(
  service: string,
  proofs: RunProofs,
  { artifacts, context }: Pick<Ports, 'artifacts' | 'context'>,
): LedgerArtifacts {
  const upload = async (name: string, file: string, content: unknown): Promise<void> => {
    const folder = join(context.temp, 'deploy-actions', 'ledger', name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, file), JSON.stringify(content, null, 2))
    await artifacts.upload(name, folder, [file])
  }

  /** Under the first of the names that is free, unless an earlier step of this run has uploaded it. */
  const uploadOnce = async (names: readonly string[], file: string, content: object): Promise<void> => {
    const whole = { ...content, run: context.runId, attempt: context.attempt }
    for (const name of names)
      try {
        return await upload(name, file, whole)
      } catch (error) {
        if (await proofs.uploaded(context.runId, ...names)) return
        if (name === names.at(-1)) throw error
      }
  }

  const download = async (artifact: StoredArtifact, run?: number): Promise<KeptFile> => {
    const folder = await mkdtemp(join(context.temp, 'restore-point-'))
    try {
      await artifacts.download(artifact, folder, run)
      return keptFile().parse(JSON.parse(await readFile(join(folder, RESTORE_POINT_FILE), 'utf8')))
    } catch (cause) {
      if (cause instanceof ProviderError) throw cause
      throw new ProviderError(`artifact ${artifact.name} holds no restore point`, {
        provider: 'GitHub artifacts',
        cause,
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    keep: (record, settings) =>
      upload(restorePointArtifact(record.id, record), RESTORE_POINT_FILE, { record, settings }),
    uploadState: (id, state, note) =>
      uploadOnce(stateArtifacts(id, state), 'state.json', { id, state, note }),
    uploadInstruction: (id, instruction) =>
      uploadOnce(instructionArtifacts(id, instruction), 'instruction.json', { id, ...instruction }),
    uploadOldArm: (id, word) => uploadOnce(oldArmArtifacts(id, word), 'old-arm.json', { id, ...word }),
    download,
    taken: async () => (await artifacts.list()).flatMap(({ name }) => idIn(name) ?? []),
    async uploadedHere(region) {
      const isOurs = ({ name }: StoredArtifact): boolean => isIdOf(idIn(name) ?? '', service, region)
      const inAttempt = await answerWithin(ANSWERS_WITHIN_MS, artifacts.list()).catch(() => undefined)
      // What an earlier attempt uploaded is known to REST alone, and where the runner's service is silent, REST may answer.
      const isThere = inAttempt !== undefined && (context.attempt === 1 || inAttempt.some(isOurs))
      const run = isThere ? undefined : context.runId
      const all = isThere ? inAttempt : await artifacts.list(run)
      const names = new Set(all.map(({ name }) => name))
      const found = await Promise.all(all.filter(isOurs).map((artifact) => download(artifact, run)))
      return found.flatMap(({ record, settings }) => {
        const read = readRecord(record)
        if (read?.record.service !== service || read.record.region !== region) return []
        const states = transactionStates.filter((state) =>
          stateArtifacts(read.record.id, state).some((name) => names.has(name)),
        )
        return [{ ...read, settings, states }]
      })
    },
  }
}

/** RUN-ATTEMPT-SERVICE-REGION-N, and nothing more in place of one of them: regions may begin or end alike. */
function isIdOf(id: string, service: string, region: string): boolean {
  const name = /^\d+-\d+-(.+)-\d+$/.exec(id)?.[1]
  return name === `${service}-${region}`
}
