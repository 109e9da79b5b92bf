import { messageOf, providerPorts, type GitHub, type Ports } from '@deploy-actions/action-kit'
import type { RegionConfig } from '@deploy-actions/config'
import {
  holder,
  newest,
  openLedger,
  serving,
  type Entry,
  type Ledger,
  type RefusedDeployment,
} from '@deploy-actions/ledger'
import type { Release } from '@deploy-actions/rollout'
import { lookAtRouter } from '@deploy-actions/transaction'
import type { RouterReading } from '@deploy-actions/traffic'
import { readRun, type RunLook } from './runs'

/** So many of a region's newest transactions are looked through for an emergency. */
const LOOKED_BACK = 5

/** What the ledger says of a region. */
export interface LedgerLook {
  newest: Entry | undefined
  /** who holds the region, which need not be the newest where that proves nothing */
  holder: Entry | undefined
  serving: Release | undefined
  emergency: Entry | undefined
  /** the runs that opened what holds the region, and that say to restore it, as far as GitHub tells */
  runs: RunLook[]
  refused: RefusedDeployment[]
  /** marks that count for nothing, in words */
  warnings: string[]
}

/** A look that failed says why. */
export type Look<T> = { seen: T } | { why: string }

export interface LookOptions {
  /** `github`, or `file:DIR` */
  ledger: string
  service: string
  trustedWorkflows: readonly string[]
}

/** Asks the ledger of one region; nothing is written. */
export async function lookAtLedger(
  { region }: RegionConfig,
  { ledger: spec, service, trustedWorkflows }: LookOptions,
  ports: Ports,
): Promise<Look<LedgerLook>> {
  const refused: RefusedDeployment[] = []
  const warnings: string[] = []
  const log = { ...ports.log, warning: (line: string) => void warnings.push(line) }
  const options = { trustedWorkflows, onRefused: (one: RefusedDeployment) => void refused.push(one) }
  const ledger = openLedger(spec, service, { ...ports, log }, options)
  try {
    return { seen: { ...(await readLedger(ledger, region.environment, spec, ports)), refused, warnings } }
  } catch (error) {
    return { why: messageOf(error) }
  }
}

async function readLedger(
  ledger: Ledger,
  environment: string,
  spec: string,
  { github }: Ports,
): Promise<Omit<LedgerLook, 'refused' | 'warnings'>> {
  const last = await newest(ledger, environment)
  const held = await holder(ledger, environment)
  const recent = await ledger.find({ environment, limit: LOOKED_BACK, depth: LOOKED_BACK })
  const runs = held && spec === 'github' ? await runsOf(held, github) : []
  return {
    newest: last,
    holder: held,
    serving: (await serving(ledger, environment))?.release,
    emergency: recent.find(({ takenBack, drill }) => takenBack !== undefined || drill !== undefined),
    runs,
  }
}

/** The run that opened it, and the one that says to restore it: either may be at work. */
async function runsOf({ record, state, markedBy }: Entry, github: GitHub): Promise<RunLook[]> {
  const ids = new Set([record.run.id, ...(state === 'restoring' && markedBy !== undefined ? [markedBy] : [])])
  const found = await Promise.all([...ids].map((id) => readRun(github, id)))
  return found.filter((run) => run !== undefined)
}

/** Asks the router of one region what it holds. */
export async function lookAtTraffic(config: RegionConfig, ports: Ports): Promise<Look<RouterReading>> {
  try {
    const { traffic, arms } = config
    return { seen: (await lookAtRouter(traffic.canary.router, arms.names, providerPorts(ports))).reading }
  } catch (error) {
    return { why: messageOf(error) }
  }
}
