import { readdir } from 'node:fs/promises'
import type { Ports } from '@deploy-actions/action-kit'
import { openChain } from '@deploy-actions/evidence'
import { collecting, COLLECTING } from './collect'

/** Seals the job's chain and uploads it. */
export async function post(ports: Ports): Promise<undefined> {
  const saved = ports.state.get(COLLECTING)
  if (saved === undefined) return
  const { artifact, jobId, region } = collecting.parse(JSON.parse(saved))
  const { folder } = ports.evidence
  const { job, attempt } = ports.context
  const manifest = await openChain(folder).seal({ jobId, job, region, attempt })
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  const uploaded = await ports.artifacts.upload(artifact, folder, files)
  ports.log.info(
    `evidence: ${manifest.records} records, head ${manifest.head ?? 'none'}, artifact ${artifact} (${uploaded.digest ?? uploaded.id})`,
  )
}
