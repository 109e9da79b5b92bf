import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { escapeText, GateFailed, type Ports, type PostResult } from '@deploy-actions/action-kit'
import {
  fingerprintKey,
  HIDDEN,
  openFolder,
  readStream,
  sensitiveTextsOf,
  type Applied,
  type WorkingFolder,
} from '@deploy-actions/terraform'
import { rescuedSentence, rescueState, type Rescued } from './rescue'
import { freeLock } from './lock'
import { backendOf, clean, tokensOf } from './session'
import { folderOf, startOf, underWayOf, wasInterrupted, type UnderWay } from './under-way'

/** GitHub gives the posts of a job that was cancelled five minutes, and this is one of them. */
const PATIENCE_MS = 180_000
const LOOK_MS = 1_000
/** Of a state that is pushed; there is little time. */
const PAUSES_MS = [0, 5_000] as const

/**
 * Sees an apply to its end that main could not: waits for the tool, saves its state, and frees a lock that is ours for
 * certain. Removes the plan of a step that was killed, whatever it was at.
 */
export async function post(ports: Ports): Promise<PostResult> {
  const one = underWayOf(ports)
  try {
    if (!one) return undefined
    ports.log.warning(`an apply was under way for ${one.place} when its step ended: it is seen to its end`)
    return await seeToItsEnd(one, ports)
  } finally {
    for (const folder of new Set([one?.files, folderOf(ports)]))
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function seeToItsEnd(one: UnderWay, ports: Ports): Promise<PostResult> {
  const signal = new AbortController().signal
  const secretsOfTool = Object.fromEntries(
    one.toolSecrets.map((name) => [name, ports.secrets.get(name) ?? '']),
  )
  const environment = { ...secretsOfTool, ...tokensOf(one, ports) }
  const tool = openFolder(one.program, { folder: one.folder, environment }, ports, signal)
  const isGone = await untilGone(one, ports, signal)
  const applied = await readSaid(one)
  const told = {
    done: [...applied.done.keys()],
    failed: [...applied.failed.keys()],
    unknown: [...applied.begun.keys()],
  }
  const secrets = await secretsOf(one, tool, ports)
  const toldCleaned = Object.entries(told).map(([how, list]) => [
    how,
    list.map((item) => secrets?.clean(item) ?? HIDDEN),
  ])
  ports.evidence.facts({ applied: Object.fromEntries(toldCleaned) })
  if (!isGone)
    throw new GateFailed(
      `the tool is still at work for ${one.place} (process ${one.pid}), and the end of the job will kill it: look at the state and its lock before anything else is done`,
    )
  const planKey = ports.secrets.get(one.planKeySecret) ?? ''
  const key = await fingerprintKey(planKey, `${ports.context.owner}/${ports.context.repo}`)
  const isElsewhere = !(await isAtHome(one, tool, ports, key, environment).catch(() => false))
  const hasSaidItsEnd =
    applied.summary !== undefined || applied.diagnostics.some(({ severity }) => severity === 'error')
  const lock = isElsewhere
    ? `NOT looked at: ${one.folder} is at another state by now; see who holds the lock of ${one.place}`
    : hasSaidItsEnd
      ? ''
      : await freeLock(one, tool, applied)
  const { folder, store, place, home } = one
  const rescued = await rescueState(
    { tool, folder, planKey, store, place, home, isElsewhere, pausesMs: PAUSES_MS },
    ports,
  )
  const reason = clean(
    ports,
    [
      `${one.place}: ${told.done.length} done, ${told.failed.length} failed, ${told.unknown.length} of which nobody knows`,
      ...[rescuedSentence(rescued), lock].filter(Boolean),
      'plan once more: this plan cannot be applied again',
    ].join('; '),
  )
  ports.summary.add(`### Apply, at the end of the job\n\n${escapeText(reason)}`)
  if (isBad(rescued) || lock.startsWith('NOT')) throw new GateFailed(reason)
  return { outcome: 'recovered', reason }
}

const isBad = ({ how }: Rescued): boolean => how === 'kept' || how === 'lost'

/** Waits for the tool. Where nobody has asked it to stop, it is asked once. @returns whether it has ended */
async function untilGone(one: UnderWay, ports: Ports, signal: AbortSignal): Promise<boolean> {
  const until = ports.clock.realMs() + PATIENCE_MS
  let asked = wasInterrupted(ports)
  while (await isAtWork(one)) {
    if (ports.clock.realMs() > until) return false
    if (!asked) {
      asked = true
      process.kill(one.pid, 'SIGINT')
    }
    await ports.clock.sleep(LOOK_MS, signal)
  }
  return true
}

/** That the process of that number is still the one that was started: numbers are given again. */
async function isAtWork({ pid, startedAt }: UnderWay): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // Elsewhere than on Linux nothing tells; whoever has the number is waited for.
  return startedAt === undefined || (await startOf(pid)) === startedAt
}

/** A later step may have brought the folder to another state, which has a lock of its own, and would take ours for its. */
async function isAtHome(
  { home }: UnderWay,
  tool: WorkingFolder,
  ports: Ports,
  key: Buffer,
  environment: Record<string, string>,
): Promise<boolean> {
  const at = { ports, tool, key, environment }
  const [{ fingerprint }, workspace] = await Promise.all([backendOf(at), tool.workspace()])
  return fingerprint === home.backend && workspace === home.workspace
}

async function readSaid({ files }: UnderWay): Promise<Applied> {
  const stream = readStream()
  stream.take(await readFile(join(files, 'stdout'), 'utf8').catch(() => ''))
  return stream.end()
}

/** What the plan marks; a key of an address may be a copy of it. Undefined where the plan cannot be read any more. */
const secretsOf = ({ files }: UnderWay, tool: WorkingFolder, { secrets }: Ports) =>
  tool.show(join(files, 'plan')).then(
    (plan) => sensitiveTextsOf(plan, secrets.values()),
    () => undefined,
  )
