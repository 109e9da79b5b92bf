import {
  escapeText,
  GateFailed,
  runScript,
  scriptFailure,
  table,
  type Ports,
} from '@deploy-actions/action-kit'
import { configuredTarget, releaseOf, scriptVariables, type ConfiguredTarget } from '@deploy-actions/config'
import {
  beginTransaction,
  leftOpen,
  openLedger,
  provePredecessor,
  type JobTransaction,
} from '@deploy-actions/ledger'
import { formatWeights, type Arms, type RestorePoint } from '@deploy-actions/rollout'
import type { RouterSettings } from '@deploy-actions/traffic'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { restoreRecord } from './restore'

/** Reads all that the rollout will write to one region and opens its transaction. */
export async function begin(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const target = await configuredTarget(inputs, ports.context)
  const release = releaseOf(inputs)
  const config = await target.config({ secrets: inputs.secrets })
  const { service, region, environment, correlationId } = target
  ports.evidence.about({ service, region, environment })
  const ledger = openLedger(inputs.ledger, service, ports)

  // An approval may have taken days: what was proven before it is proven again.
  if (inputs.predecessor !== undefined) {
    const proof = await provePredecessor(ledger, target.file, inputs.predecessor, release.digest)
    if (!proof.proven) throw new GateFailed(proof.reason)
    ports.log.info(proof.reason)
  }
  const earlier = inputs['dry-run'] ? undefined : await leftOpen(ledger, environment, ports.context.runId)
  if (earlier) {
    ports.log.warning(`an earlier attempt of this run left ${earlier.id} open: it is restored first`)
    await restoreRecord(earlier, inputs, ports)
  }

  const transaction = await beginTransaction(
    {
      ledgerSpec: inputs.ledger,
      ledger,
      service,
      region,
      environment,
      correlationId,
      release,
      ...(inputs.image === undefined ? {} : { image: inputs.image }),
      router: config.traffic.canary.router as RouterSettings,
      arms: config.arms.names,
      config: { path: target.file.path, digest: target.file.digest },
      snapshot: (arms) => snapshot(target, arms, inputs, ports),
      dryRun: inputs['dry-run'],
    },
    ports,
  )
  return opened(transaction, inputs, ports)
}

/** What the deploy script's `snapshot` prints of the arm that will be written. */
async function snapshot(
  target: ConfiguredTarget,
  arms: Arms,
  inputs: Inputs,
  ports: Ports,
): Promise<RestorePoint[]> {
  const config = await target.config({ arm: arms.canary })
  const { snapshot: script, timeout } = config.deploy.script
  const variables = scriptVariables(target, inputs, ports.context, { arm: arms.canary, ...arms })
  const workspace = ports.context.workspace
  const result = await runScript(
    script,
    { process: ports.process, workspace },
    { variables, timeoutMs: timeout, signal: ports.signal },
  )
  const failure = scriptFailure(script, result)
  if (failure !== undefined) throw new GateFailed(`the snapshot failed, so nothing was written: ${failure}`)
  return [{ kind: 'script', name: 'deploy', state: result.stdout.trim() }]
}

function opened({ record, settings }: JobTransaction, inputs: Inputs, ports: Ports): Outputs {
  const { baseline, canary } = settings.arms
  const dry = inputs['dry-run']
  // Printed whole: when the ledger and the artifacts are out of reach, this is the way back.
  ports.log.group(`Restore point ${record.id}`, JSON.stringify({ record, settings }, null, 2).split('\n'))
  const reason = `${record.service} in ${record.region}: ${baseline} serves, ${canary} gets ${record.release.version}`
  ports.log.info(dry ? `would begin ${record.id}: ${reason}` : `begun ${record.id}: ${reason}`)
  ports.evidence.about({ transaction: record.id })
  ports.evidence.facts({ record, settings })
  const rows = record.restore.map((point) =>
    point.kind === 'traffic'
      ? ['traffic', point.router, formatWeights(point.weights)]
      : ['script', point.name, point.state.slice(0, 200)],
  )
  ports.summary.add(
    [
      `### ${escapeText(record.region)}: transaction ${dry ? 'would be ' : ''}begun`,
      '',
      `${escapeText(reason)}. Until the commit, every ending puts back:`,
      '',
      table(['What', 'Name', 'As found'], rows),
      '',
      `Transaction \`${record.id}\``,
    ].join('\n'),
  )
  return {
    outcome: dry ? 'would-begin' : 'begun',
    reason,
    ...(dry ? {} : { transaction: record.id }),
    'baseline-arm': baseline,
    'canary-arm': canary,
  }
}
