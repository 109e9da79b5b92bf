import { randomInt } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BARS, lookInto, ordersFor, SHOWN, type Measured } from './judge/bars'
import { measureCost } from './judge/cost'
import { playAll, type Order, type Result } from './judge/farm'
import { allAsCsv, judgesPage, plotsOf } from './judge/page'
import { RULES, type RuleName } from './judge/rules'
import { allCells, isBeyondMargin, timedCells } from './judge/scenarios'
import { quantileMs } from './judge/statistics'
import { tableOf } from './judge/table'
import { seconds } from './judge/text'

/*
 * What our judge makes of simulated rollouts, and what others make of the same ones.
 * npm run bench:judge -- --check [--runs 1000]: named cells against the bars; fails where one is missed
 * npm run bench:judge -- --full [--runs 200] --out FOLDER: all cells, an hour for 200 runs; writes their tables (judges.md), plots
 *   and a line for each cell and rule (judges.csv)
 * npm run bench:judge -- --only PATTERN [--runs 200]: the cells whose names match
 * --seed N plays the same rollouts again.
 */
const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    out: { type: 'string' },
  },
})
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const allRules = Object.keys(RULES) as RuleName[]

console.log(`seed ${seed}`)
if (values.check) await check(Number(values.runs ?? 1000))
else if (values.full) await writeAll(Number(values.runs ?? 200))
else if (values.only !== undefined) await compare(Number(values.runs ?? 200))
else throw new Error('give --check, --full, or --only PATTERN')

async function check(runs: number): Promise<void> {
  const orders = ordersFor(BARS, runs)
  console.log(`${orders.length} cells, ${runs} rollouts each`)
  const look = lookInto(await resultsOf(orders))
  for (const { name, measure } of BARS) tell(name, measure(look))
  const { cpu, memory } = measureCost()
  tell('CPU per sample under 0.1 ms', cpu)
  tell('memory flat over six hours', memory)
  for (const { cell, rule } of SHOWN) {
    const tally = look(cell, rule)
    const { times } = tally
    const when = isBeyondMargin(cell.world) ? `, the median after ${seconds(quantileMs(tally, 0.5))}` : ''
    console.log(`no bar  ${cell.name}: ${times.length} of ${runs} taken back${when}`)
  }
}

function tell(name: string, { isMet, found }: Measured): void {
  console.log(`${isMet ? 'met   ' : 'MISSED'}  ${name}: ${found}`)
  if (!isMet) process.exitCode = 1
}

async function compare(runs: number): Promise<void> {
  const pattern = new RegExp(values.only ?? '', 'i')
  const cells = [...allCells(), ...timedCells()].filter(({ name }) => pattern.test(name))
  const table = tableOf(await resultsOf(cells.map((cell) => ({ cell, runs, rules: allRules }))))
  console.log(`${runs} rollouts of each cell, seed ${seed}.\n\n${table}`)
}

/** All that docs/judges.md shows, but for its words. */
async function writeAll(runs: number): Promise<void> {
  const { out } = values
  if (out === undefined) throw new Error('give --out FOLDER')
  const untimed = allRules.filter((rule) => rule !== 'sequential, latency')
  const orders: Order[] = [
    ...allCells().map((cell) => ({ cell, runs, rules: untimed })),
    ...timedCells().map((cell): Order => ({ cell, runs, rules: ['sequential, latency'] })),
  ]
  const played = { runs, seed, results: await resultsOf(orders) }
  await mkdir(out, { recursive: true })
  const files = { 'judges.md': judgesPage(played), 'judges.csv': allAsCsv(played), ...plotsOf(played) }
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text)
}

/** In the order of what was asked for; whoever watches sees how far it is. */
async function resultsOf(orders: readonly Order[]): Promise<Result[]> {
  const results = new Map<string, Result>()
  await playAll(orders, seed, (result) => {
    results.set(result.cell.name, result)
    if (process.stderr.isTTY) process.stderr.write(`\r${results.size} of ${orders.length} cells `)
  })
  return orders.map(({ cell }) => results.get(cell.name)!)
}
