import { readdir } from 'node:fs/promises'
import { messageOf, type Ports } from '@deploy-actions/action-kit'
import { openChain } from '@deploy-actions/evidence'
import { collecting, COLLECTING } from './collect'

/** Seals the job's chain and uploads it. Evidence that cannot be uploaded is said to be missing by the report; it fails no job. */
export async function post(ports: Ports): Promise<undefined> {
  const saved = ports.state.get(COLLECTING)
  if (saved === undefined) return
  const { artifact, jobId, region } = collecting.parse(JSON.parse(saved))
  const { folder } = ports.evidence
  const { job, attempt } = ports.context
  const manifest = await openChain(folder).seal({ jobId, job, region, attempt })
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  const sealed = `${manifest.records} records, head ${manifest.head ?? 'none'}`
  try {
    const uploaded = await ports.artifacts.upload(artifact, folder, files)
    ports.log.info(`evidence: ${sealed}, artifact ${artifact} (${uploaded.digest ?? uploaded.id})`)
  } catch (error) {
    ports.log.warning(
      `the evidence of this job (${sealed}) could not be uploaded as ${artifact}: ${messageOf(error)}`,
    )
  }
}
