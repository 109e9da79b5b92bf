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
  type Ledger,
} from '@deploy-actions/ledger'
import { expectedMs, type Arms, type Release } from '@deploy-actions/rollout'
import { described } from '@deploy-actions/traffic'
import {
  beginTransaction,
  describePoint,
  findShare,
  findTargetArms,
  joinTransaction,
  leftOpen,
  mustBeCommitted,
  prepareTransaction,
  restorePointsOf,
  shareHistory,
  unusualShare,
  whyNotNow,
  type FoundArms,
  type FoundShare,
  type JobTransaction,
} from '@deploy-actions/transaction'
import { committedEarlier, joinCommitted } from './committed-earlier'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** Reads all that the rollout will write to one region and opens its transaction. */
export async function begin(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const followed =
    inputs.finishes === undefined ? undefined : await joinTransaction(inputs.finishes, ports.context)
  const infra = followed?.settings.infra ?? inputs.infra
  const target = await configuredTarget({ ...inputs, ...followed?.record.release, infra }, ports.context)
  const release = followed?.record.release ?? releaseOf(inputs)
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

  const dryRun = inputs['dry-run']
  const findArms = (): Promise<FoundArms> =>
    findTargetArms(target, config.traffic.canary.router, config.arms.names, providerPorts(ports))
  const done = followed ? undefined : await committedEarlier(ledger, environment, release, ports.context)
  const joined =
    done && (await joinCommitted(done, await findArms(), { ledger: inputs.ledger, dryRun, infra }, ports))
  if (joined) return joined
  if (followed) await mustBeCommitted(ledger, followed)
  else await mustBeAllowed({ target, config, release, ledger }, inputs, ports)
  const earlier = dryRun || followed ? undefined : await leftOpen(ledger, environment, ports.context.runId)
  if (earlier) {
    ports.log.warning(`an earlier attempt of this run left ${earlier.record.id} open: it is restored first`)
    await (await import('./restore-record')).restoreRecord(earlier, ledger, inputs, ports)
  }

  const found = await findArms()
  if (followed) mustServe(followed, found)
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
    // One rollout counts once.
    order: followed ? undefined : inputs.order,
    finishes: followed?.record,
    // What serves already was brought onto this arm before: it need not go back to the other one.
    finish: (previous?: Release) =>
      !followed && config.arms.finish === 'promote' && previous?.digest !== release.digest,
    keepOldMs: config.hooks.decommission && config.arms['keep-old'],
    found,
    config: { path: file.path, digest: file.digest },
    guardEnvironment: config.region['guard-environment'],
    staged: config.rollback.staged,
    infra,
    snapshot: (arms: Arms) => snapshot(target, arms, inputs, ports),
    // It gets what it has: nothing of its capacity is missing while the other arm serves.
    share: followed ? undefined : () => shareNow(config, ledger, ports),
  }
  const transaction = await (dryRun ? prepareTransaction : beginTransaction)(request, ports)
  return opened(transaction, inputs, ports)
}

/** Somebody may have given the traffic back by hand. @throws GateFailed; nothing was written */
function mustServe({ record, settings }: JobTransaction, { reading, arms }: FoundArms): void {
  if (arms.baseline === settings.arms.canary) return
  throw new GateFailed(
    `${record.release.version} does not serve in ${record.region}: ${described(reading)}. It was not brought onto ${settings.arms.baseline}; nothing was written`,
  )
}

/** What speaks against a rollout here and now. @throws GateFailed; nothing was written */
async function mustBeAllowed(
  {
    target,
    config,
    release,
    ledger,
  }: { target: ConfiguredTarget; config: RegionConfig; release: Release; ledger: Ledger },
  inputs: Inputs,
  ports: Ports,
): Promise<void> {
  const { environment } = target
  // An approval may have taken days: what was proven before it is proven again.
  if (inputs.predecessor !== undefined) {
    const proof = await provePredecessor(ledger, findRegion(target.file, inputs.predecessor), release.digest)
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
async function shareNow(config: RegionConfig, ledger: Ledger, ports: Ports): Promise<FoundShare | undefined> {
  const [router, plan] = [config.traffic.regions?.router, sharePlanOf(config)]
  if (!router || !plan) return undefined
  const environments = new Map(config.regions.map(({ name, environment }) => [name, environment]))
  const history = await shareHistory(ledger, plan.region, environments)
  const found = await findShare(router, plan, providerPorts(ports), history)
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
    ...(inputs.finishes === undefined ? { finish: record.finish ?? 'swap' } : {}),
  }
}
