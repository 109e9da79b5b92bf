import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ports } from '@deploy-actions/action-kit'
import { readChain, type EvidenceRecord } from '@deploy-actions/evidence'

/** The chain of one job, downloaded and verified. */
export interface GatheredChain {
  artifact: string
  jobId: number | null
  job: string
  region: string | null
  head: string | null
  records: EvidenceRecord[]
  problems: string[]
}

/** Downloads every evidence artifact of this run by id and digest, and checks every link of every chain. */
export async function gatherChains({ artifacts, context }: Ports): Promise<GatheredChain[]> {
  // Jobs that were not run again left theirs in an earlier attempt.
  const run = context.attempt > 1 ? context.runId : undefined
  const own = (await artifacts.list(run)).filter(({ name }) => name.startsWith('evidence-'))
  const chains = await Promise.all(
    own.map(async (artifact) => {
      const folder = join(context.temp, 'deploy-actions', 'gathered', String(artifact.id))
      await mkdir(folder, { recursive: true })
      await artifacts.download(artifact, folder, run)
      const { manifest, records, problems } = await readChain(folder)
      return {
        artifact: artifact.name,
        jobId: manifest?.jobId ?? null,
        job: manifest?.job ?? artifact.name,
        region: manifest?.region ?? null,
        head: manifest?.head ?? null,
        records,
        problems,
      }
    }),
  )
  return chains.sort((a, b) => (a.records[0]?.startedAt ?? '').localeCompare(b.records[0]?.startedAt ?? ''))
}
