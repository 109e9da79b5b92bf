import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { z } from 'zod'
import {
  clockTime,
  GateFailed,
  InputError,
  messageOf,
  terminalPorts,
  type Ports,
  type Secrets,
} from '@deploy-actions/action-kit'
import { duration, formatWeights } from '@deploy-actions/rollout'
import { readRecord, type ReadRecord } from '@deploy-actions/ledger'
import {
  describePoint,
  openRouter,
  readSettings,
  restorePointsOf,
  restoreTraffic,
  type RestoreSettings,
} from '@deploy-actions/transaction'
import { described } from '@deploy-actions/traffic'
import { askLine, isTerminal, type Ask } from './ask'
import { readSecrets } from './secrets-file'

interface Options {
  restorePoint: string
  secrets?: string
  within: string
  yes?: true
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('put the traffic of a region back by its restore point, on a day when GitHub itself is down')
    .requiredOption(
      '--restore-point <file>',
      'restore-point.json of the artifact, or what "Begin the transaction" printed into its log',
    )
    .option('--secrets <file>', 'KEY=VALUE lines, as DEPLOY_SECRETS; the only secrets that a router can name')
    .option('--within <duration>', 'how long it is tried', '10m')
    .option('--yes', 'do not ask before anything is written')
    .action(async (options: Options) => {
      const secrets = options.secrets === undefined ? new Map() : await readSecrets(options.secrets)
      const ports = terminalPorts(secrets as Secrets, (line) => console.log(line))
      await restoreByFile(await readRestorePoint(options.restorePoint), within(options.within), ports, {
        ask: options.yes ? () => Promise.resolve(true) : askInTerminal,
      })
    })
}

/** What a rollout wrote down before it wrote anything else, of this version or another. */
export interface RestorePointOfFile extends ReadRecord {
  settings: RestoreSettings
}

/** @throws InputError when it is not the file of a restore point */
export async function readRestorePoint(path: string): Promise<RestorePointOfFile> {
  const problem = (message: string): InputError => new InputError([{ where: path, message }])
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw problem(`cannot be read: ${messageOf(error)}`)
  })
  const file = z.looseObject({ record: z.unknown(), settings: z.unknown() }).safeParse(parsed(text))
  const read = file.success ? readRecord(file.data.record) : undefined
  if (file.success && read) return { ...read, settings: readSettings(read.record.id, file.data.settings) }
  throw problem(
    'is not a restore point: it is the file restore-point.json of an artifact restore-point-ID-DIGEST, or what the step "Begin the transaction" printed below "Restore point ID"',
  )
}

/** Undefined for what is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function within(text: string): number {
  const read = duration.safeParse(text)
  if (read.success) return read.data
  throw new InputError([{ where: '--within', message: read.error.issues[0]?.message ?? 'is not a duration' }])
}

/**
 * Says what there is and what would be written, asks, and puts the traffic back as the actions do: absolute, and proven by
 * the router's own reading. The workload and the ledger are for GitHub to see to when it is back.
 * @throws GateFailed when the person says no, or when the traffic could not be put back
 */
export async function restoreByFile(
  { record, unread, settings }: RestorePointOfFile,
  withinMs: number,
  ports: Ports,
  { ask }: { ask: Ask },
): Promise<void> {
  const { log } = ports
  const { id, service, region, release, previous, openedAt, run } = record
  log.info(`${service} in ${region}: ${id}, opened ${openedAt} by ${run.actor} for ${release.version}`)
  log.info(`now:  ${await shownNow(settings, ports)}`)
  if (unread !== undefined)
    log.warning(`another version of deploy-actions wrote it, and this one cannot read all of it (${unread})`)
  for (const point of restorePointsOf(record)) {
    const [kind, name, found] = describePoint(point)
    log.info(
      kind === 'traffic'
        ? `back: ${found} (${name})${previous ? `, where ${previous.version} served` : ''}`
        : `left: ${kind} ${name}, which is restored when GitHub is back`,
    )
  }
  if (!(await ask('Write this to the router?'))) throw new GateFailed('nothing was written')
  const points = await restoreTraffic(record, settings, ports, { withinMs })
  for (const { ok, detail, weights, readAt } of points)
    if (ok && weights && readAt !== undefined)
      log.info(`safe: ${formatWeights(weights)}, read at ${clockTime(readAt)}`)
    else log.error(`NOT back: ${detail}`)
  if (points.some(({ ok }) => !ok)) throw new GateFailed(`the traffic of ${id} is NOT back`)
  log.info(
    `The ledger does not know of this: when GitHub is back, run emergency-rollback with to: ${id}, which restores the workload, too.`,
  )
}

/** A router that cannot be read is tried all the same: that is what it is for. */
async function shownNow(settings: RestoreSettings, ports: Ports): Promise<string> {
  try {
    return described(await (await openRouter(settings, ports)).read(ports.signal))
  } catch (error) {
    return `it cannot be read: ${messageOf(error)}`
  }
}

async function askInTerminal(question: string): Promise<boolean> {
  if (!isTerminal())
    throw new InputError([{ where: '--yes', message: 'is needed where nobody can be asked' }])
  return /^y(es)?$/i.test(await askLine(`${question} [y/N] `))
}
