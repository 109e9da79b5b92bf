import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from './play'
import type { RuleName } from './rules'
import type { Cell } from './scenarios'
import { tally, type Tally } from './statistics'
import type { Done, Job } from './worker'

/** A cell, how often it is played, and which rules see it. */
export interface Order {
  cell: Cell
  runs: number
  rules: RuleName[]
}

export interface Result {
  cell: Cell
  /** of each rule that was asked for */
  tallies: Partial<Record<RuleName, Tally>>
}

/** Rollouts of a message: enough that messages cost nothing beside them, few enough that all processes end together. */
const CHUNK = 100

/** Plays all orders on all processors; `onResult` hears of each cell as soon as it is done. */
export async function playAll(
  orders: readonly Order[],
  seed: number,
  onResult: (result: Result) => void,
): Promise<void> {
  const queue = orders.flatMap((order) => chunksOf(order, seed))
  const open = new Map(orders.map((order) => [order, { left: order.runs, outcomes: [] as Outcome[][] }]))
  const take = ({ order }: Chunk, done: Done): void => {
    const one = open.get(order)!
    one.left -= done.length
    one.outcomes.push(...done)
    if (one.left > 0) return
    open.delete(order)
    onResult(resultOf(order, one.outcomes))
  }
  const work = async (): Promise<void> => {
    const child = fork(join(import.meta.dirname, 'worker.ts'), [], {
      execArgv: ['--import', 'tsx', '--no-warnings'],
    })
    const died = once(child, 'exit').then(() => Promise.reject(new Error('a process of the bench ended')))
    died.catch(() => {}) // It is told to end below.
    for (let chunk = queue.shift(); chunk; chunk = queue.shift()) {
      const answered = once(child, 'message')
      child.send(chunk.job)
      const [done] = (await Promise.race([answered, died])) as [Done]
      take(chunk, done)
    }
    child.disconnect()
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
}

interface Chunk {
  order: Order
  job: Job
}

function chunksOf(order: Order, seed: number): Chunk[] {
  const { cell, rules, runs } = order
  const starts = Array.from({ length: Math.ceil(runs / CHUNK) }, (_, index) => index * CHUNK)
  return starts.map((start) => {
    const count = Math.min(CHUNK, runs - start)
    const seeds = Array.from({ length: count }, (_, index) => seedOf(seed, cell.name, start + index))
    return { order, job: { world: cell.world, rules, seeds } }
  })
}

/** A seed for each rollout of each cell, whatever else is played (FNV-1a, 32 bits). */
function seedOf(seed: number, name: string, run: number): number {
  let hash = 0x811c9dc5
  for (const char of `${seed} ${name} ${run}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
  return hash >>> 0
}

function resultOf({ cell, rules }: Order, outcomes: readonly Outcome[][]): Result {
  const onsetMs = cell.world.fault?.fromMs ?? 0
  const of = (index: number): Tally =>
    tally(
      outcomes.map((run) => run[index]!),
      onsetMs,
    )
  return { cell, tallies: Object.fromEntries(rules.map((rule, index) => [rule, of(index)])) }
}
