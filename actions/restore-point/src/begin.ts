import { escapeText, GateFailed, providerPorts, table, type Ports } from '@deploy-actions/action-kit'
import {
  configuredTarget,
  findRegion,
  releaseOf,
  scriptVariables,
  sharePlanOf,
  timingOf,
  type ConfiguredTarget,
  type RegionConfig,
} from '@deploy-actions/config'
import type { DeployPoint } from '@deploy-actions/deploys'
import {
  LEDGER_PATIENCE_MS,
  openLedger,
  provePredecessor,
  whyOlder,
  whyTakenBack,
} from '@deploy-actions/ledger'
import { expectedMs, type Arms } from '@deploy-actions/rollout'
import {
  beginTransaction,
  describePoint,
  findShare,
  findTargetArms,
  leftOpen,
  prepareTransaction,
  restorePointsOf,
  unusualShare,
  whyNotNow,
  type FoundShare,
  type JobTransaction,
} from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** Reads all that the rollout will write to one region and opens its transaction. */
export async function begin(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const target = await configuredTarget(inputs, ports.context)
  const release = releaseOf(inputs)
  const config = await target.config({ secrets: ports.secrets })
  const { service, region, environment, correlationId, file } = target
  ports.evidence.about({ service, region, environment })
  const ledger = openLedger(inputs.ledger, service, ports, {
    trustedWorkflows: inputs['trusted-workflows'],
    patienceMs: LEDGER_PATIENCE_MS.forward,
    // The opening looks for itself whether somebody came in between.
    rememberMs: 60_000,
    proven: inputs.proven,
  })

  // An approval may have taken days: what was proven before it is proven again.
  if (inputs.predecessor !== undefined) {
    const proof = await provePredecessor(ledger, findRegion(file, inputs.predecessor), release.digest)
    if (!proof.proven) throw new GateFailed(proof.reason)
    ports.log.info(proof.reason)
  }
  const takenBack = inputs.again ? undefined : await whyTakenBack(ledger, release, environment)
  if (takenBack !== undefined) throw new GateFailed(`${takenBack}. Nothing was written`)
  const older = inputs['allow-older']
    ? undefined
    : await whyOlder(ledger, release, environment, ports.context)
  if (older !== undefined) throw new GateFailed(`${older}. Nothing was written`)
  const notNow = await whyNotNow(
    ledger,
    {
      ...{ environment, windows: config.windows, needMs: expectedMs(timingOf(config)) },
      override: inputs['override-window'],
    },
    ports,
  )
  if (notNow !== undefined) throw new GateFailed(`${notNow}. Nothing was written`)
  const dryRun = inputs['dry-run']
  const earlier = dryRun ? undefined : await leftOpen(ledger, environment, ports.context.runId)
  if (earlier) {
    ports.log.warning(`an earlier attempt of this run left ${earlier.record.id} open: it is restored first`)
    await (await import('./restore-record')).restoreRecord(earlier, ledger, inputs, ports)
  }

  const router = config.traffic.canary.router
  const found = await findTargetArms(target, router, config.arms.names, providerPorts(ports))
  if (found.reading.members[found.arms.canary]?.lingers)
    ports.log.warning(
      `clients that are bound to ${found.arms.canary} still reach it without a weight, and ${release.version} is deployed under them: put it into maintenance first where that matters`,
    )
  const request = {
    ledgerSpec: inputs.ledger,
    ledger,
    service,
    region,
    environment,
    correlationId,
    release,
    image: inputs.image,
    order: inputs.order,
    keepOldMs: config.hooks.decommission && config.arms['keep-old'],
    found,
    config: { path: file.path, digest: file.digest },
    guardEnvironment: config.region['guard-environment'],
    staged: config.rollback.staged,
    snapshot: (arms: Arms) => snapshot(target, arms, inputs, ports),
    share: () => shareNow(config, ports),
  }
  const transaction = await (dryRun ? prepareTransaction : beginTransaction)(request, ports)
  return opened(transaction, inputs, ports)
}

/** What the deployer needs to put the arm back that will be written. */
async function snapshot(
  target: ConfiguredTarget,
  arms: Arms,
  inputs: Inputs,
  ports: Ports,
): Promise<DeployPoint[]> {
  const { deploy } = await target.config({ arm: arms.canary })
  const variables = scriptVariables(target, inputs, ports.context)
  return deploy.open(providerPorts(ports, variables), arms).snapshot(ports.signal)
}

/** The share of the region, where a router steers that. */
async function shareNow(config: RegionConfig, ports: Ports): Promise<FoundShare | undefined> {
  const [router, plan] = [config.traffic.regions?.router, sharePlanOf(config)]
  if (!router || !plan) return undefined
  const found = await findShare(router, plan, providerPorts(ports))
  const unusual = unusualShare(found)
  if (unusual !== undefined) ports.log.warning(unusual)
  return found
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
  ports.summary.add(
    [
      `### ${escapeText(record.region)}: transaction ${dry ? 'would be ' : ''}begun`,
      '',
      `${escapeText(reason)}. Until the commit, every ending puts back:`,
      '',
      table(['What', 'Name', 'As found'], restorePointsOf(record).map(describePoint)),
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
