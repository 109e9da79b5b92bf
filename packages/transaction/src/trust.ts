import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GateFailed, ProviderError, type Ports } from '@deploy-actions/action-kit'
import { digestOf } from '@deploy-actions/evidence'
import type { TransactionRecord } from '@deploy-actions/ledger'
import { lazily } from '@deploy-actions/rollout'
import { RESTORE_POINT_FILE, restorePointArtifact } from './begin'
import { restorePointFile, type RestoreSettings } from './job-transaction'

const workflowRun = lazily(() =>
  z.looseObject({
    id: z.int(),
    path: z.string(),
    repository: z.looseObject({ full_name: z.string() }),
    referenced_workflows: z.array(z.looseObject({ path: z.string() })).nullish(),
  }),
)

/**
 * Our own workflow that opens transactions: of the very repository that this action came from, at any ref. Where the
 * runner does not tell that repository (a local action), one of the suite's own name will do.
 */
function isRegionWorkflow(path: string, suite: string): boolean {
  const [file = ''] = path.split('@')
  return suite === ''
    ? /(^|\/)deploy-actions\/\.github\/workflows\/region\.yml$/.test(file)
    : file === `${suite}/.github/workflows/region.yml`
}

/** A record that cannot be trusted is not acted on: anyone with `deployments: write` can plant one. */
export class Untrusted extends GateFailed {}

/**
 * Proves that a record was opened by a run that may open it, and that it is what that run uploaded before. Gives the
 * settings that were uploaded with it.
 * @param trustedWorkflows paths of callers that use the actions without our region.yml
 * @throws Untrusted with the reason
 */
export async function trustedSettings(
  record: TransactionRecord,
  trustedWorkflows: readonly string[],
  { github, artifacts, context }: Pick<Ports, 'github' | 'artifacts' | 'context'>,
): Promise<RestoreSettings> {
  const refuse = (why: string): never => {
    throw new Untrusted(`transaction ${record.id} is not acted on: ${why}`)
  }
  const run = workflowRun().parse(
    await github.request(
      'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      { run_id: record.run.id },
      { permission: 'actions: read' },
    ),
  )
  const repository = `${context.owner}/${context.repo}`
  if (run.repository.full_name !== repository)
    refuse(`run ${run.id} belongs to ${run.repository.full_name}, not to ${repository}`)
  const workflows = [run.path, ...(run.referenced_workflows ?? []).map(({ path }) => path)]
  const trusted = workflows.some(
    (path) =>
      isRegionWorkflow(path, context.actionRepository) ||
      trustedWorkflows.some((known) => path === known || path.startsWith(`${known}@`)),
  )
  if (!trusted)
    refuse(
      `run ${run.id} uses none of the workflows that may open one (it ran ${workflows.join(', ')}); name it in \`trusted-workflows\` if it may`,
    )

  const name = restorePointArtifact(record.id)
  const artifact = (await artifacts.list(record.run.id)).find((one) => one.name === name)
  if (!artifact) return refuse(`run ${run.id} uploaded no artifact ${name} before it opened the record`)
  const folder = await mkdtemp(join(context.temp, 'restore-point-'))
  await artifacts.download(artifact, folder, record.run.id)
  const uploaded = restorePointFile().safeParse(
    JSON.parse(await readFile(join(folder, RESTORE_POINT_FILE), 'utf8')),
  )
  if (!uploaded.success)
    throw new ProviderError(`artifact ${name} holds no restore point`, {
      provider: 'GitHub artifacts',
      cause: uploaded.error,
    })
  if (digestOf(uploaded.data.record) !== digestOf(record))
    refuse(`its record differs from the one that run ${run.id} uploaded before opening it`)
  return uploaded.data.settings
}
