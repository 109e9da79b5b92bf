import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { createInterface } from 'node:readline'
import type { CancellationTimes } from '../engine-options'
import { onAbort } from '../on-abort'

/** Variable by which everything a job started is found again, as on the real runner. */
export const TRACKING_VARIABLE = 'RUNNER_TRACKING_ID'

/** What to run. */
interface ChildRequest {
  command: string
  args: string[]
  cwd: string
  env: Record<string, string>
  /** Takes each line of stdout and stderr. */
  onLine(line: string): void
  /** Starts the runner's signals: SIGINT, then SIGTERM, then the end of the whole tree. */
  signal: AbortSignal
  cancellation: CancellationTimes
  /** Kills the process and its group at once. */
  kill: AbortSignal
}

/** How long the output of an ended process may still arrive; a grandchild may hold the pipe open. */
const DRAIN_MS = 500

/**
 * Runs a process as a group of its own, at low priority.
 * @returns its exit code; null if a signal ended it
 * @throws Error if it cannot be started
 */
export async function runChild(request: ChildRequest): Promise<number | null> {
  const { command, args, cwd, env } = request
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  lowerPriority(child.pid)
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`${command} could not be started in ${cwd}: ${error.message}`)),
    )
    child.once('exit', resolve)
  })
  const readers = [child.stdout, child.stderr].map((stream) =>
    createInterface(stream).on('line', request.onLine),
  )
  const drained = Promise.all(
    readers.map((reader) => new Promise((resolve) => reader.once('close', resolve))),
  )
  const stopSignals = sendSignals(child.pid, request)
  try {
    const code = await exited
    const drainTimer = setTimeout(() => readers.forEach((reader) => reader.close()), DRAIN_MS)
    await drained
    clearTimeout(drainTimer)
    return code
  } finally {
    stopSignals()
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

/** Kills whatever still lives of a job: found by its environment on Linux, elsewhere only by the groups of its steps. */
export function killTracked(trackingId: string): void {
  // A process may fork while the list is read, so it is read until nothing new shows.
  for (let round = 0; round < 5; round++) if (signalTracked(trackingId, 'SIGKILL') === 0) return
}

/** Signals whatever lives of a job. @returns how many there were */
export function signalTracked(trackingId: string, signal: NodeJS.Signals): number {
  if (process.platform !== 'linux') return 0
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isTracked(name, trackingId))
  for (const pid of found) kill(Number(pid), signal)
  return found.length
}

function isTracked(pid: string, trackingId: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${TRACKING_VARIABLE}=${trackingId}\0`)
  } catch {
    return false
  }
}

function sendSignals(pid: number | undefined, request: ChildRequest): () => void {
  if (pid === undefined) return () => {}
  const { terminateAfterMs, killAfterMs } = request.cancellation
  const timers: NodeJS.Timeout[] = []
  const killAll = () => kill(-pid, 'SIGKILL')
  const interrupt = () => {
    kill(pid, 'SIGINT')
    timers.push(
      setTimeout(() => kill(pid, 'SIGTERM'), terminateAfterMs),
      setTimeout(killAll, terminateAfterMs + killAfterMs),
    )
  }
  const stops = [onAbort(request.signal, interrupt), onAbort(request.kill, killAll)]
  return () => [...stops, ...timers.map((timer) => () => clearTimeout(timer))].forEach((stop) => stop())
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

/** The steps leave the machine to the traffic, whose latency is measured. */
function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) os.setPriority(pid, 10)
  } catch {
    // It has ended already, or the platform refuses.
  }
}
